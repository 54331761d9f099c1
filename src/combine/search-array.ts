/** Rows under change, with what each change wins and loses at hand. Symbols are those of a part. */
export interface SearchArray {
  readonly parameters: number
  readonly parameterOf: Int32Array
  readonly capacity: number
  /** Number of rows. */
  readonly rows: number
  /** Symbol by row × parameters + parameter. */
  readonly cells: Int32Array
  /** Symbol by parameter × capacity + row: the same once more, for walks along a parameter. */
  readonly columns: Int32Array
  /** Weight of the tuples that only this cell's row holds and that this cell is part of; indexed like `cells`. */
  readonly unique: Int32Array
  /** Number of uncovered tuples, and the sum of their weights. */
  readonly opened: number
  readonly openWeight: number
  /** Fills an empty array. Rows are symbols by parameter and must be valid. */
  load(rows: readonly ArrayLike<number>[]): void
  /** Symbols of an open tuple, by its place among the open ones; valid until the next call. */
  openAt(place: number): Int32Array
  /** Weight of the open tuples that the symbol would cover in the row, its own parameter's cell set aside. */
  gainOf(row: number, symbol: number): number
  /** Weight of open tuples more or less, were the trial (symbols by parameter) put into the row. */
  weigh(row: number, trial: Int32Array): number
  /** Puts another symbol of the same parameter into a cell. */
  change(row: number, parameter: number, symbol: number): void
  /** Takes a row out; the last row gets its number. */
  remove(row: number): void
  /** Cells looked at by one change, about. */
  readonly changeWork: number
  /** Makes every open tuple count for more. */
  raise(): void
}

/** A tuple counts for this much at most. */
export const heaviest = 255
/** Most rows that an array under search can have: row numbers stand in 16 bits, counts in 14. */
export const mostSearchRows = 16_000
/** Added to the entry of a tuple that nothing has to cover, so that it never looks uncovered or covered once. */
export const unneeded = 0x4000_0000
/** One row more in the upper half of an entry. */
export const one = 0x1_0000
/** The lower half of an entry. */
export const rowMask = 0xffff
