// Every page with real data, at three widths, dark and light: whole, accessible, quick and inert.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { after, test } from 'node:test'
import { need, open_all } from './fixture.mjs'

await need('axe-core')
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const { browser, stage } = await open_all()
after(() => Promise.all([browser.close(), stage.close()]))

const PAGES = {
  overview: '/',
  dashboard: '/experiments/routing-dashboard',
  experiments: '/experiments',
  story: '/experiments/exp_hostile',
  routing: '/routing',
  swarm: '/swarm',
  try: '/try',
}
const WIDTHS = [390, 820, 1600]
const SCHEMES = ['dark', 'light']

async function settled(page) {
  await page.waitForFunction(
    () => document.querySelector('main section') && !document.querySelector('main [role=status]'),
  )
}

/** Findings of axe that keep people out. Through the debugger: the page's policy allows no eval. */
async function serious(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: axe })
  const violations = await page.evaluate(async () => (await window.axe.run()).violations)
  return violations
    .filter((found) => ['serious', 'critical'].includes(found.impact))
    .map((found) => `${found.id}: ${found.nodes[0].html}`)
}

for (const [name, path] of Object.entries(PAGES))
  test(`${name} is whole and accessible`, async () => {
    for (const colorScheme of SCHEMES)
      for (const width of WIDTHS) {
        const where = `${name}, ${width} px, ${colorScheme}`
        const page = await browser.page(stage.url, { viewport: { width, height: 900 }, colorScheme })
        await page.goto(path)
        await settled(page)
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert.ok(beyond <= 0, `${where}: ${beyond} px lie beyond the window`)
        if (width !== 820) assert.deepEqual(await serious(page), [], where)
        assert.deepEqual(page.wrongs, [], where)
        await page.leave()
      }
  })

// A figure, not a limit: how fast it is here is this machine's load as well as the page's.
test('the first page can be used', async (context) => {
  let fastest_ms = Infinity
  for (let i = 0; i < 3; i++) {
    const page = await browser.page(stage.url)
    const began = performance.now()
    await page.goto('/')
    await page.getByText('Success per rung').waitFor()
    fastest_ms = Math.min(fastest_ms, performance.now() - began)
    await page.leave()
  }
  context.diagnostic(`after ${fastest_ms.toFixed(0)} ms, the fastest of three`)
})

test('foreign text is text, whatever it contains', async () => {
  const page = await browser.page(stage.url)
  await page.goto('/experiments/exp_hostile')
  await page.getByRole('heading', { name: '<img src=x onerror=alert(1)>' }).waitFor()
  const text = await page.locator('main').innerText()
  assert.ok(text.includes('<script>alert(2)</script>'), 'a script of the task is shown as text')
  assert.ok(text.includes('^[[2J'), 'an escape is shown, not obeyed')
  assert.ok(text.includes('⟨U+202E⟩'), 'a sign that turns text around is shown by its number')
  assert.ok(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/.test(text), 'no control character')
  const made = await page.locator('main img, main script').count()
  assert.equal(made, 0, 'no element came out of text')
  assert.deepEqual(page.wrongs, [])
  await page.leave()
})

test('what is assumed looks and reads assumed', async () => {
  const page = await browser.page(stage.url)
  await page.goto('/experiments?text=Create+visualization+component')
  const row = page.getByRole('row', { name: 'Create visualization component' }).first()
  await row.getByText('assumed').waitFor({ state: 'attached' })
  assert.match(await row.innerText(), /~/)
  await page.leave()
})
