import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

/** Static files for `/dashboard`. Everything is a file of its own: the page's policy allows nothing inline. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/dashboard/',
  publicDir: false,
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    target: ['chrome116', 'firefox124', 'safari17.4'],
    reportCompressedSize: false,
  },
})
