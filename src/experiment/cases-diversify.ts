import type { Scalar } from '../domain/case.ts'
import { createRandom } from '../lib/random.ts'
import { nameTest } from './cases-constraints.ts'
import type { ParameterRow } from './cases-cover.ts'
import type { Dimensions } from './cases-dimensions.ts'

/**
 * The covering array for one row of a dataset, by what the row holds. Each row gets the array with the values of each
 * parameter exchanged among themselves: it covers the same and has the same size, and over many rows far more combinations
 * are met, which tells causes of failures apart. Parameters that a constraint names stay as they are. Neither the order of
 * rows nor that of parameters matters, so that the cases of a row stay the same.
 */
export function diversified(
  rows: readonly ParameterRow[],
  { mode, values, combined, constraints, seed }: Dimensions,
  content: string,
): readonly ParameterRow[] {
  if (mode !== 'pairwise' || rows.length < 2) return rows
  const isConstrained = nameTest(constraints)
  const ofRow = numberOf(content, seed)
  const exchanges = new Map<string, ReadonlyMap<Scalar, Scalar>>()
  for (const [name, all] of values) {
    if (!combined.has(name) || isConstrained(name) || isConstant(rows, name)) continue
    const order = shuffled(all, createRandom(numberOf(name, ofRow)))
    exchanges.set(name, new Map(all.map((value, at) => [value, order[at] ?? value])))
  }
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, exchanges.get(name)?.get(value) ?? value] as const),
    ),
  )
}

/** A whole number from 0 that depends on a text and a seed (FNV-1a); names are many, so that it has to be fast. */
function numberOf(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** A parameter that the row of the dataset gives itself. */
function isConstant(rows: readonly ParameterRow[], name: string): boolean {
  const first = rows[0]?.[name]
  return rows.every((row) => row[name] === first)
}

function shuffled(values: readonly Scalar[], random: () => number): readonly Scalar[] {
  const order = [...values]
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[order[last], order[other]] = [order[other] ?? null, order[last] ?? null]
  }
  return order
}
