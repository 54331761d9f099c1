import type { Place } from '../domain/errors.ts'

/** The way to a value inside a document: keys and indices from its root. */
export type Pointer = readonly (string | number)[]

/** Deepest nesting of a document that is read. */
export const maxDepth = 500

/** A JSON or YAML file as it was read, not yet checked against a schema. */
export interface SourceDocument {
  readonly file: string
  readonly format: 'json' | 'yaml'
  readonly value: unknown
  /** Place of the value under `pointer`, or of its key. What does not exist has the place of what would hold it. */
  locate(pointer: Pointer, part?: 'key' | 'value'): Place
}
