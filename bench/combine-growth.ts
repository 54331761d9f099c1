// Strength 2, 4 values, 10 to 1,000 parameters: rows, time and memory against the number of pairs of values.
// node bench/combine-growth.ts [--fast]
import { spawnSync } from 'node:child_process'
import { combineNow } from '../src/combine/combine.ts'
import type { Model } from '../src/combine/model.ts'

const [only, flag] = process.argv.slice(2)
const sizes = [10, 20, 50, 100, 200, 500, 1_000]

if (only !== undefined && !only.startsWith('--')) measure(Number(only), flag === '--fast')
else {
  console.log('parameters   pairs of values   rows   milliseconds   peak MB   ns per pair')
  for (const size of sizes) {
    const command = [import.meta.filename, String(size), ...(only === undefined ? [] : [only])]
    process.stdout.write(spawnSync(process.execPath, command, { encoding: 'utf8' }).stdout)
  }
}

function measure(size: number, fast: boolean): void {
  const values = ['a', 'b', 'c', 'd'].map((text) => ({ text, aliases: [], negative: false, weight: 1 }))
  const parameters = Array.from({ length: size }, (_, p) => ({ name: `p${p}`, numeric: false, values }))
  const model: Model = { parameters, subModels: [], constraints: [], caseSensitive: false }
  const start = performance.now()
  const { rows, tuples } = combineNow(model, { fast })
  const ms = performance.now() - start
  const peakMb = process.resourceUsage().maxRSS / 1024
  console.log(
    [
      String(size).padStart(10),
      String(tuples.covered).padStart(17),
      String(rows.length).padStart(6),
      ms.toFixed(0).padStart(14),
      peakMb.toFixed(0).padStart(9),
      ((ms * 1e6) / tuples.covered).toFixed(0).padStart(13),
    ].join(' '),
  )
}
