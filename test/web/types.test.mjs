// The components use types as they are declared.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HERE, TOP, skip } from './fixture.mjs'

const check = join(HERE, 'node_modules/.bin/svelte-check')
if (!existsSync(check)) skip('types were not checked: npm ci in test/web installs svelte-check')
if (!existsSync(join(TOP, 'web/node_modules')))
  skip('types were not checked: npm ci in web installs what the dashboard stands on')

test('svelte-check finds nothing', () => {
  const done = spawnSync(check, ['--workspace', join(TOP, 'web'), '--tsconfig', './tsconfig.json'], {
    encoding: 'utf8',
  })
  assert.equal(done.status, 0, done.stdout)
})
