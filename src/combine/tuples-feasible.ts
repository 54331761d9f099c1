import type { Compiled } from './compile.ts'
import type { Part } from './engine-part.ts'
import { subsets } from './engine-sets.ts'
import type { PairTable } from './feasibility.ts'
import { tupleIn, type TupleIndex } from './tuples.ts'

/**
 * Decides every tuple: 1 for those that some valid row holds. Only values whose parameters clauses join can clash, so a
 * tuple falls into groups; pairs are known, and for larger groups rows that were found prove many tuples each.
 */
export function decideTuples(part: Part, index: TupleIndex, pairs: PairTable): Uint8Array {
  const { sets } = index
  const needed = new Uint8Array(index.total).fill(1)
  const component = componentsOf(part)
  const decide = createDecision(part, pairs)
  for (let set = 0; set < sets.count; set++) {
    const members = sets.members.subarray(sets.starts[set], sets.starts[set + 1])
    const groups = groupsOf(members, component)
    if (groups.length === 0) continue
    for (const row of assignments(part.compiled, members)) {
      const holds = groups.every((group) => decide(group.map((p) => row[p] as number)))
      if (!holds) needed[tupleIn(index, set, row)] = 0
    }
  }
  return needed
}

/** By parameter: a number that it shares with the parameters that clauses join to it. */
function componentsOf({ compiled }: Part): Int32Array {
  const parent = Int32Array.from(compiled.counts, (_, p) => p)
  const root = (p: number): number => {
    let at = p
    while (parent[at] !== at) at = parent[at] as number
    return at
  }
  for (const clause of compiled.forbidden)
    for (const symbol of clause)
      parent[root(compiled.parameterOf[symbol] as number)] = root(compiled.parameterOf[clause[0] as number] as number)
  return parent.map((_, p) => root(p))
}

/** Members of a set that are in the same component as another one, by component. */
function groupsOf(members: Int32Array, component: Int32Array): number[][] {
  const groups: number[][] = []
  for (let at = 0; at < members.length; at++) {
    const p = members[at] as number
    const own = groups.find((group) => component[group[0] as number] === component[p])
    if (own === undefined) groups.push([p])
    else own.push(p)
  }
  return groups.filter((group) => group.length > 1)
}

/** Every combination of symbols of some parameters, in one row that is changed from one to the next. */
export function* assignments({ offsets, counts }: Compiled, members: ArrayLike<number>): Generator<Int32Array> {
  const row = new Int32Array(counts.length).fill(-1)
  for (let at = 0; at < members.length; at++) row[members[at] as number] = offsets[members[at] as number] as number
  while (true) {
    yield row
    let at = members.length - 1
    while (at >= 0 && (row[members[at] as number] as number) + 1 === offsets[(members[at] as number) + 1]) at--
    if (at < 0) return
    row[members[at] as number] = (row[members[at] as number] as number) + 1
    while (++at < members.length) row[members[at] as number] = offsets[members[at] as number] as number
  }
}

function arePairsFeasible(symbols: readonly number[], count: number, { feasible }: PairTable): boolean {
  for (let i = 0; i < symbols.length; i++)
    for (let j = i + 1; j < symbols.length; j++)
      if (feasible[(symbols[i] as number) * count + (symbols[j] as number)] === 0) return false
  return true
}

/** Words of row numbers that are kept by symbol. */
const poolWords = 32

/** Decides combinations of symbols one by one, and keeps the rows that it finds. */
function createDecision({ compiled, solver }: Part, pairs: PairTable): (symbols: readonly number[]) => boolean {
  const { symbols: count, offsets } = compiled
  const pool = new Int32Array(count * poolWords)
  const refused = new Set<string>()
  let rows = 0
  const keep = (row: Int32Array): void => {
    const bit = rows++ % (poolWords * 32)
    row.forEach((value, p) => {
      const at = ((offsets[p] as number) + value) * poolWords + (bit >>> 5)
      pool[at] = (pool[at] as number) | (1 << (bit & 31))
    })
  }
  const isHeld = (symbols: readonly number[]): boolean => {
    const words = Math.min(poolWords, (rows + 31) >>> 5)
    for (let word = 0; word < words; word++) {
      let common = -1
      for (const symbol of symbols) common &= pool[symbol * poolWords + word] as number
      if (common !== 0) return true
    }
    return false
  }
  let turn = 0
  return (symbols) => {
    if (!arePairsFeasible(symbols, count, pairs)) return false
    if (symbols.length < 3 || isHeld(symbols)) return true
    const key = symbols.join()
    if (refused.has(key)) return false
    // Values taken in turn make rows that differ, and so prove more.
    const row = solver.complete(symbols, (_, candidates, n) => candidates[turn++ % n] as number)
    if (row === undefined) refused.add(key)
    else if (rows < poolWords * 32) keep(row)
    return row !== undefined
  }
}

/** Triples of symbols that no valid row holds although some row holds each of their pairs. */
export function* refusedTriples(part: Part, pairs: PairTable): Generator<readonly [number, number, number]> {
  const component = componentsOf(part)
  const decide = createDecision(part, pairs)
  const groups = Map.groupBy(component.keys(), (p) => component[p] as number)
  for (const members of groups.values()) for (const set of subsets(members, 3)) yield* refusedIn(set)

  function* refusedIn(set: readonly number[]): Generator<readonly [number, number, number]> {
    for (const row of assignments(part.compiled, set)) {
      const [a, b, c] = set.map((p) => row[p] as number) as [number, number, number]
      const isOpen = arePairsFeasible([a, b, c], part.compiled.symbols, pairs)
      if (isOpen && !decide([a, b, c])) yield [a, b, c]
    }
  }
}
