import { at, isRecord } from './dify-dsl-document.ts'
import { holdersOf } from './dify-dsl-places.ts'
import type { DslHolder, DslPlace } from './dify-dsl-places.ts'

/** Names that a description offers to its references. */
export interface KnownNames {
  /** Outputs by node id; `undefined` where only the server knows them. */
  readonly nodes: ReadonlyMap<string, ReadonlySet<string> | undefined>
  readonly env: ReadonlySet<string>
  readonly conversation: ReadonlySet<string>
  /** Variables of the form of an app without nodes. */
  readonly form: ReadonlySet<string>
  readonly hasGraph: boolean
}

const reference = /\{\{#([^{}]*?)#\}\}/gu
const formVariable = /\{\{([A-Za-z_]\w{0,99})\}\}/gu
const contextual = new Set(['context', 'histories', 'query', 'pre_prompt'])
/** Scopes whose members only the server knows all. */
const openScopes = new Set(['sys', 'rag'])

/** Collects what references of a description may name. */
export function knownNames(value: Readonly<Record<string, unknown>>): KnownNames {
  const holders = holdersOf(value)
  const hasGraph = isRecord(value['workflow'])
  return {
    nodes: new Map(
      holders.flatMap((holder) => (holder.nodeId === undefined ? [] : [[holder.nodeId, outputsOf(holder)]])),
    ),
    env: namesOf(at(value, ['workflow', 'environment_variables']), 'name'),
    conversation: namesOf(at(value, ['workflow', 'conversation_variables']), 'name'),
    form: formNames(at(value, ['model_config', 'user_input_form'])),
    hasGraph,
  }
}

/** Only of these nodes does the description itself say what comes out. */
function outputsOf({ nodeType, data }: DslHolder): ReadonlySet<string> | undefined {
  switch (nodeType) {
    case 'start':
      return namesOf(data['variables'], 'variable')
    case 'code':
      return new Set([...Object.keys(data['outputs'] ?? {}), 'error_message', 'error_type'])
    case 'parameter-extractor':
      return new Set([...namesOf(data['parameters'], 'name'), '__is_success', '__reason', '__usage'])
    case undefined:
    default:
      return undefined
  }
}

function namesOf(list: unknown, key: string): ReadonlySet<string> {
  return new Set(Array.isArray(list) ? list.map((item: unknown) => String(at(item, [key]))) : [])
}

function formNames(form: unknown): ReadonlySet<string> {
  const fields = Array.isArray(form) ? form.flatMap((item: unknown) => (isRecord(item) ? Object.values(item) : [])) : []
  return namesOf(fields, 'variable')
}

/**
 * References of a new text that lead nowhere, in words, those left out that the old text had already. What only the
 * server can know counts as there.
 */
export function brokenReferences(place: DslPlace & { readonly after: string }, names: KnownNames): readonly string[] {
  const before = new Set(problemsOf(place, { text: place.text, names }))
  return problemsOf(place, { text: place.after, names }).filter((problem) => !before.has(problem))
}

interface Named {
  readonly text: string
  readonly names: KnownNames
}

function problemsOf(place: DslPlace, { text, names }: Named): readonly string[] {
  const found = new Set<string>()
  for (const [whole, inner = ''] of text.matchAll(reference)) {
    const why = place.jinja ? 'does not work in a Jinja template' : referenceProblem(inner.trim(), names)
    if (why !== undefined) found.add(`\`${whole}\` ${why}`)
  }
  if (!names.hasGraph) {
    for (const [whole, name = ''] of text.matchAll(formVariable)) {
      if (!names.form.has(name) && !contextual.has(name)) {
        found.add(`\`${whole}\` names no field of the form${listed(names.form)}`)
      }
    }
  }
  return [...found]
}

function referenceProblem(inner: string, names: KnownNames): string | undefined {
  const [scope = '', name = '', ...rest] = inner.split('.')
  if (name === '') return contextual.has(scope) ? undefined : 'is no reference: a node id and a variable are wanted'
  if (openScopes.has(scope)) return undefined
  if (scope === 'env') return names.env.has(name) ? undefined : `names no environment variable${listed(names.env)}`
  if (scope === 'conversation') {
    return names.conversation.has(name) ? undefined : `names no conversation variable${listed(names.conversation)}`
  }
  if (!names.nodes.has(scope)) return `names the node \`${scope}\`, which is not there`
  const outputs = names.nodes.get(scope)
  const isKnown = outputs === undefined || outputs.has(name) || outputs.has([name, ...rest].join('.'))
  return isKnown ? undefined : `names \`${name}\`, which the node does not give${listed(outputs)}`
}

function listed(names: ReadonlySet<string>): string {
  return names.size === 0 ? '' : ` (there are: ${[...names].slice(0, 20).join(', ')})`
}

/** Names of a Jinja text of the server's that have no variable behind them, where the old text did not have them already. */
export function missingJinjaNames(
  place: DslPlace & { readonly after: string },
  data: DslHolder['data'],
): readonly string[] {
  if (!place.jinja) return []
  const list =
    place.nodeType === 'template-transform' ? data['variables'] : at(data, ['prompt_config', 'jinja2_variables'])
  const given = namesOf(list, 'variable')
  const before = new Set(jinjaNames(place.text))
  return jinjaNames(place.after).filter((name) => !given.has(name) && !before.has(name))
}

const expressions = /\{\{-?([\s\S]*?)-?\}\}|\{%-?([\s\S]*?)-?%\}/gu
const texts = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/gu
const keywords = new Set(
  'and or not in is if else elif endif for endfor set endset macro endmacro call endcall filter endfilter block endblock raw endraw include import from as with without context recursive break continue true false none True False None loop range dict namespace cycler joiner lipsum defined undefined'.split(
    ' ',
  ),
)

/** Names that a Jinja text takes from outside: no keywords, filters, tests, members, or names that it sets itself. */
export function jinjaNames(text: string): readonly string[] {
  const own = new Set<string>()
  const used = new Set<string>()
  const bare = text.replaceAll(/\{#[\s\S]*?#\}|\{%-?\s*raw\s*-?%\}[\s\S]*?\{%-?\s*endraw\s*-?%\}/gu, '')
  for (const [, expression, statement] of bare.matchAll(expressions)) {
    const code = (expression ?? statement ?? '').replaceAll(texts, '""')
    if (statement !== undefined) for (const name of ownNames(code)) own.add(name)
    const outer = code.replaceAll(/(?:\||\bis\s+(?:not\s+)?|\.)\s*[A-Za-z_]\w*|\b[A-Za-z_]\w*\s*=(?!=)/gu, ' ')
    for (const [name] of outer.matchAll(/\b[A-Za-z_]\w*/gu)) if (!keywords.has(name)) used.add(name)
  }
  return [...used].filter((name) => !own.has(name))
}

function ownNames(statement: string): readonly string[] {
  const [, loop, set, macro, parameters = ''] =
    /^\s*(?:for\s+([\w\s,()]+?)\s+in\b|set\s+([\w\s,.]+?)\s*(?:=|$)|(?:macro|call)\s*(\w*)\s*\(([^)]*)\))/u.exec(
      statement,
    ) ?? []
  const source = [loop, set, macro, parameters].filter((part) => part !== undefined).join(' ')
  return [...source.matchAll(/[A-Za-z_]\w*/gu)].map(([name]) => name)
}
