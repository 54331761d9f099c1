import type { CaseSpec } from '../domain/case.ts'
import type { CheckSpec } from '../domain/check.ts'
import type { RunManifest } from '../domain/manifest.ts'
import { fill } from '../lib/fill.ts'
import type { Variables } from '../lib/fill.ts'
import { fillCheck } from './check-fill.ts'
import { nameOf } from './check-name.ts'

/** What placeholders would stay empty: in every case, so that nothing could work, or in some. */
export interface Unfilled {
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** Names that every request knows, besides inputs. */
const ownNames: Variables = {
  sampling: {},
  user: '',
  key: '',
  conversation_id: '',
  history: [],
  files: [],
  model: '',
  inputs: {},
  query: '',
  prompt: '',
}

/** Looks for placeholders of requests, prompts and checks that no row, parameter or variant fills. */
export function unfilledPlaceholders(manifests: readonly RunManifest[]): Unfilled {
  const kinds = new Map<string, Kind[]>()
  const found = manifests.map((manifest) => {
    const known = kinds.get(manifest.workflowId) ?? kindsOf(manifest.cases)
    kinds.set(manifest.workflowId, known)
    return [...inRequest(manifest, known), ...inChecks(manifest, known)]
  })
  const all = found.flat()
  const texts = (isProblem: boolean): string[] => [
    ...new Set(all.filter((each) => each.isProblem === isProblem).map(({ text }) => text)),
  ]
  return { problems: texts(true), warnings: texts(false) }
}

/** Cases whose rows have the same columns, with one of them. */
interface Kind {
  readonly example: CaseSpec
  count: number
}

function kindsOf(cases: readonly CaseSpec[]): Kind[] {
  const kinds = new Map<string, Kind>()
  for (const spec of cases) {
    const [turn] = spec.turns ?? []
    const names = [spec.inputs, spec.vars, turn?.inputs ?? {}].map((values) => Object.keys(values).join('\n'))
    const key = JSON.stringify([...names, spec.checks.length])
    const kind = kinds.get(key)
    if (kind === undefined) kinds.set(key, { example: spec, count: 1 })
    else kind.count++
  }
  return [...kinds.values()]
}

interface Found {
  readonly text: string
  readonly isProblem: boolean
}

function inRequest(manifest: RunManifest, kinds: readonly Kind[]): Found[] {
  const { id, workflow, variant } = manifest
  const optional = workflow.parameters.filter(({ required }) => !required).map(({ name }) => [name, ''])
  const usual = { ...Object.fromEntries(optional), ...variant.sampling, ...ownNames }
  const variablesOf = ({ inputs, turns }: CaseSpec): Variables => {
    const [turn] = turns ?? []
    return { ...usual, ...inputs, ...turn?.inputs, ...variant.inputs }
  }
  return [
    ...missingIn(kinds, (spec) => missingNames(templatesOf(manifest), variablesOf(spec))).map(
      told(id, 'request', true),
    ),
    // A prompt may hold braces that mean nothing, so that this is no more than a hint.
    ...missingIn(kinds, (spec) => missingNames(variant.prompt, variablesOf(spec))).map(told(id, 'prompt', false)),
  ]
}

function templatesOf({ workflow, variant }: RunManifest): unknown {
  if (workflow.target === 'http') {
    const { url, headers, body } = workflow.http
    return [url, headers, body]
  }
  if (workflow.target !== 'openai') return undefined
  const takesPrompt = /\{\{\s*prompt\s*\}\}/u.test(workflow.prompt ?? '')
  return [workflow.prompt, takesPrompt || variant.prompt === undefined ? workflow.system : variant.prompt]
}

function missingNames(template: unknown, variables: Variables): string[] {
  const missing = new Set<string>()
  fill(template, variables, (name) => missing.add(name))
  return [...missing]
}

function inChecks({ workflowId, evaluation }: RunManifest, kinds: readonly Kind[]): Found[] {
  const missingFor = (check: CheckSpec) => (spec: CaseSpec) => {
    const [turn] = spec.turns ?? []
    const columns = { ...spec.parameters, ...spec.inputs, ...spec.vars, ...turn?.inputs }
    return fillCheck(check, columns).missing
  }
  return evaluation.checks.flatMap((check) =>
    missingIn(kinds, missingFor(check)).map(told(workflowId, `check "${nameOf(check)}"`, false)),
  )
}

interface Missing {
  readonly name: string
  readonly count: number
  readonly isAll: boolean
  readonly example: CaseSpec
}

function missingIn(kinds: readonly Kind[], missingFor: (spec: CaseSpec) => readonly string[]): Missing[] {
  const total = kinds.reduce((sum, { count }) => sum + count, 0)
  const lacking = kinds.flatMap(({ example, count }) => missingFor(example).map((name) => ({ name, count, example })))
  return [...Map.groupBy(lacking, ({ name }) => name)].flatMap(([name, own]) => {
    const [first] = own
    const count = own.reduce((sum, each) => sum + each.count, 0)
    return first === undefined ? [] : [{ name, count, isAll: count === total, example: first.example }]
  })
}

function told(id: string, what: string, canRefuse: boolean): (missing: Missing) => Found {
  return ({ name, count, isAll, example }) => {
    const some = `is missing in "${example.name}"${count === 1 ? '' : ` and ${count - 1} more`}`
    const text = `\`${id}\`: the ${what} names \`{{${name}}}\`, which ${isAll ? 'no case has' : some}`
    const mend = canRefuse ? '; add it to the rows, or to the `parameters` of the workflow' : ''
    return { text: `${text}${mend}`, isProblem: canRefuse && isAll }
  }
}
