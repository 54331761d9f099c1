import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkOutcome } from '../support/repair-checks.ts'
import { openLab, repairCases } from '../support/repair-lab.ts'
import type { RepairLab } from '../support/repair-lab.ts'

/** One of each kind; `npm run bench:repair` runs all of them. */
const chosen = [
  ['two-rounds', 'repairs one after the other'],
  ['ledger', 'cheats at first and then repairs'],
  ['money', 'answers with JSON, then with what is cut off, then with whole files'],
  ['flaky-orders', 'runs the job again and asks no model'],
  ['geometry', 'deletes the test, which is opened'],
  ['wrong-options', 'leaves tests out by the options, which are opened'],
  ['retry', 'says that the test is at fault'],
] as const

let lab: RepairLab
beforeAll(async () => {
  lab = await openLab({ concurrentJobs: 2 })
})
afterAll(() => lab[Symbol.asyncDispose]())

describe('a project with a seeded fault', async () => {
  const cases = await repairCases()

  it.each(chosen)('%s: %s', { timeout: 180_000 }, async (name, scenarioName) => {
    const found = cases.find((each) => each.name === name)
    const scenario = found?.scenarios.find((each) => each.name === scenarioName)
    if (found === undefined || scenario === undefined) throw new Error('there is no such case')
    const outcome = await lab.run(found, scenario)
    expect(checkOutcome(outcome, { found, scenario, token: lab.token })).toEqual([])
  })

  it('of every kind has a right patch, and the ways to cheat are many', () => {
    const scenarios = cases.flatMap((found) => found.scenarios)
    expect(cases.length).toBeGreaterThanOrEqual(20)
    expect(new Set(cases.map(({ fault }) => fault)).size).toBeGreaterThanOrEqual(9)
    for (const { name, scenarios: own } of cases) {
      expect(
        own.some(({ end }) => end === 'succeeded' || end === 'gave_up'),
        name,
      ).toBe(true)
    }
    const refused = new Set(
      scenarios.filter(({ end }) => end === 'guard_rejected').flatMap(({ findings = [] }) => findings),
    )
    expect(refused.size).toBeGreaterThanOrEqual(12)
  })
})
