import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

const server = process.env.RUNG_SERVE ?? 'http://127.0.0.1:7864'

export default defineConfig({
  plugins: [svelte()],
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
