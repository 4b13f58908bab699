// What people do with the pages: look on live, filter, try, stop a run, go by keyboard.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { open_all } from './fixture.mjs'

const { browser, stage } = await open_all()
after(() => Promise.all([browser.close(), stage.close()]))

async function on(path, work, options) {
  const page = await browser.page(stage.url, options)
  await page.goto(path)
  await work(page)
  await page.leave()
}

test('a row that another process logs appears within a second', () =>
  on('/experiments', async (page) => {
    await page.getByText('live', { exact: true }).waitFor()
    await page.evaluate(() => (window.same = true))
    const title = `Logged beside at ${Date.now()}`
    const shown = page.getByRole('link', { name: title }).waitFor()
    await stage.rung('route', '--record', title)
    const began = performance.now()
    await shown
    const took_ms = performance.now() - began
    assert.ok(took_ms < 1000, `it took ${took_ms.toFixed(0)} ms`)
    assert.ok(await page.evaluate(() => window.same), 'without a reload')
  }))

test('a page that was hidden goes on where it stopped', () =>
  on('/experiments', async (page) => {
    await page.getByText('live', { exact: true }).waitFor()
    const hide = (hidden) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      }, hidden)
    await hide(true)
    await stage.rung('route', '--record', 'Decided while nobody looked')
    await hide(false)
    await page.getByRole('link', { name: 'Decided while nobody looked' }).waitFor({ timeout: 2000 })
  }))

test('filters are in the address, and older rows follow', () =>
  on('/experiments', async (page) => {
    await page.getByRole('combobox', { name: 'Rung' }).selectOption('opus')
    await page.waitForURL('**/experiments?rung=opus')
    await page.getByRole('combobox', { name: 'Outcome' }).selectOption('failed')
    await page.waitForURL('**/experiments?rung=opus&outcome=failed')
    await page.goto('/experiments?outcome=accepted')
    assert.equal(await page.getByRole('combobox', { name: 'Outcome' }).inputValue(), 'accepted')
    const rows = page.locator('tbody tr')
    await rows.nth(49).waitFor()
    await page.getByRole('button', { name: 'Older' }).click()
    await rows.nth(99).waitFor()
    const links = await rows.locator('th a').evaluateAll((all) => all.map((a) => a.href))
    assert.equal(new Set(links).size, links.length, 'no row twice')
    await page.getByRole('searchbox').fill('no task is called this')
    await page.getByText('No experiment passes').waitFor()
  }))

test('a task is decided as it is typed', () =>
  on('/try', async (page) => {
    const decision = page.getByRole('region', { name: 'The decision' })
    await page.getByLabel('Title').fill('Fix typo in README')
    await decision.getByText('is work for haiku').waitFor()
    await page.getByLabel('Labels').fill('complexity:complex')
    await decision.getByText('complexity:complex').waitFor()
    assert.match(await decision.innerText(), /^.*\n+ *opus/)
  }))

test('a copy of the policy shows its mistakes, and what would move', () =>
  on('/try', async (page) => {
    const copy = page.getByRole('textbox', { name: 'Copy of the policy' })
    const sound = await copy.inputValue()
    await copy.fill(sound.replace('default: sonnet', 'default: sonnet\nbogus: 1'))
    const line = sound.split('\n').indexOf('default: sonnet') + 2
    await page.getByRole('button', { name: `${line}:1`, exact: true }).waitFor()
    await copy.fill(sound.replace('default: sonnet', 'default: haiku'))
    const moves = page.getByRole('region', { name: 'What would move' })
    await moves.getByText('would start elsewhere').waitFor()
    assert.ok((await moves.getByRole('link').count()) > 0, 'the tasks are named')
    await page.getByRole('button', { name: 'Back to the file' }).click()
    assert.equal(await copy.inputValue(), sound)
  }))

test('a swarm is followed, and stopped by who may', () =>
  on('/swarm', async (page) => {
    stage.beside('swarm', '--file', stage.tasks, '--jobs', '2', '--stop-after', '0')
    await page.getByText('Running now').waitFor()
    await page.getByRole('row').filter({ hasText: 'accepted' }).first().waitFor()
    const stop = page.getByRole('button', { name: '■ Stop all' })
    await stop.click()
    await page.getByRole('alert').getByText('/login?code=').waitFor()
    await page.goto(stage.login)
    await page.goto('/swarm')
    await page.getByRole('button', { name: 'Stop Mend module 23' }).click()
    await page.getByText('Task 24 was asked to stop').waitFor()
    await stop.click()
    await page.getByText('The run was asked to stop').waitFor()
    await stop.waitFor({ state: 'detached' })
    const [run] = (await (await fetch(`${stage.url}/api/runs`)).json()).data
    assert.ok(run.stopped > 0, 'what was not begun is not begun any more')
    await page.getByRole('row').filter({ hasText: 'accepted' }).getByRole('link').first().click()
    const attempts = page.getByRole('region', { name: 'Attempts' })
    await attempts.getByText('tests').first().waitFor()
    assert.match(await attempts.innerText(), /\$0\.\d+/, 'the story has its gates and its dollars')
  }))

test('everything is at hand without a mouse', () =>
  on('/', async (page) => {
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'main', 'the skip link')
    await page.keyboard.type('gr')
    await page.waitForURL('**/routing')
    await page.keyboard.press('/')
    await page.waitForURL('**/experiments')
    await page.waitForFunction(() => document.activeElement?.type === 'search')
    await page.keyboard.type('gs')
    assert.ok(page.url().includes('/experiments'), 'letters that are typed lead nowhere')
  }))

test('the theme that was chosen stays, motion that is not wanted rests', () =>
  on(
    '/',
    async (page) => {
      const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
      assert.equal(await ground(), 'rgb(0, 0, 0)')
      await page.getByLabel('Theme').selectOption('light')
      assert.equal(await ground(), 'rgb(255, 255, 255)')
      await page.reload()
      await page.getByText('Success per rung').waitFor()
      assert.equal(await ground(), 'rgb(255, 255, 255)')
      const moment = await page.evaluate(() =>
        getComputedStyle(document.documentElement).getPropertyValue('--moment'),
      )
      assert.equal(Number.parseFloat(moment), 0)
    },
    { colorScheme: 'dark', reducedMotion: 'reduce' },
  ))

test('a story that is not there is said to be missing', () =>
  on('/experiments/exp_none', async (page) => {
    await page.getByRole('alert').waitFor()
  }))
