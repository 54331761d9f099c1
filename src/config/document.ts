import { GreenloopError } from '../domain/errors.ts'
import { readText } from './bytes.ts'
import { parseJson } from './document-json.ts'
import type { SourceDocument } from './source-document.ts'

/**
 * Reads a JSON or YAML file of at most 10 MiB and 500 levels. Throws `file_missing`, `file_too_large` or
 * `syntax_invalid`, the last with every mistake that was found and its place. Messages call the file `name`.
 */
export async function readDocument(path: string, name = path): Promise<SourceDocument> {
  return parseText(await readText(path, name), name)
}

/** Like {@link readDocument}, for a text that is already there; `file` is what messages call it. */
export async function parseText(text: string, file: string): Promise<SourceDocument> {
  if (text.trim() === '') {
    throw new GreenloopError('syntax_invalid', `\`${file}\` is empty`, { place: { file, line: 1, column: 1 } })
  }
  if (formatOf(file, text) === 'json') return parseJson(text, file)
  const { parseYaml } = await import('./document-yaml.ts')
  return parseYaml(text, file)
}

function formatOf(file: string, text: string): 'json' | 'yaml' {
  if (/\.json$/iu.test(file)) return 'json'
  if (/\.ya?ml$/iu.test(file)) return 'yaml'
  return /^\s*[[{]/u.test(text) ? 'json' : 'yaml'
}
