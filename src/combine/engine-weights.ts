import type { Compiled } from './compile.ts'
import type { Stream } from './engine-stream.ts'
import type { Need } from './engine-need.ts'
import type { Part } from './engine-part.ts'
import { Guard } from './search-guard.ts'
import { mostSearchRows } from './search-array.ts'
import type { Prefer } from './solver.ts'

/** Chooses among possible values at random, heavier ones more often. */
export function weightedChoice({ offsets, weights }: Compiled, stream: Stream): Prefer {
  return (parameter, candidates, n) => {
    let chosen = candidates[0] as number
    let weight = 0
    for (let at = 0; at < n; at++) {
      const own = weights[(offsets[parameter] as number) + (candidates[at] as number)] as number
      weight += own
      if (stream.below(1 << 24) * weight < own * (1 << 24)) chosen = candidates[at] as number
    }
    return chosen
  }
}

/** Rows that are to be weighted. */
export interface Weighting {
  /** Symbols by parameter. */
  readonly rows: readonly Int32Array[]
  /** Rows that the array was given, at its beginning: they stay as they are. */
  readonly kept: number
  readonly stream: Stream
}

/**
 * Gives cells that cover nothing alone a value at random, heavier ones more often; every combination stays covered. Does
 * nothing where all weights are equal.
 */
export function weigh(part: Part, need: Need, { rows, kept, stream }: Weighting): readonly Int32Array[] {
  const { compiled } = part
  const { weights, offsets, parameterOf } = compiled
  const isEven = weights.every((weight) => weight === weights[0])
  if (isEven || need.createArray === undefined || rows.length > mostSearchRows) return rows
  const array = need.createArray(rows.length)
  array.load(rows)
  const guard = new Guard(compiled)
  const choose = weightedChoice(compiled, stream)
  const candidates = new Int32Array(weights.length)
  const { parameters, unique, cells } = array
  for (let cell = kept * parameters; cell < rows.length * parameters; cell++) {
    if (unique[cell] !== 0) continue
    const row = Math.floor(cell / parameters)
    const p = parameterOf[cells[cell] as number] as number
    let n = 0
    for (let symbol = offsets[p] as number; symbol < (offsets[p + 1] as number); symbol++)
      if (guard.allows(array, row, symbol)) candidates[n++] = symbol - (offsets[p] as number)
    const symbol = (offsets[p] as number) + choose(p, candidates, n)
    if (symbol !== cells[cell]) array.change(row, p, symbol)
  }
  return rows.map((_, row) => cells.slice(row * parameters, (row + 1) * parameters))
}
