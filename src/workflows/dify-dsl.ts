import { GreenloopError, type Problem } from '../domain/errors.ts'
import type { Patch, PatchedDsl, PatchedPlace } from '../domain/patch.ts'
import { at, isRecord, placeAtPath, readDsl, textOf } from './dify-dsl-document.ts'
import type { DslDocument } from './dify-dsl-document.ts'
import { editAll, withValue } from './dify-dsl-edit.ts'
import type { DslEdit } from './dify-dsl-edit.ts'
import { meaningHash } from './dify-dsl-meaning.ts'
import { holdersOf, modelPathOf, placesOf } from './dify-dsl-places.ts'
import type { DslPlace } from './dify-dsl-places.ts'
import { brokenReferences, knownNames, missingJinjaNames } from './dify-dsl-references.ts'
import type { KnownNames } from './dify-dsl-references.ts'
import type { DslScalar } from './dify-dsl-scalar.ts'
import { missingParameters, select } from './dify-dsl-select.ts'
import type { Selection } from './dify-dsl-select.ts'
import { newValue } from './dify-dsl-text.ts'

/**
 * Applies patches, in their order, to the exported description of an app. Only the source of the values that are hit is
 * rewritten. Throws `patch_invalid` with the problems of all patches together, and as {@link readDsl} does.
 */
export function applyPatches(dsl: string, patches: readonly Patch[], file = 'the app description'): PatchedDsl {
  const original = readDsl(dsl, file)
  let current = original
  const places: PatchedPlace[] = []
  const problems: Problem[] = []
  /** The last value of each place; the text is written once, at the end. */
  const edits = new Map<string, DslEdit>()
  for (const [index, patch] of patches.entries()) {
    const applied = applyPatch(current, patch, index)
    problems.push(...applied.problems)
    places.push(...applied.places)
    for (const edit of applied.edits) edits.set(edit.path.join('\0'), edit)
    current = { ...current, value: applied.value }
  }
  const edited = editAll(original, [...edits.values()], ({ path }, why) => {
    const index = places.find((place) => place.path === path)?.patch ?? 0
    problems.push({ message: `patch ${index + 1}: ${why}`, place: placeAtPath(original, path) })
  })
  if (problems.length > 0) {
    const [only] = problems
    const message = problems.length === 1 && only ? only.message : `patches do not fit \`${file}\``
    throw new GreenloopError('patch_invalid', message, { place: only?.place ?? { file }, problems })
  }
  return { text: edited.text, hash: meaningHash(edited.value), places, warnings: warningsOf(edited) }
}

/** Every place of a description that a patch can select by name. Throws as {@link readDsl} does. */
export function listPlaces(dsl: string, file?: string): readonly DslPlace[] {
  return placesOf(readDsl(dsl, file))
}

interface Applied {
  /** What the description means now. */
  readonly value: DslDocument['value']
  readonly edits: readonly DslEdit[]
  readonly places: readonly PatchedPlace[]
  readonly problems: readonly Problem[]
}

function applyPatch(dsl: DslDocument, patch: Patch, index: number): Applied {
  const name = `patch ${index + 1}`
  const found = select(dsl, patch.select)
  const added = patch.op === 'set' && found.hits.length === 0 ? missingParameters(dsl, patch.select) : []
  const hits = added.length > 0 ? added : found.hits
  const count = hits.length
  if (patch.times === 'all' ? count === 0 : count !== patch.times) {
    const message = `${name} ${missText({ ...found, hits }, patch)}`
    const problems = [{ message, place: placeAtPath(dsl, hits[0]?.path ?? []) }]
    return { value: dsl.value, edits: [], places: [], problems }
  }
  let { value } = dsl
  const edits: DslEdit[] = []
  const places: PatchedPlace[] = []
  const problems: Problem[] = []
  const names = knownNames(value)
  for (const hit of hits) {
    const made = newValue(patch, hit)
    const wrong = 'problem' in made ? [made.problem] : textProblems(dsl, hit, { names, value: made.value })
    const place = placeAtPath(dsl, hit.path)
    problems.push(...wrong.map((why) => ({ message: `${name}, ${titleOf(hit)}: ${why}`, place })))
    if ('problem' in made || wrong.length > 0) continue
    const { nodeId, title, nodeType, path, text: before } = hit
    value = withValue(value, path, made.value) as DslDocument['value']
    edits.push({ path, value: made.value })
    places.push({ patch: index, nodeId, title, nodeType, path, before, after: textOf(made.value) ?? '' })
  }
  return { value, edits, places, problems }
}

interface Change {
  readonly names: KnownNames
  readonly value: DslScalar
}

function textProblems(dsl: DslDocument, hit: DslPlace, { names, value }: Change): readonly string[] {
  const after = { ...hit, after: textOf(value) ?? '' }
  const data = hit.jinja ? at(dsl.value, hit.path.slice(0, hit.path.indexOf('data') + 1)) : undefined
  const missing = missingJinjaNames(after, isRecord(data) ? data : {})
  return [
    ...brokenReferences(after, names),
    ...missing.map((name) => `\`{{ ${name} }}\` has no entry among the node's variables for Jinja`),
  ]
}

const candidatesShown = 10

function missText({ hits, candidates, meant }: Selection, { times, select: selector }: Patch): string {
  const wanted = times === 'all' ? 'at least one is' : `${times} ${times === 1 ? 'is' : 'are'}`
  const what = JSON.stringify(selector)
  if (hits.length > 0) {
    return `selects ${hits.length} places with ${what}, and ${wanted} wanted: ${listed(hits)}. Say \`message\`, \`field\` or \`node\`, or set \`times\`.`
  }
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`
  return `selects no place with ${what}, and ${wanted} wanted.${hint} Places that can be selected: ${listed(candidates)}.`
}

function listed(places: readonly DslPlace[]): string {
  const shown = places.slice(0, candidatesShown).map(titleOf)
  const more = places.length - shown.length
  return more > 0 ? `${shown.join('; ')}; and ${more} more` : shown.join('; ')
}

/** A place in words: ``node 17 "Answer" (llm), prompt, message 0 (system)``. */
export function titleOf({ nodeId, title, nodeType, field, message }: DslPlace): string {
  const node = nodeId === undefined ? 'app' : `node ${nodeId} "${title ?? ''}" (${nodeType ?? 'custom'})`
  const role = message?.role === undefined ? '' : ` (${message.role})`
  return `${node}, ${field}${message === undefined ? '' : `, message ${message.index}${role}`}`
}

function warningsOf({ value }: DslDocument): readonly string[] {
  const version = textOf(value['version']) ?? '0.1.0'
  const warnings = /^0\.\d+(?:\.\d+)?$/u.test(version)
    ? []
    : [`the description has the version ${version}; known are versions up to 0.x`]
  for (const holder of holdersOf(value)) {
    const name = holder.nodeId === undefined ? 'the app' : `node ${holder.nodeId} "${holder.title ?? ''}"`
    if (at(holder.data, ['retry_config', 'retry_enabled']) === true) {
      const most = textOf(at(holder.data, ['retry_config', 'max_retries'])) ?? 'some'
      warnings.push(`${name} retries by itself (${most} times), which multiplies with the retries of the plan`)
    }
    const model = modelPathOf(holder)
    const wants = holder.nodeType === 'llm' || isRecord(holder.data['model'])
    const has = model !== undefined && Boolean(at(holder.data, [...model, 'name']))
    if (wants && !has) warnings.push(`${name} has no model`)
  }
  return warnings
}
