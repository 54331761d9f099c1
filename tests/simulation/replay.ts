import { inspect } from 'node:util'
import { printEntry } from './log.ts'
import { explain, fingerprint, judge } from './oracle.ts'
import { simulate } from './simulate.ts'
import { createWorld } from './world.ts'

const [, , text = ''] = process.argv
const seed = Number(text)
if (text === '' || !Number.isSafeInteger(seed) || seed < 0) {
  console.error('usage: node tests/simulation/replay.ts SEED')
  process.exit(2)
}

const world = createWorld(seed)
console.log(inspect({ ...world, task: undefined }, { depth: 6 }))
const simulation = await simulate(world)
for (const [number, { log }] of simulation.lives.entries()) {
  console.log(`\nlife ${number + 1}`)
  for (const entry of log) console.log(printEntry(entry))
}
console.log(`\nfingerprint ${fingerprint(simulation)}`)
const findings = judge(simulation)
for (const finding of findings) console.log(`\n${explain(simulation, finding)}`)
console.log(findings.length === 0 ? 'every invariant holds' : `${findings.length} breaches`)
process.exitCode = findings.length === 0 ? 0 : 1
