import { readJsonModel } from './json-model.ts'
import { readPict, type PictOptions } from './pict-model.ts'
import type { ReadModel } from './pict-report.ts'

/**
 * Reads a model file of either form: JSON where the file is named so or begins with a brace before a key or a line
 * break, else the PICT language. Throws `model_invalid` with every problem and its place.
 */
export function readModel(text: string, options: PictOptions): ReadModel {
  const isJson = /\.json$/iu.test(options.file) || /^\uFEFF?\s*\{\s*(?:"|\n|\r|$)/u.test(text)
  return isJson ? readJsonModel(text, options.file) : readPict(text, options)
}
