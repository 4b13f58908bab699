// The components use types as they are declared, and the declarations hold for what the server
// says of itself in /openapi.json.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { HERE, TOP, need, open_stage, skip } from './fixture.mjs'

const { default: describe, astToString } = await need('openapi-typescript')
if (!existsSync(join(TOP, 'web/node_modules')))
  skip('types were not checked: npm ci in web installs what the dashboard stands on')

const ANSWERS = {
  Summary: 'get /api/routing/summary',
  Series: 'get /api/routing/series',
  Calibration: 'get /api/routing/calibration',
  Validation: 'get /api/routing/validation',
  'Experiment[]': 'get /api/routing/experiments',
  Story: 'get /api/routing/experiments/{id}',
  TriedDecision: 'post /api/routing/decide',
  Replay: 'post /api/routing/replay',
  Policy: 'get /api/policy',
  PolicyCheck: 'post /api/policy/check',
  'Run[]': 'get /api/runs',
  RunStory: 'get /api/runs/{id}',
}

function run(name, ...words) {
  const done = spawnSync(join(HERE, 'node_modules/.bin', name), words, { encoding: 'utf8' })
  assert.equal(done.status, 0, done.stdout)
}

/** One line a type: it does not compile where the server may answer what the type does not allow. */
function claims() {
  const lines = Object.entries(ANSWERS).map(([type, answer]) => {
    const [method, path] = answer.split(' ')
    const ours = type.replace(/^\w+/, (name) => `ours.${name}`)
    return `export type C${method}${path.replace(/\W+/g, '_')} = Holds<Said<'${path}', '${method}'>, ${ours}>`
  })
  return `import type { paths } from './said'
import type * as ours from '${join(TOP, 'web/src/lib/types')}'
type Said<P extends keyof paths, M extends 'get' | 'post'> =
  paths[P] extends Record<M, { responses: { 200: { content: { 'application/json': { data: infer D } } } } }> ? D : never
type Holds<Theirs extends Ours, Ours> = Theirs
${lines.join('\n')}
`
}

test('svelte-check finds nothing', () =>
  run('svelte-check', '--workspace', join(TOP, 'web'), '--tsconfig', './tsconfig.json'))

test('the types hold for what the server says of itself', async () => {
  const stage = await open_stage()
  const folder = await mkdtemp(join(tmpdir(), 'rung-types-'))
  try {
    const said = await (await fetch(`${stage.url}/openapi.json`)).json()
    for (const answer of Object.values(ANSWERS)) {
      const [method, path] = answer.split(' ')
      assert.ok(said.paths[path]?.[method], `${answer} is described`)
    }
    const types = await describe(said, { arrayLength: true })
    await writeFile(join(folder, 'said.d.ts'), astToString(types))
    await writeFile(join(folder, 'claims.ts'), claims())
    const strict = ['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2022']
    run('tsc', ...strict, '--moduleResolution', 'bundler', '--module', 'esnext', join(folder, 'claims.ts'))
  } finally {
    await rm(folder, { recursive: true })
    await stage.close()
  }
})
