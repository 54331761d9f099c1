// Builds the page into dist/web and says what a browser loads before it shows something.
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
const place = `${root}dist/web`
// A server that starts at this moment finds the old page or the new one, never half of it.
const out = `${root}dist/web-${process.pid}`
/** Bytes after gzip that a page may load before the editor. */
const limit = 200 * 1024

// Tests set another one, with which React comes with all its checks.
process.env.NODE_ENV = 'production'
await build({ configFile: `${root}web/vite.config.ts`, logLevel: 'warn', build: { outDir: out } })

const manifest = JSON.parse(readFileSync(`${out}/.vite/manifest.json`, 'utf8'))
const sizes = new Map()
const core = filesOf(new Set(), 'index.html')
const language = largest((key) => key.includes('virtual:messages'))
const page = largest((key) => key.startsWith('src/pages/'))
const whole = sum([...core, ...language, ...page])
console.log(`page: ${kib(sum(core))} core, ${kib(whole)} with the largest page and language`)
if (whole > limit) {
  console.error(`the page is larger than ${kib(limit)}: ${[...core, ...language, ...page].join(', ')}`)
  process.exitCode = 1
}
rmSync(`${out}/.vite`, { recursive: true })
mkdirSync(`${root}dist`, { recursive: true })
rmSync(place, { recursive: true, force: true })
renameSync(out, place)

/** Files that are loaded with an entry, without those that are loaded later. */
function filesOf(found, key) {
  const entry = manifest[key]
  if (found.has(entry.file)) return found
  found.add(entry.file)
  for (const file of entry.css ?? []) found.add(file)
  for (const each of entry.imports ?? []) filesOf(found, each)
  return found
}

/** Of the parts whose key fits, the files of the largest, without those of the core. */
function largest(fits) {
  const sets = Object.keys(manifest)
    .filter((key) => fits(key))
    .map((key) => [...filesOf(new Set(), key)].filter((file) => !core.has(file)))
  return sets.toSorted((a, b) => sum(b) - sum(a))[0] ?? []
}

function sum(files) {
  return [...files].reduce((total, file) => total + sizeOf(file), 0)
}

/** Bytes after gzip. */
function sizeOf(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(`${out}/${file}`), { level: 9 }).length)
  return sizes.get(file)
}

function kib(bytes) {
  return `${(bytes / 1024).toFixed(1)} KiB`
}
