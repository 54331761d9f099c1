import type { z } from 'zod'
import type { serverSchema, workflowSchema } from '../domain/workflow.ts'
import { readModel, safeHeaders } from './promptfoo-models.ts'
import type { ImportedModel } from './promptfoo-models.ts'
import { readTransform } from './promptfoo-transform.ts'
import type { Cursor, PromptfooImport } from './promptfoo-source.ts'
import { cursorAt, fileReference } from './promptfoo-source.ts'

type WorkflowInput = z.input<typeof workflowSchema>
type ServerInput = z.input<typeof serverSchema>

/** The catalog and the servers that the providers come to. */
export interface ImportedProviders {
  readonly workflows: readonly WorkflowInput[]
  readonly servers: Readonly<Record<string, ServerInput>>
}

/** What a prompt is to a workflow that is a model: the message of the user, unless the system prompts differ only. */
export interface PromptPlaces {
  /** Message of the user of every prompt, where only their system prompts differ. */
  readonly sharedUser: string | undefined
}

interface Entry {
  readonly id: string
  readonly label: string | undefined
  readonly at: Cursor
  readonly config: Cursor
}

/** Reads `providers` (or `targets`): texts, objects with `id` and `config`, and maps of the two. */
export function readProviders(providers: Cursor, places: PromptPlaces, run: PromptfooImport): ImportedProviders {
  const workflows: WorkflowInput[] = []
  const servers = new Map<string, ServerInput>()
  const entries = providers.items().flatMap((each) => entriesOf(each, run))
  for (const entry of entries) {
    const id = uniqueName(entry.label ?? entry.id, workflows)
    const model = readModel(entry.id, entry.config, run)
    if (model !== undefined) workflows.push(modelWorkflow(id, model, { server: serverFor(model, servers), places }))
    else workflows.push(...otherWorkflow(id, entry, run))
  }
  if (workflows.length === 0) {
    run.note(providers, 'no provider could be taken over; a stub stands in its place')
    workflows.push({ id: 'stub', target: 'stub' })
  }
  return { workflows, servers: Object.fromEntries(servers) }
}

function entriesOf(at: Cursor, run: PromptfooImport): readonly Entry[] {
  if (typeof at.value === 'string') return [{ id: at.value, label: undefined, at, config: at.at('config') }]
  const id = at.at('id')
  if (typeof id.value !== 'string') {
    return at.members().map(([name, each]) => {
      const label = each.at('label').value
      noteRest(each, run)
      return { id: name, label: typeof label === 'string' ? label : undefined, at: each, config: each.at('config') }
    })
  }
  noteRest(at, run)
  const label = at.at('label').value
  return [{ id: id.value, label: typeof label === 'string' ? label : undefined, at, config: at.at('config') }]
}

function noteRest(at: Cursor, run: PromptfooImport): void {
  for (const [key, member] of at.members()) {
    if (!['id', 'label', 'config'].includes(key)) run.note(member, `\`${key}\` of a provider is not taken over`)
  }
}

/** A name for files: letters, digits, `.`, `_` and `-`, not taken by another. */
export function uniqueName(wanted: string, others: readonly { readonly id: string }[]): string {
  const slug = wanted
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')
    .replaceAll(/^[^\p{L}\p{N}]+|-+$/gu, '')
    .slice(0, 90)
  const name = slug === '' ? 'unnamed' : slug
  const taken = new Set(others.map(({ id }) => id))
  let number = 1
  while (taken.has(number === 1 ? name : `${name}-${number}`)) number++
  return number === 1 ? name : `${name}-${number}`
}

/** One server for each address with its key and headers. */
function serverFor({ server, baseUrl, apiKey, headers }: ImportedModel, servers: Map<string, ServerInput>): string {
  const wanted: ServerInput = { baseUrl, ...(apiKey === undefined ? {} : { apiKey }), headers }
  for (const [name, known] of servers) if (JSON.stringify(known) === JSON.stringify(wanted)) return name
  const name = uniqueName(
    server,
    [...servers.keys()].map((id) => ({ id })),
  )
  servers.set(name, wanted)
  return name
}

interface ModelPlace {
  readonly server: string
  readonly places: PromptPlaces
}

function modelWorkflow(id: string, { model, sampling }: ImportedModel, { server, places }: ModelPlace): WorkflowInput {
  return { id, target: 'openai', server, model, prompt: places.sharedUser ?? '{{prompt}}', sampling }
}

function otherWorkflow(id: string, entry: Entry, run: PromptfooImport): readonly WorkflowInput[] {
  if (/^https?(?::\/\/|$)/u.test(entry.id)) return [httpWorkflow(id, entry, run)]
  const file = fileReference(entry.id)
  if (file !== undefined && /\.[cm]?[jt]s$/u.test(file.path)) {
    run.note(
      entry.at,
      `\`${entry.id}\` becomes a module, but the function has another form`,
      'export `execute(task)`: task.prompt and task.inputs come in, `{ outputs, text, usage }` goes back',
    )
    return [{ id, target: 'module', file: run.pathFor(file.path), export: file.name ?? 'execute' }]
  }
  if (entry.id === 'echo') {
    run.note(entry.at, 'the provider `echo` becomes a stub, which echoes the inputs and not the prompt')
    return [{ id, target: 'stub' }]
  }
  run.note(
    entry.at,
    `the provider \`${entry.id}\` is not taken over`,
    'models behind an OpenAI-compatible server are `target: openai`, anything else behind HTTP is `target: http`',
  )
  return []
}

const httpKeys = new Set(['url', 'method', 'headers', 'body', 'transformResponse', 'responseParser', 'queryParams'])

function httpWorkflow(id: string, { id: address, at, config }: Entry, run: PromptfooImport): WorkflowInput {
  for (const [key, member] of config.members()) {
    if (!httpKeys.has(key)) run.note(member, `\`${key}\` of an HTTP provider is not taken over`)
  }
  const given = config.at('url')
  const url = typeof given.value === 'string' ? run.text(given) : address
  const query = config.at('queryParams').members()
  const text = query.map(([name, member]) => `${encodeURIComponent(name)}=${run.text(member)}`).join('&')
  const body = config.at('body')
  const named = config.at('method').value
  const method = typeof named === 'string' ? named.toUpperCase() : body.value === undefined ? 'GET' : 'POST'
  if (/\/(?:workflows\/run|chat-messages|completion-messages)$/u.test(url)) {
    run.note(
      at,
      `\`${url}\` looks like Dify`,
      '`target: dify` also gives nodes, cost and recovery after a broken connection',
    )
  }
  const response = config.at('transformResponse').value === undefined ? 'responseParser' : 'transformResponse'
  const path = readTransform(config.at(response), run)
  return {
    id,
    target: 'http',
    http: {
      url: text === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${text}`,
      method: methodOf(method, config, run),
      headers: safeHeaders(config.at('headers'), run),
      ...(body.value === undefined ? {} : { body: bodyOf(body, run) }),
      ...(path === undefined ? {} : { text: path }),
    },
  }
}

const dumped = /"?\{\{\s*([\p{L}_][\p{L}\p{N}_.]*)\s*\|\s*(?:dump|tojson)(?:\s*\|\s*safe)?\s*\}\}"?/gu

/** A body that is JSON but for values that a filter prints (`{{prompt | dump}}`) becomes that JSON. */
function bodyOf(body: Cursor, run: PromptfooImport): unknown {
  if (typeof body.value !== 'string' || body.value.search(dumped) < 0) return run.deep(body)
  const text = body.value.replaceAll(dumped, '"{{$1}}"')
  try {
    return run.deep(cursorAt(JSON.parse(text), body.place))
  } catch {
    return run.deep(body)
  }
}

function methodOf(method: string, at: Cursor, run: PromptfooImport): 'GET' | 'POST' | 'PUT' | 'PATCH' {
  if (method === 'GET' || method === 'POST' || method === 'PUT' || method === 'PATCH') return method
  run.note(at, `the method ${method} is not known; POST stands in its place`)
  return 'POST'
}
