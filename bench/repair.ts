/**
 * Every case of tests/fixtures/repair with every scenario, on a test GitLab whose jobs really run: does each right patch end green and
 * each cheat not, is anything made twice, and how much time goes beyond that of the pipelines.
 * Run: npm run bench:repair [case …] (all unless named), with WIDTH=2 scenarios at a time in the environment.
 */
import { checkOutcome } from '../tests/support/repair-checks.ts'
import { openLab, repairCases } from '../tests/support/repair-lab.ts'
import type { RepairCase, RepairScenario } from '../tests/support/repair-lab.ts'
import { median } from './side-by-side.ts'

const width = Number(process.env['WIDTH'] ?? 2)
const wanted = process.argv.slice(2)
const cases = (await repairCases()).filter(({ name }) => wanted.length === 0 || wanted.includes(name))
const work = cases.flatMap((found) => found.scenarios.map((scenario) => ({ found, scenario })))
const overheads: number[] = []
const problems: string[] = []
let green = 0
let falseGreen = 0

await using lab = await openLab({ concurrentJobs: width * 2 })
console.log(`${cases.length} projects, ${work.length} scenarios, ${width} at a time\n`)
const queue = work.values()
await Promise.all(Array.from({ length: width }, drain))

console.log(`
ended as they should  ${work.length - new Set(problems.map((line) => line.split(':', 1)[0])).size} of ${work.length}
green                 ${green}
false green           ${falseGreen}
beyond the pipelines  median ${median(overheads).toFixed(2)} s a round, most ${Math.max(...overheads).toFixed(2)} s`)
for (const problem of problems) console.log(`  ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1

async function drain(): Promise<void> {
  for (const { found, scenario } of queue) await one(found, scenario)
}

async function one(found: RepairCase, scenario: RepairScenario): Promise<void> {
  const name = `${found.name}/${scenario.name}`
  try {
    const outcome = await lab.run(found, scenario)
    const { result, wallMs, pipelineMs } = outcome
    const rounds = result.state.rounds.length + 1
    const overhead = (wallMs - pipelineMs) / 1000 / rounds
    overheads.push(overhead)
    if (result.end === 'succeeded') green++
    if (result.end === 'succeeded' && scenario.end !== 'succeeded') falseGreen++
    const found_ = checkOutcome(outcome, { found, scenario, token: lab.token })
    problems.push(...found_.map((problem) => `${name}: ${problem}`))
    const told = `${result.end}, ${rounds - 1} rounds, ${(wallMs / 1000).toFixed(1)} s, beyond ${overhead.toFixed(2)} s a round`
    console.log(`${found_.length === 0 ? 'ok  ' : 'BAD '} ${name.padEnd(48)} ${told}`)
  } catch (error) {
    problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    console.log(`BAD  ${name.padEnd(48)} ${String(error)}`)
  }
}
