// A stage with real data, `rung serve` over it, and a browser; or the sentence why not.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const HERE = dirname(fileURLToPath(import.meta.url))
export const TOP = resolve(HERE, '../..')
const PATIENCE_MS = 10_000
const SKIPPED = 77 // what meson takes for a skip

export function skip(why) {
  console.log(`SKIP: ${why}`)
  process.exit(SKIPPED)
}

/** A package of test/web/package.json, or a skip. */
export async function need(name) {
  return import(name).catch(() =>
    skip(`the dashboard was not tried: ${name} is missing; npm ci in test/web installs it`),
  )
}

function chromium_path() {
  const folders = (process.env.PATH ?? '').split(':')
  const found = folders.map((folder) => join(folder, 'chromium')).find(existsSync)
  return found ?? skip('the dashboard was not tried: chromium is missing; apt-get install chromium')
}

function rung_path() {
  const path = process.argv[2] ?? join(TOP, 'build/rung')
  if (!existsSync(path)) throw new Error(`no rung at ${path}`)
  return path
}

/** Runs stage.py, which see. */
export async function open_stage() {
  const child = spawn('python3', [join(HERE, 'stage.py'), rung_path()], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const read = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error('the stage ended')
    return JSON.parse(value)
  }
  const addresses = await read()
  return {
    ...addresses,
    /** One `rung` command in the stage's repository, to its end. */
    async rung(...words) {
      child.stdin.write(JSON.stringify(words) + '\n')
      const done = await read()
      if (done.status !== 0) throw new Error(`rung ${words.join(' ')}: ${done.out}`)
      return done.out
    },
    beside: (...words) => child.stdin.write(JSON.stringify(['&', ...words]) + '\n'),
    close: () =>
      new Promise((ended) => {
        child.on('exit', ended)
        child.stdin.end()
      }),
  }
}

/** Debian's Chromium, and pages that keep an account of what they should not have done. */
async function open_browser() {
  const { chromium } = await need('playwright-core')
  const browser = await chromium.launch({ executablePath: chromium_path() })
  return {
    close: () => browser.close(),
    async page(url, options = {}) {
      const context = await browser.newContext({ baseURL: url, ...options })
      context.setDefaultTimeout(PATIENCE_MS)
      const page = await context.newPage()
      const wrongs = []
      page.on('pageerror', (error) => wrongs.push(`threw ${error.message}`))
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) wrongs.push(message.text())
      })
      page.on('dialog', (dialog) => {
        wrongs.push(`a dialog said ${dialog.message()}`)
        dialog.dismiss()
      })
      page.on('request', (request) => {
        if (!request.url().startsWith(url)) wrongs.push(`asked ${request.url()}`)
      })
      return Object.assign(page, { wrongs, leave: () => context.close() })
    },
  }
}

/** Both, or a skip where the server was built without the dashboard. */
export async function open_all() {
  const browser = await open_browser()
  const stage = await open_stage()
  const home = await (await fetch(stage.url)).text()
  if (!home.includes('/assets/')) {
    await Promise.all([stage.close(), browser.close()])
    skip('the dashboard was not tried: it is not built in; make web && make builds it')
  }
  return { browser, stage }
}
