import { readFileSync } from 'node:fs'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

const server = process.env.RUNG_SERVE ?? 'http://127.0.0.1:7864'

/** The terms of what goes into the page, as /assets/licences.txt. */
function licences() {
  const parts = {
    Svelte: 'svelte/LICENSE.md',
    uPlot: 'uplot/LICENSE',
    'Stack Sans': '@fontsource-variable/stack-sans-text/LICENSE',
  }
  const read = (path) => readFileSync(new URL(`node_modules/${path}`, import.meta.url), 'utf8')
  const source = () =>
    Object.entries(parts)
      .map(([name, path]) => `${name}\n\n${read(path)}`)
      .join('\n\n')
  return {
    name: 'licences',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'assets/licences.txt', source: source() })
    },
  }
}

export default defineConfig({
  plugins: [svelte(), licences()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // every byte from a file: the page's security policy allows nothing else
    modulePreload: { polyfill: false },
  },
  // `npm run dev` shows the data of a running `rung serve`.
  server: {
    proxy: Object.fromEntries(
      ['/api', '/login', '/healthz', '/openapi.json'].map((path) => [
        path,
        { target: server, changeOrigin: true, headers: { origin: server } },
      ]),
    ),
  },
})
