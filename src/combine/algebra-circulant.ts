import type { Base } from './algebra-base.ts'

/**
 * A covering array written down by its symmetry. Columns and rows fall into blocks of `length`; within a block of rows
 * and a block of columns each row is the one before, shifted by one. With a rotation, each row stands for as many rows:
 * values below `rotation` are counted on together, the others stay.
 */
export interface Circulant {
  readonly levels: number
  readonly length: number
  /** 1 for none. */
  readonly rotation: number
  /** What stands below: nothing, a constant row for each value, or an array of the values that do not rotate. */
  readonly below: 'nothing' | 'constants' | 'fixed values'
  /** By block of rows: the first row of each block of columns, one digit (base 36) a value. */
  readonly blocks: readonly (readonly string[])[]
}

/** Number of columns. */
export function columnsOf({ length, blocks }: Circulant): number {
  return length * (blocks[0]?.length ?? 0)
}

/** Rows without what stands below. */
export function ownRows({ length, blocks, rotation }: Circulant): number {
  return length * blocks.length * rotation
}

/** Writes the array out; `fixed` is the array of the values that do not rotate, where there are such. */
export function writeOut(circulant: Circulant, fixed: Base | undefined): Base {
  const { levels, length, rotation, below, blocks } = circulant
  const columns = Math.min(columnsOf(circulant), fixed?.columns ?? Number.POSITIVE_INFINITY)
  const rows: Int32Array[] = []
  for (const block of blocks)
    for (let shift = 0; shift < length; shift++)
      for (let turn = 0; turn < rotation; turn++)
        rows.push(
          Int32Array.from({ length: columns }, (_, column) => {
            const start = block[Math.floor(column / length)] ?? ''
            const value = Number.parseInt(start[((column % length) - shift + length) % length] ?? '0', 36)
            return rotation > 1 && value < rotation ? (value + turn) % rotation : value
          }),
        )
  const constants = Array.from({ length: levels }, (_, value) => new Int32Array(columns).fill(value))
  if (below === 'constants') return { rows: [...constants, ...rows], levels, columns, constant: columns }
  const others = fixed?.rows.map((row) => row.slice(0, columns).map((value) => (value === -1 ? -1 : value + rotation)))
  return { rows: [...rows, ...(others ?? [])], levels, columns, constant: 0 }
}
