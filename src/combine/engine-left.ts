import type { Part } from './engine-part.ts'
import { parameterSets } from './engine-sets.ts'
import type { Whole } from './engine-whole.ts'
import { createStream } from './engine-stream.ts'
import { assignments } from './tuples-feasible.ts'
import { weightedChoice } from './engine-weights.ts'

/** Combinations without a negative value that only rows with one can hold, and the rows that are missing for them. */
export interface LeftOver {
  readonly tuples: number
  readonly rows: readonly number[][]
}

/** Finds what the rows without a negative value cannot hold although rows with one can, and adds what is not held yet. */
export function leftOver(whole: Whole, plain: Part | undefined, rows: readonly (readonly number[])[]): LeftOver {
  const { compiled, solver, wanted } = whole
  const { counts, offsets, negative } = compiled
  if (!negative.includes(1)) return { tuples: 0, rows: [] }
  const isSure = counts.map((_, p) => (plain !== undefined && hasAll(p, whole, plain) ? 1 : 0))
  const held = rows.map((row) => Int32Array.from(row, (value, p) => (offsets[p] as number) + value))
  const choose = weightedChoice(compiled, createStream(0))
  const added: number[][] = []
  let tuples = 0
  const sets = parameterSets(counts.length, wanted)
  for (let set = 0; set < sets.count; set++) {
    const members = sets.members.subarray(sets.starts[set], sets.starts[set + 1])
    if (members.every((p) => isSure[p] === 1)) continue
    for (const row of assignments(compiled, members)) {
      const symbols = Array.from(members, (p) => row[p] as number)
      if (symbols.some((symbol) => negative[symbol] === 1) || isPlain(symbols, plain)) continue
      const found = solver.complete(symbols, choose)
      if (found === undefined) continue
      tuples++
      if (held.some((each) => symbols.every((symbol, at) => each[members[at] as number] === symbol))) continue
      held.push(found.map((value, p) => (offsets[p] as number) + value))
      added.push(Array.from(found))
    }
  }
  return { tuples, rows: added }
}

/** Whether no clause touches a parameter and each of its values without a mark is in the part. */
function hasAll(p: number, { compiled }: Whole, plain: Part): boolean {
  const { offsets, negative, clausesOf } = compiled
  for (let symbol = offsets[p] as number; symbol < (offsets[p + 1] as number); symbol++)
    if (clausesOf[symbol]?.length !== 0 || (negative[symbol] === 0 && plain.symbolIn[symbol] === -1)) return false
  return true
}

function isPlain(symbols: readonly number[], plain: Part | undefined): boolean {
  if (plain === undefined) return false
  const own = symbols.map((symbol) => plain.symbolIn[symbol] as number)
  return !own.includes(-1) && plain.solver.isFeasible(own)
}
