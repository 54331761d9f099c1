import { resolve } from 'node:path'
import { GreenloopError, type Problem } from '../domain/errors.ts'
import { manifestSchema, type RunManifest } from '../domain/manifest.ts'
import { isObject, type Sourced } from './aliases.ts'
import { parseJson } from './document-json.ts'
import { parseText } from './document.ts'
import { readLargeText } from './large-text.ts'
import { problemsError } from './problems.ts'
import { readPart, type View } from './plan-view.ts'
import type { SourceDocument } from './source-document.ts'

/**
 * Reads a manifest, JSON or YAML, and checks it whole. Texts keep their `${NAME}`. Throws `manifest_invalid` with every
 * problem and its place, or what `readDocument` throws.
 */
export async function loadManifest(path: string, surroundings: { readonly cwd: string }): Promise<RunManifest> {
  const [first, ...others] = await loadManifests(path, surroundings)
  if (first !== undefined && others.length === 0) return first
  throw new GreenloopError('manifest_invalid', `\`${path}\` holds ${others.length + 1} manifests, and one is wanted`, {
    place: { file: path },
  })
}

/** Reads a file with one manifest, or with several under `manifests`. Throws as {@link loadManifest} does. */
export async function loadManifests(path: string, { cwd }: { readonly cwd: string }): Promise<readonly RunManifest[]> {
  const text = await readLargeText(resolve(cwd, path), path)
  // JSON is YAML as well, but reading it as JSON is many times faster.
  const document = /^\s*\{/u.test(text) ? jsonOrYaml(text, path) : parseText(text, path)
  return checkManifests(await document)
}

function jsonOrYaml(text: string, path: string): SourceDocument | Promise<SourceDocument> {
  const isFlow = /\.ya?ml$/iu.test(path) && !/^\s*\{\s*"/u.test(text)
  return isFlow ? parseText(text, path) : parseJson(text, path)
}

function checkManifests(document: SourceDocument): readonly RunManifest[] {
  if (isPlan(document.value)) {
    throw new GreenloopError('manifest_invalid', `\`${document.file}\` is a plan, not a manifest`, {
      place: document.locate([]),
      help: 'run it with `greenloop experiment run`, or make its manifests with `greenloop manifest build`',
    })
  }
  const parts = sourcesOf(document).map((source) => readPart(manifestSchema, document, source))
  const views = parts.map(({ view }) => view)
  const problems = [
    ...parts.flatMap((part) => part.problems),
    ...twice(views, 'manifest'),
    ...views.flatMap((view) => [...twice(view.get('cases').items(), 'case'), ...mismatches(view)]),
  ]
  if (parts.length === 0) {
    problems.push({ message: 'the file holds no manifest', place: document.locate(['manifests'], 'key') })
  }
  if (problems.length > 0) throw problemsError('manifest_invalid', `\`${document.file}\``, problems)
  return parts.flatMap(({ checked }) => (checked.ok ? [checked.value] : []))
}

/** Whether a document has what only plans have. */
function isPlan(value: unknown): boolean {
  if (!isObject(value) || 'manifests' in value || 'cases' in value) return false
  return ['datasets', 'scenarios', 'variants', 'workflows', 'test_data'].some((key) => key in value)
}

function sourcesOf({ value }: SourceDocument): Sourced[] {
  const list: unknown = isObject(value) ? value['manifests'] : value
  if (!Array.isArray(list)) return [{ value, at: [] }]
  const base = isObject(value) ? ['manifests'] : []
  return list.map((item: unknown, index) => ({ value: item, at: [...base, index] }))
}

function twice(views: readonly View[], what: string): Problem[] {
  const seen = new Set<string>()
  return views.flatMap((view) => {
    const id = view.get('id')
    if (id.text === undefined) return []
    const isTwice = seen.has(id.text)
    seen.add(id.text)
    return isTwice ? [{ message: `the ${what} \`${id.text}\` is there twice`, place: id.place() }] : []
  })
}

/** The ids beside a workflow and a variant are those that results bear. */
function mismatches(view: View): Problem[] {
  return (['workflow', 'variant'] as const).flatMap((key) => {
    const said = view.get(`${key}Id`)
    const own = view.get(key).get('id').text
    if (said.text === undefined || own === undefined || said.text === own) return []
    return [{ message: `\`${key}_id\` is \`${said.text}\`, but the ${key} is \`${own}\``, place: said.place() }]
  })
}
