import { combine } from '../../src/app/combine.ts'
import type { CombinationInput } from '../../src/combine/json-schema.ts'
import type { EngineName } from '../../src/combine/options.ts'
import type { Cover } from '../../src/experiment/cases-cover.ts'

/** Combinations by the real engine, without its search. */
export const cover: Cover = async ({ parameters, constraints, strength, engine, seed, maxCases, all }) => {
  const model = { parameters, constraints, caseSensitive: true } as CombinationInput
  const name = all ? 'naive' : (engine as EngineName)
  const made = await combine(model, { engine: name, strength, seed, maxCases, fast: true })
  return { ...made, rows: made.cases, warnings: made.warnings.map(({ message }) => message) }
}
