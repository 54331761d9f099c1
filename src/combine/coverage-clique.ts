import type { Compiled } from './compile.ts'
import type { PairTable } from './feasibility.ts'

/** Pairs of parameters that the search begins with, and exchanges from each, at most. */
const starts = 10
const mostExchanges = 100

/** Two symbols as one number: the first times the number of symbols, plus the second. */
type Code = number

/**
 * Size of a large set of feasible pairs of which no two fit into one row, so that every covering array has at least as
 * many rows. It begins with all pairs of two parameters; then one pair is exchanged for several that clash with all
 * others and with each other, as long as that is possible.
 */
export function largestClique(compiled: Compiled, { feasible }: PairTable): number {
  const { symbols } = compiled
  const together = (one: Code, two: Code): boolean => {
    const a = Math.floor(one / symbols) * symbols
    const b = (one % symbols) * symbols
    const c = Math.floor(two / symbols)
    const d = two % symbols
    return feasible[a + c] === 1 && feasible[a + d] === 1 && feasible[b + c] === 1 && feasible[b + d] === 1
  }
  const groups = pairSizes(compiled, feasible).slice(0, starts)
  const scope: CliqueScope = { compiled, feasible, together }
  return Math.max(0, ...groups.map((group) => grow(group, scope)))
}

interface CliqueScope {
  readonly compiled: Compiled
  readonly feasible: Uint8Array
  /** Whether both pairs may stand in one row, as far as pairs tell. */
  readonly together: (one: Code, two: Code) => boolean
}

/** Feasible pairs of each two parameters, the most first. */
function pairSizes(compiled: Compiled, feasible: Uint8Array): Code[][] {
  const { counts, offsets, symbols } = compiled
  const pairsOf = (p: number, q: number): Code[] => {
    const width = counts[q] as number
    const start = (offsets[p] as number) * symbols + (offsets[q] as number)
    const cells = Array.from({ length: (counts[p] as number) * width }, (_, cell) => cell)
    return cells
      .map((cell) => start + Math.floor(cell / width) * symbols + (cell % width))
      .filter((code) => feasible[code] === 1)
  }
  const groups: Code[][] = []
  for (let p = 0; p < counts.length; p++) for (let q = p + 1; q < counts.length; q++) groups.push(pairsOf(p, q))
  return groups.sort((a, b) => b.length - a.length)
}

function grow(group: readonly Code[], scope: CliqueScope): number {
  let members = group
  for (let exchange = 0; exchange < mostExchanges; exchange++) {
    const rivals = findRivals(members, scope)
    const better = members
      .map((member, index) => ({ member, instead: apart(rivals[index] ?? [], scope) }))
      .find(({ instead }) => instead.length > 1)
    if (better === undefined) break
    members = [...members.filter((each) => each !== better.member), ...better.instead]
  }
  return members.length
}

/** For each member the pairs that could stand with it and with no other member. */
function findRivals(members: readonly Code[], { compiled, feasible }: CliqueScope): Code[][] {
  const { symbols, offsets, parameterOf } = compiled
  const rivals: Code[][] = members.map(() => [])
  const first = Int32Array.from(members, (code) => Math.floor(code / symbols))
  const second = Int32Array.from(members, (code) => code % symbols)
  /** Index of the only member that could stand with both symbols; -1 where none or several could. */
  const onlyRival = (a: number, b: number): number => {
    let rival = -1
    for (let at = 0; at < first.length; at++) {
      const c = first[at] as number
      const d = second[at] as number
      if (feasible[a * symbols + c] === 0 || feasible[a * symbols + d] === 0) continue
      if (feasible[b * symbols + c] === 0 || feasible[b * symbols + d] === 0) continue
      if (rival !== -1) return -1
      rival = at
    }
    return rival
  }
  for (let a = 0; a < symbols; a++)
    for (let b = offsets[(parameterOf[a] as number) + 1] as number; b < symbols; b++)
      if (feasible[a * symbols + b] === 1) rivals[onlyRival(a, b)]?.push(a * symbols + b)
  return rivals
}

/** Some of the pairs, of which no two fit into one row. Pairs of the same parameters never do, so the most of those go first. */
function apart(candidates: readonly Code[], { compiled: { symbols, parameterOf }, together }: CliqueScope): Code[] {
  const groups = Map.groupBy(candidates, (code) => {
    const p = parameterOf[Math.floor(code / symbols)] as number
    return p * parameterOf.length + (parameterOf[code % symbols] as number)
  })
  const kept: Code[] = []
  for (const group of [...groups.values()].sort((a, b) => b.length - a.length))
    for (const code of group) if (kept.every((each) => !together(each, code))) kept.push(code)
  return kept
}
