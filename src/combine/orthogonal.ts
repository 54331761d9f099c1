import type { Base } from './algebra-base.ts'
import { createField } from './algebra-field.ts'

/**
 * The orthogonal array of Bose: q² rows, q + 1 columns, every pair of values once. Row (x, y) holds m·x + y in column m
 * of the first q and x in the last one, so the first q rows are constant in the first q columns and 0 in the last.
 * `undefined` where q is no prime power.
 */
export function orthogonalArray(q: number): Base | undefined {
  const field = createField(q)
  if (field === undefined) return undefined
  const rows: Int32Array[] = []
  for (let x = 0; x < q; x++)
    for (let y = 0; y < q; y++)
      rows.push(Int32Array.from({ length: q + 1 }, (_, m) => (m === q ? x : field.add(field.multiply(m, x), y))))
  return { rows, levels: q, columns: q + 1, constant: q }
}
