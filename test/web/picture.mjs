// Draws docs/dashboard.png, the overview over real data: node picture.mjs [RUNG]
import { join } from 'node:path'
import { TOP, open_all } from './fixture.mjs'

const { browser, stage } = await open_all()
const page = await browser.page(stage.url, {
  viewport: { width: 1280, height: 960 },
  colorScheme: 'dark',
})
await page.goto('/')
await page.getByText('Success per rung').waitFor()
await page.getByText('settled at').first().waitFor()
await page.screenshot({ path: join(TOP, 'docs/dashboard.png') })
await Promise.all([browser.close(), stage.close()])
