// What the dashboard's tests share: where they are, and how they skip.
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const HERE = dirname(fileURLToPath(import.meta.url))
export const TOP = resolve(HERE, '../..')
const SKIPPED = 77 // what meson takes for a skip

export function skip(why) {
  console.log(`SKIP: ${why}`)
  process.exit(SKIPPED)
}
