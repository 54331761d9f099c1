import { lowerBound } from './coverage-bound.ts'
import type { PartWanted } from './engine-need.ts'
import type { Part } from './engine-part.ts'
import { settle } from './engine-sets.ts'
import type { PairTable } from './feasibility.ts'

interface BoundScope {
  /** The pairs of the part, where they were decided. */
  readonly pairs: PairTable | undefined
  /** Whether a good bound is worth a tenth of a second on large models. */
  readonly isThorough: boolean
}

/** A number of rows that the part needs at least. */
export function boundOf(part: Part, wanted: PartWanted, { pairs, isThorough }: BoundScope): number {
  const { compiled } = part
  const { strength, subModels } = settle(compiled.counts.length, wanted)
  const size = strength - (wanted.fixed === undefined ? 0 : 1)
  if (isThorough && pairs !== undefined)
    return lowerBound(compiled, { subModels: wanted.fixed === undefined ? subModels : [], strength: size, pairs })
  return quickBound(part, size)
}

/** The product of the largest counts of parameters that no clause touches. */
function quickBound({ compiled }: Part, size: number): number {
  const { counts, offsets, clausesOf } = compiled
  const isFree = (p: number): boolean => {
    for (let symbol = offsets[p] as number; symbol < (offsets[p + 1] as number); symbol++)
      if (clausesOf[symbol]?.length !== 0) return false
    return true
  }
  return counts
    .filter((_, p) => isFree(p))
    .sort()
    .slice(counts.length === 0 || size === 0 ? counts.length : -size)
    .reduce((product, count) => product * count, 1)
}
