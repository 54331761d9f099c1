/** What a column holds. */
export type Value = string | number | null

/** One row by column name. */
export type Row = Readonly<Record<string, Value>>

/** Type of a column, as PostgreSQL calls it; SQLite takes any. */
export type ColumnType = 'text' | 'integer' | 'bigint' | 'double precision'

/** Rows that one statement works on, in place of its `{rows}`. */
export interface Batch {
  readonly columns: Readonly<Record<string, ColumnType>>
  /** Values in the order of the columns. */
  readonly rows: readonly (readonly Value[])[]
  readonly sql: string
}

/**
 * Statements in the words that both databases know: `?` for a value, `main.` before each table, `{now}` for the time in
 * epoch milliseconds, `{rows}` for the rows of a batch, `{bytewise}` for a column that is ordered by its bytes.
 */
export interface Sql {
  all(sql: string, values?: readonly Value[]): Promise<readonly Row[]>
  /** Gives the number of rows that were changed. */
  run(sql: string, values?: readonly Value[]): Promise<number>
  /** Does the statement for all rows; gives how many were changed. */
  many(batch: Batch): Promise<number>
}

/** How a transaction is meant. */
export interface TransactionOptions {
  /** A small write that must succeed on a full disk as well: the state of a run, a removal. */
  readonly urgent?: boolean
}

/** A database that was opened. Every failure is a GreenloopError with a `store_` code. */
export interface Database extends Sql {
  /** Commits what `work` wrote, or nothing where it throws. Inside, only the given `sql` may be used. */
  transaction<T>(work: (sql: Sql) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Whether a failure was one of the way to the database, so that doing the same again may go well. */
  isPassing(error: unknown): boolean
  close(): Promise<void>
}
