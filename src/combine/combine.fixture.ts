import * as fc from 'fast-check'
import { modelArbitrary, subsets } from './model.fixture.ts'
import type { Model, Parameter } from './model.ts'

/** A model without constraints, with so many values by parameter. */
export function plainModel(counts: readonly number[]): Model {
  const parameters = counts.map((count, p): Parameter => ({
    name: `p${p}`,
    numeric: false,
    values: Array.from({ length: count }, (_, value) => ({
      text: `v${value}`,
      aliases: [],
      negative: false,
      weight: 1,
    })),
  }))
  return { parameters, subModels: [], constraints: [], caseSensitive: false }
}

/** Random small models with constraints, negative values, weights and sub-models. */
export const modelWithSubModels: fc.Arbitrary<Model> = fc
  .tuple(modelArbitrary(4), fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 4 })), { maxLength: 2 }))
  .map(([model, picks]) => {
    const count = model.parameters.length
    const sets = [2, 3, 4].flatMap((size) => subsets(count, size))
    const subModels = picks.flatMap(([pick, strength]) => {
      const parameters = sets[pick % Math.max(1, sets.length)]
      return parameters === undefined ? [] : [{ parameters, strength: Math.min(strength, parameters.length) }]
    })
    return { ...model, subModels }
  })

/** Whether a row holds everything that another one, perhaps with open cells, asks for. */
export function fits(wanted: ArrayLike<number>, row: ArrayLike<number>): boolean {
  return Array.from(wanted).every((value, p) => value === -1 || value === row[p])
}

/** Pairs of columns that miss a pair of values, counted by trying all. */
export function missingPairs(rows: readonly ArrayLike<number>[], counts: readonly number[]): number {
  const columns = counts.map((_, p) => Int32Array.from(rows, (row) => row[p] as number))
  let missing = 0
  for (const [p, left] of columns.entries())
    for (const [q, right] of columns.entries())
      if (q > p && pairsIn(left, right) !== (counts[p] ?? 0) * (counts[q] ?? 0)) missing++
  return missing
}

function pairsIn(left: Int32Array, right: Int32Array): number {
  const held = new Set<number>()
  for (const [row, value] of left.entries())
    if (value !== -1 && right[row] !== -1) held.add(value * 1_000 + (right[row] as number))
  return held.size
}
