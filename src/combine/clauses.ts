import type { Formula, TermTable } from './model-truth.ts'

/** Values that a parameter is limited to, 1 by value; by parameter. A parameter that is not there may have any. */
type Cube = Map<number, Uint8Array>

/** Limits beyond which a constraint is refused, never approximated. */
const mostNodes = 1_000_000
const mostClauses = 500_000

/** Numbers of values by parameter. */
type Counts = ArrayLike<number>

/**
 * The combinations that a formula forbids: boxes of value sets by parameter, such that a row violates the formula if and
 * only if it lies in one of them. `undefined` where there would be too many to work with.
 */
export function forbiddenCubes(formula: Formula, counts: Counts): readonly Cube[] | undefined {
  const tables = tablesOf(formula)
  const found = new Map<string, Cube>()
  let nodes = 0
  let clauses = 0
  const search = (cube: Cube): boolean => {
    if (++nodes > mostNodes) return false
    const truth = evaluate(formula, cube, counts)
    if (truth === true) return true
    if (truth === false) {
      const smallest = generalise(formula, cube, counts)
      const key = keyOf(smallest)
      if (!found.has(key)) clauses += sizeOf(smallest)
      found.set(key, smallest)
      return clauses <= mostClauses
    }
    const open = firstOpen(formula, cube, counts)
    const groups = open === undefined ? [] : (groupings(open, cube, { tables, counts }) ?? [])
    return groups.every(({ parameter, values }) => search(new Map(cube).set(parameter, values)))
  }
  return search(new Map()) ? [...found.values()] : undefined
}

/** The symbol tuples of a box, each sorted. */
export function* tuplesOf(cube: Cube, offsets: ArrayLike<number>): Generator<Int32Array> {
  const sides = [...cube]
    .sort(([a], [b]) => a - b)
    .map(([parameter, values]) =>
      [...values.keys()].flatMap((v) => (values[v] === 1 ? [(offsets[parameter] ?? 0) + v] : [])),
    )
  const at = sides.map(() => 0)
  for (;;) {
    yield Int32Array.from(sides, (side, index) => side[at[index] ?? 0] ?? 0)
    let place = sides.length - 1
    while (place >= 0 && (at[place] ?? 0) + 1 >= (sides[place]?.length ?? 0)) at[place--] = 0
    if (place < 0) return
    at[place] = (at[place] ?? 0) + 1
  }
}

/** Whether a formula holds everywhere in a box (true), nowhere (false), or that is not decided by its terms alone. */
function evaluate(formula: Formula, cube: Cube, counts: Counts): boolean | undefined {
  if (formula.kind === 'term') return evaluateTable(formula.table, cube, counts)
  const decisive = formula.kind === 'or'
  let result: boolean | undefined = !decisive
  for (const part of formula.parts) {
    const truth = evaluate(part, cube, counts)
    if (truth === decisive) return decisive
    if (truth === undefined) result = undefined
  }
  return result
}

function evaluateTable(table: TermTable, cube: Cube, counts: Counts): boolean | undefined {
  const own = cube.get(table.parameter)
  const width = table.other === undefined ? 1 : (counts[table.other] ?? 0)
  const others = table.other === undefined ? undefined : cube.get(table.other)
  let seen: number | undefined
  for (let index = 0; index < table.holds.length; index++) {
    if (own !== undefined && own[Math.floor(index / width)] === 0) continue
    if (others !== undefined && others[index % width] === 0) continue
    const bit = table.holds[index]
    if (seen !== undefined && seen !== bit) return undefined
    seen = bit
  }
  return seen === 1
}

/** Leaves out every parameter that the refusal does not need. */
function generalise(formula: Formula, cube: Cube, counts: Counts): Cube {
  const smallest = new Map(cube)
  for (const [parameter, values] of cube) {
    smallest.delete(parameter)
    if (evaluate(formula, smallest, counts) !== false) smallest.set(parameter, values)
  }
  return smallest
}

/** The first term that decides something and is not decided itself. */
function firstOpen(formula: Formula, cube: Cube, counts: Counts): TermTable | undefined {
  if (formula.kind === 'term') return formula.table
  const open = formula.parts.find((part) => evaluate(part, cube, counts) === undefined)
  return open === undefined ? undefined : firstOpen(open, cube, counts)
}

interface Scope {
  readonly tables: readonly TermTable[]
  readonly counts: Counts
}

/** Values of a parameter of the open term, grouped by what every term makes of them; `undefined` where all are alike. */
function groupings(open: TermTable, cube: Cube, scope: Scope) {
  const candidates = open.other === undefined ? [open.parameter] : [open.parameter, open.other]
  for (const parameter of candidates) {
    const allowed = cube.get(parameter)
    const groups = new Map<string, number[]>()
    for (let value = 0; value < (scope.counts[parameter] ?? 0); value++) {
      if (allowed !== undefined && allowed[value] === 0) continue
      const key = scope.tables.map((table) => signature(table, { parameter, value }, scope.counts)).join('|')
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [value])
      else group.push(value)
    }
    if (groups.size > 1)
      return [...groups.values()].map((values) => ({ parameter, values: bitsOf(values, scope.counts[parameter] ?? 0) }))
  }
  return undefined
}

/** What a term makes of one value of a parameter: empty where the term does not speak of it. */
function signature(table: TermTable, at: { parameter: number; value: number }, counts: Counts): string {
  const { parameter, value } = at
  const width = table.other === undefined ? 1 : (counts[table.other] ?? 0)
  const own = table.parameter === parameter ? table.holds.slice(value * width, (value + 1) * width).join('') : ''
  if (table.other !== parameter) return own
  return `${own}/${table.holds.filter((_, index) => index % width === value).join('')}`
}

function bitsOf(values: readonly number[], count: number): Uint8Array {
  const bits = new Uint8Array(count)
  for (const value of values) bits[value] = 1
  return bits
}

function tablesOf(formula: Formula): TermTable[] {
  return formula.kind === 'term' ? [formula.table] : formula.parts.flatMap(tablesOf)
}

function keyOf(cube: Cube): string {
  return [...cube]
    .sort(([a], [b]) => a - b)
    .map(([parameter, values]) => `${parameter}:${values.join('')}`)
    .join(';')
}

function sizeOf(cube: Cube): number {
  return [...cube.values()].reduce((product, values) => product * values.reduce((sum, bit) => sum + bit, 0), 1)
}
