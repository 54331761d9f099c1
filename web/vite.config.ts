import { statSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import react from '@vitejs/plugin-react'
import { IntlMessageFormat } from 'intl-messageformat'
import { defineConfig } from 'vite'
import type { Plugin } from 'vite'

const here = fileURLToPath(new URL('.', import.meta.url))
const prefix = 'virtual:messages/'

/** Gives each language its own module, with messages parsed at build time: the parser stays out of the page. */
function messages(): Plugin {
  return {
    name: 'greenloop-messages',
    resolveId: { filter: { id: /^virtual:messages\// }, handler: (id) => `\0${id}` },
    load: {
      filter: { id: /^\0virtual:messages\// },
      async handler(id) {
        const language = id.slice(prefix.length + 1)
        const index = `${here}src/messages/index.ts`
        this.addWatchFile(index)
        const { allMessages } = (await import(`${pathToFileURL(index).href}?${statSync(index).mtimeMs}`)) as {
          allMessages: Readonly<Record<string, Readonly<Record<string, string>>>>
        }
        const texts = Object.entries(allMessages[language] ?? {}).map(([key, text]) => [
          key,
          /[{<']/.test(text) ? IntlMessageFormat.__parse?.(text, { ignoreTag: true }) : text,
        ])
        return `export const texts = JSON.parse(${JSON.stringify(JSON.stringify(Object.fromEntries(texts)))})`
      },
    },
  }
}

export default defineConfig({
  root: here,
  base: '/',
  plugins: [react(), messages()],
  resolve: {
    alias: [
      {
        find: /^@formatjs\/icu-messageformat-parser$/,
        replacement: '@formatjs/icu-messageformat-parser/no-parser.js',
      },
    ],
  },
  build: {
    outDir: `${here}../dist/web`,
    emptyOutDir: true,
    target: 'es2023',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: true,
    reportCompressedSize: false,
  },
})
