/**
 * Lines and branches of src/engine that its tests never run, those of the distributed form among them where a database
 * is there. The tests run on Node's own modules, where removing types moves nothing, so the ranges that V8 counts are
 * places in the sources. Run: node scripts/engine-coverage.mjs. Names of files leave the others out:
 * node scripts/engine-coverage.mjs src/engine/run.ts
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { stripTypeScriptTypes } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = resolve(import.meta.dirname, '..')
const room = join(root, 'src/engine')
const chosen = process.argv.slice(2).map((file) => resolve(root, file))
const sources = readdirSync(room)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => join(room, name))
  .filter((file) => chosen.length === 0 || chosen.includes(file))

const include = ['src/engine/**/*.test.ts', 'tests/contract/queue.test.ts', 'tests/e2e/distributed.test.ts']

/** One JSON file for each test file, in a folder that is removed afterwards. */
function collect() {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-coverage-'))
  const setup = join(folder, 'setup.mjs')
  const config = join(folder, 'vitest.config.mjs')
  const vitest = pathToFileURL(join(root, 'node_modules/vitest/dist/index.js'))
  writeFileSync(
    setup,
    `import { takeCoverage } from 'node:v8'\nimport { afterAll } from '${vitest}'\nafterAll(() => takeCoverage())\n`,
  )
  const test = { root, include, setupFiles: [setup], testTimeout: 600_000, maxWorkers: 2 }
  const native = { pool: 'forks', experimental: { viteModuleRunner: false } }
  writeFileSync(
    config,
    `export default { root: ${JSON.stringify(root)}, test: ${JSON.stringify({ ...test, ...native })} }\n`,
  )
  try {
    const done = spawnSync(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', config],
      { cwd: root, stdio: 'inherit', env: { ...process.env, NODE_V8_COVERAGE: join(folder, 'v8') } },
    )
    const reports = readdirSync(join(folder, 'v8')).map((name) => readFileSync(join(folder, 'v8', name), 'utf8'))
    return { code: done.status ?? 1, scripts: reports.flatMap((text) => JSON.parse(text).result) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Which characters of a source were run in one process: an inner range overrides what is around it. */
function runIn(script, length) {
  const isRun = new Uint8Array(length)
  const ranges = script.functions.flatMap(({ ranges }) => ranges)
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset)
  for (const { startOffset, endOffset, count } of ranges) isRun.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  return isRun
}

/** The stretches that no process has run, as line numbers and text. */
function missed(file, scripts) {
  const text = readFileSync(file, 'utf8')
  const isRun = new Uint8Array(text.length)
  const url = pathToFileURL(file).href
  for (const script of scripts.filter((each) => each.url.split('?')[0] === url)) {
    for (const [index, value] of runIn(script, text.length).entries()) isRun[index] |= value
  }
  const found = []
  for (let index = 0; index < text.length; index++) {
    if (isRun[index] === 1) continue
    let end = index
    while (end < text.length && isRun[end] === 0) end++
    const piece = text.slice(index, end)
    if (/[\w()]/.test(piece))
      found.push({ line: text.slice(0, index).split('\n').length, piece: piece.trim().split('\n')[0] })
    index = end
  }
  return found
}

/** Whether anything is left of a source without its types. */
function hasCode(file) {
  const plain = stripTypeScriptTypes(readFileSync(file, 'utf8')).replaceAll(/\/\*.*?\*\/|\/\/.*$|^import .*$/gms, '')
  return plain.trim() !== ''
}

const { code, scripts } = collect()
let count = 0
for (const file of sources.filter(hasCode)) {
  for (const { line, piece } of missed(file, scripts)) {
    count++
    console.log(`${relative(root, file)}:${line}: ${piece}`)
  }
}
console.log(count === 0 ? 'every line and branch was run' : `${count} stretches were never run`)
process.exitCode = code === 0 && count === 0 ? 0 : 1
