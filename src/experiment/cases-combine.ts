import type { Scalar } from '../domain/case.ts'
import { createRandom } from '../lib/random.ts'
import { nameTest } from './cases-constraints.ts'
import type { Cover, Covered, CoverRequest, ParameterRow } from './cases-cover.ts'
import type { Dimensions } from './cases-dimensions.ts'
import { digitsOf, productOf, spread } from './cases-spread.ts'
import { sampleValid } from './cases-sample.ts'

/** The combinations of one dataset for the rows that fix the same parameters. */
export interface Combinations extends Omit<Covered, 'engine'> {
  readonly engine?: string | undefined
}

/** What combinations are made with. */
export interface CombineParts {
  readonly cover: Cover
  /** Parameters that the rows of the dataset give themselves. */
  readonly fixed: ReadonlyMap<string, Scalar>
  /** Most combinations of `cartesian`. */
  readonly most: number
  /** Whether many rows need combinations of their own. */
  readonly quick?: boolean | undefined
}

/**
 * Makes the combinations of parameters for rows: the first values, a covering array, or all of them. Parameters that
 * are constant and in no constraint stay out of the search and are put back into every row.
 */
export async function combineParameters(dimensions: Dimensions, parts: CombineParts): Promise<Combinations> {
  const model = modelOf(dimensions, parts.fixed)
  const made = await combinationsOf(model, dimensions, parts)
  const warnings = [...made.warnings, ...unseenValues(model, made, dimensions), ...cutShort(made, dimensions)]
  const rows = made.rows.map((row) => inOrder(dimensions, { ...model.constants, ...row }))
  return { ...made, rows, warnings }
}

interface SearchModel {
  /** Values by parameter that takes part in the search. */
  readonly parameters: Readonly<Record<string, readonly Scalar[]>>
  readonly constraints: readonly unknown[]
  readonly constants: ParameterRow
  /** Parameters that are combined. */
  readonly open: ReadonlySet<string>
}

function modelOf(dimensions: Dimensions, fixed: ReadonlyMap<string, Scalar>): SearchModel {
  const { mode, values, combined } = dimensions
  const isConstrained = nameTest(dimensions.constraints)
  const parameters: [string, readonly Scalar[]][] = []
  const constants: [string, Scalar][] = []
  const bindings: unknown[] = []
  const open = new Set<string>()
  for (const [name, all] of values) {
    const value = fixed.get(name)
    const isOpen = mode === 'scenario_only' ? isConstrained(name) : combined.has(name)
    const [only = null] = value === undefined ? all : [value]
    if (value === undefined && isOpen && all.length > 1) {
      parameters.push([name, all])
      open.add(name)
    } else if (!isConstrained(name)) constants.push([name, only])
    else if (isNumeric(all) === isNumeric([only])) parameters.push([name, [only]])
    else {
      // A constraint compares numbers or texts by what all values are; one value alone would change that.
      parameters.push([name, [...new Set([only, ...all])]])
      bindings.push({ parameter: name, is: '=', value: only })
    }
  }
  const constraints = parameters.length === 0 ? [] : [...dimensions.constraints, ...bindings]
  return { parameters: Object.fromEntries(parameters), constraints, constants: Object.fromEntries(constants), open }
}

function isNumeric(values: readonly Scalar[]): boolean {
  return values.every((value) => {
    if (typeof value === 'number') return true
    return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))
  })
}

async function combinationsOf(model: SearchModel, dimensions: Dimensions, parts: CombineParts): Promise<Combinations> {
  const { mode, strength, engine, seed } = dimensions
  const { parameters, constraints } = model
  const count = Object.keys(parameters).length
  if (count === 0) return { rows: [{}], warnings: [] }
  const request = { parameters, constraints, strength: Math.min(strength, count), engine, seed, all: false }
  switch (mode) {
    case 'pairwise':
      return parts.cover({ ...request, parameters: byName(parameters), quick: parts.quick })
    case 'scenario_only':
      return firstValid(request, parts)
    case 'cartesian':
      return constraints.length === 0 ? product(request, parts) : constrainedProduct(request, parts)
  }
}

/** The array then does not depend on the order in which files happen to name the parameters. */
function byName(parameters: SearchModel['parameters']): SearchModel['parameters'] {
  return Object.fromEntries(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** The first values, or the valid combination that comes first where constraints forbid them. */
async function firstValid(request: CoverRequest, { cover }: CombineParts): Promise<Combinations> {
  const { rows, warnings } = await cover({ ...request, strength: 1, all: true, maxCases: 1 })
  const [row = {}] = rows
  const changed = Object.entries(request.parameters).filter(([name, [first]]) => row[name] !== first)
  const text = changed.map(([name]) => `${name} = ${String(row[name])}`).join(', ')
  const note = `constraints forbid the first values together; the cases take ${text}`
  return { rows: [row], warnings: changed.length === 0 ? warnings : [...warnings, note] }
}

/** Without constraints every index stands for a row, so that nothing is made that is not kept. */
function product({ parameters, seed }: CoverRequest, { most }: CombineParts): Combinations {
  const entries = Object.entries(parameters)
  const counts = entries.map(([, values]) => values.length)
  const total = productOf(counts)
  const rows = Array.from(spread(total, most, createRandom(seed)), (index): ParameterRow => {
    const digits = digitsOf(index, counts)
    return Object.fromEntries(entries.map(([name, values], at) => [name, values[digits[at] ?? 0] ?? null]))
  })
  const left = total - BigInt(rows.length)
  return { rows, engine: 'cartesian', warnings: left === 0n ? [] : [leftOut(rows.length, `${left} are left out`)] }
}

async function constrainedProduct(request: CoverRequest, { cover, most }: CombineParts): Promise<Combinations> {
  const probe = { ...request, strength: 1, all: true, maxCases: most + 1 }
  const { rows, warnings } = await cover(probe)
  if (rows.length <= most) return { rows, engine: 'cartesian', warnings }
  const sample = await sampleValid(probe, { cover, most, first: rows })
  const total = productOf(Object.values(request.parameters).map((values) => values.length))
  const left = total - BigInt(sample.length)
  const note = leftOut(sample.length, `up to ${left} are left out, those that constraints forbid among them`)
  return { rows: sample, engine: 'cartesian', warnings: [...warnings, note] }
}

function leftOut(kept: number, rest: string): string {
  return `max_cases keeps ${kept} combinations, spread over all of them; ${rest}`
}

/** A value that no case has is worth a word: constraints, or what the others are held at, forbid it. */
function unseenValues(
  { parameters, constraints, open }: SearchModel,
  { rows }: Combinations,
  { mode }: Dimensions,
): string[] {
  if (mode !== 'pairwise' || constraints.length === 0) return []
  return Object.entries(parameters).flatMap(([name, values]) => {
    if (!open.has(name)) return []
    const seen = new Set(rows.map((row) => row[name]))
    const unseen = values.filter((value) => !seen.has(value))
    if (unseen.length === 0) return []
    return [`no case has ${unseen.map((value) => `${name} = ${String(value)}`).join(', ')}: constraints forbid it`]
  })
}

function cutShort({ isCut, rows, engine }: Combinations, { mode }: Dimensions): string[] {
  if (mode !== 'pairwise' || isCut !== true) return []
  return [
    `\`${engine ?? ''}\` stops at ${rows.length} combinations, and pairs are missing in them; choose another engine`,
  ]
}

function inOrder({ values }: Dimensions, row: ParameterRow): ParameterRow {
  return Object.fromEntries([...values.keys()].map((name) => [name, row[name] ?? null]))
}
