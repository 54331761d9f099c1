import type { Problem } from '../domain/errors.ts'
import { suiteSchema, type Suite } from '../domain/suite.ts'
import { createMapper, isObject } from './aliases.ts'
import { parseText, readDocument } from './document.ts'
import type { Pointer, SourceDocument } from './source-document.ts'
import { problemsError } from './problems.ts'
import { roundedNumbers } from './rounded-numbers.ts'
import { suiteAliasNames, suiteMapping } from './suite-aliases.ts'
import { validate } from './validate.ts'

/** A suite with the file it was read from. */
export interface SuiteFile {
  readonly suite: Suite
  /** Path as it was given. */
  readonly path: string
  /** What was understood, but perhaps not as it was meant. */
  readonly warnings: readonly Problem[]
}

/**
 * Reads a suite from a JSON or YAML file: maps the names that other tools use, fills the defaults, checks everything.
 * Throws `suite_invalid` with every problem and its place, or what `readDocument` throws.
 */
export async function loadSuiteFile(path: string): Promise<SuiteFile> {
  return checkSuite(await readDocument(path))
}

/** The suite of a file, without its warnings. Throws as {@link loadSuiteFile} does. */
export async function loadSuite(path: string): Promise<Suite> {
  return (await loadSuiteFile(path)).suite
}

/** Like {@link loadSuiteFile}, for a text that is already there; `file` is what messages call it. */
export async function parseSuite(text: string, file: string): Promise<SuiteFile> {
  return checkSuite(await parseText(text, file))
}

function checkSuite(document: SourceDocument): SuiteFile {
  const mapper = createMapper(document)
  const mapped = suiteMapping({ value: document.value, at: [] }, mapper)
  const spell = (pointer: Pointer) => mapper.spell(mapped, pointer)
  const checked = validate(suiteSchema, mapped, {
    spell,
    locate: (pointer, part) => document.locate(spell(pointer), part),
    aliases: suiteAliasNames,
  })
  const idPlace = (index: number) => document.locate(spell(['cases', index, 'id']))
  const problems = [...mapper.problems, ...duplicateIds(mapped, idPlace)]
  if (!checked.ok) problems.push(...checked.problems)
  else if (checked.value.cases.length === 0 && checked.value.endpoints.length === 0) {
    problems.push({
      message: 'the suite holds no cases and no endpoints, so there is nothing to test',
      place: document.locate(spell([isObject(mapped) && 'cases' in mapped ? 'cases' : 'name'])),
      help: 'add at least one entry to `cases` or `endpoints`',
    })
  }
  if (problems.length > 0 || !checked.ok) throw problemsError('suite_invalid', `\`${document.file}\``, problems)
  return { suite: checked.value, path: document.file, warnings: [...mapper.warnings, ...roundedNumbers(document)] }
}

/** Looks at the mapped value, not the checked one, so that these are listed together with other problems. */
function duplicateIds(mapped: unknown, place: (index: number) => Problem['place']): Problem[] {
  const cases: unknown = isObject(mapped) ? mapped['cases'] : undefined
  if (!Array.isArray(cases)) return []
  const first = new Map<string, number>()
  const problems: Problem[] = []
  for (const [index, item] of cases.entries()) {
    const id: unknown = isObject(item) ? item['id'] : undefined
    if (typeof id !== 'string') continue
    const earlier = first.get(id.trim())
    if (earlier === undefined) {
      first.set(id.trim(), index)
      continue
    }
    const at = place(index)
    const message = `the id \`${id}\` is already that of the case on line ${place(earlier)?.line ?? '?'}`
    problems.push({ message, ...(at === undefined ? {} : { place: at }), help: 'every case needs an id of its own' })
  }
  return problems
}
