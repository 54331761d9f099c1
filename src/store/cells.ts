import { GreenloopError } from '../domain/errors.ts'
import type { Row, Value } from './database.ts'

/** Text of a column that always has one. */
export function textOf(row: Row, column: string): string {
  const value = row[column]
  return typeof value === 'string' ? value : String(value ?? '')
}

/** Number of a column; 0 where it is empty. */
export function numberOf(row: Row, column: string): number {
  return Number(row[column] ?? 0)
}

/** A property with the value of a column, or none where the column is empty: `{ ...cell(row, 'reason', 'reason') }`. */
export function cell<K extends string, T>(
  row: Row,
  column: string,
  as: { key: K; read: (value: string | number) => T },
) {
  const value = row[column]
  return (value === null || value === undefined ? {} : { [as.key]: as.read(value) }) as { readonly [P in K]?: T }
}

/** Reads JSON that this store wrote. */
export function parse(value: string | number): unknown {
  return JSON.parse(String(value))
}

/** JSON text, or null for what JSON has no word for. Throws `internal` where a value cannot be written, naming `what`. */
export function json(value: unknown, what: string): string | null {
  if (value === undefined) return null
  try {
    return JSON.stringify(value) ?? null
  } catch (error) {
    throw new GreenloopError('internal', `${what} cannot be written as JSON`, { cause: error })
  }
}

/** A finite number; 0 in place of what is none. */
export function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : 0
}

/** Whole milliseconds, or null. */
export function whole(value: number | undefined): Value {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value)
}

/** Text that both databases can hold: PostgreSQL has no zero byte, UTF-8 no half of a pair. */
export function plain(text: string): string {
  return text.replaceAll('\0', '\u{FFFD}').toWellFormed()
}

/** An id as it is; throws `usage_invalid` where a database would change it. */
export function storable(id: string, what: string): string {
  if (id !== '' && plain(id) === id) return id
  const why = 'it is empty, or holds a zero byte or half of a surrogate pair'
  throw new GreenloopError('usage_invalid', `${what} ${JSON.stringify(id)} cannot be stored`, { why })
}
