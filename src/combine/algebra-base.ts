/** A covering array of strength 2 whose columns all have the same number of values. */
export interface Base {
  /** Values by row and column; -1 for a cell that nothing needs. */
  readonly rows: readonly Int32Array[]
  readonly levels: number
  readonly columns: number
  /** In so many of the first columns, the first rows are constant: row y holds y, for each value y. */
  readonly constant: number
}

/**
 * Takes the last value away and with it two rows (the fusion of Colbourn, Kéri, Rivas Soriano and Schlage-Puchta 2010).
 * Values are renamed so that the first row has only the last value; it goes. Another row goes because the cells that held
 * the last value take over what it held.
 */
export function fuse({ rows, levels, columns }: Base): Base {
  const [head, ...rest] = rows
  if (head === undefined) return { rows, levels, columns, constant: 0 }
  const last = levels - 1
  const renamed = rest.map((row) =>
    row.map((value, column) => {
      const own = head[column] as number
      if (own === -1 || value === -1) return value
      return value === own ? last : value === last ? own : value
    }),
  )
  const [given, ...left] = renamed
  const taken = left.map((row) =>
    row.map((value, column) => {
      if (value !== last) return value
      const own = given?.[column] ?? -1
      return own === last ? -1 : own
    }),
  )
  return { rows: taken, levels: last, columns, constant: 0 }
}

/**
 * The product of an array with an orthogonal array (Stevens and Mendelsohn 1999; Colbourn, Martirosyan, Mullen, Shasha,
 * Sherwood and Yucas 2006): column (i, j) is column i of the first above column j of the second. Two columns of equal i
 * have equal values above, so the constant rows of the second are not needed. Where the first is constant in its first
 * rows too, the last column of the second can be used as well, with 0 in those rows.
 */
export function multiply(first: Base, orthogonal: Base): Base {
  const { levels } = orthogonal
  const slopes = levels
  const below = orthogonal.rows.slice(levels)
  const above = first.rows
  const columns: { readonly i: number; readonly j: number }[] = []
  for (let i = 0; i < first.columns; i++) for (let j = 0; j < slopes; j++) columns.push({ i, j })
  // Columns of the constant kind come first, so that the product can be a first factor again.
  columns.sort((a, b) => Number(a.i >= first.constant) - Number(b.i >= first.constant))
  const constant = first.constant * slopes
  for (let i = 0; i < first.constant; i++) columns.push({ i, j: slopes })
  const top = above.map((row, at) =>
    Int32Array.from(columns, ({ i, j }) => (j === slopes && at < levels ? 0 : (row[i] as number))),
  )
  const bottom = below.map((row) => Int32Array.from(columns, ({ j }) => row[j] as number))
  return { rows: [...top, ...bottom], levels, columns: columns.length, constant }
}

/** The direct product: values are pairs of values, rows are pairs of rows. */
export function cross(first: Base, second: Base): Base {
  const columns = Math.min(first.columns, second.columns)
  const rows = first.rows.flatMap((a) =>
    second.rows.map((b) =>
      Int32Array.from({ length: columns }, (_, c) => {
        const open = a[c] === -1 || b[c] === -1
        return open ? -1 : (a[c] as number) * second.levels + (b[c] as number)
      }),
    ),
  )
  return { rows, levels: first.levels * second.levels, columns, constant: 0 }
}
