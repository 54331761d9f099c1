import type { Cursor, PromptfooImport } from './promptfoo-source.ts'

/** A model behind an OpenAI-compatible server, as a configuration names it. */
export interface ImportedModel {
  /** Name for the server: `openai`, `ollama`. */
  readonly server: string
  readonly model: string
  readonly baseUrl: string
  readonly apiKey: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly sampling: Readonly<Record<string, unknown>>
}

interface Vendor {
  readonly baseUrl: string
  readonly key?: string
}

/** Base URLs as the vendors publish them, and the variables that their keys usually lie in. */
const vendors: Readonly<Record<string, Vendor>> = {
  openai: { baseUrl: '${OPENAI_BASE_URL:-https://api.openai.com/v1}', key: 'OPENAI_API_KEY' },
  vllm: { baseUrl: '${VLLM_BASE_URL:-http://localhost:8000/v1}' },
  localai: { baseUrl: '${LOCALAI_BASE_URL:-http://localhost:8080/v1}' },
  ollama: { baseUrl: '${OLLAMA_BASE_URL:-http://localhost:11434}/v1' },
  llamafile: { baseUrl: 'http://localhost:8080/v1' },
  openrouter: { baseUrl: 'https://openrouter.ai/api/v1', key: 'OPENROUTER_API_KEY' },
  deepseek: { baseUrl: 'https://api.deepseek.com/v1', key: 'DEEPSEEK_API_KEY' },
  groq: { baseUrl: 'https://api.groq.com/openai/v1', key: 'GROQ_API_KEY' },
  mistral: { baseUrl: 'https://api.mistral.ai/v1', key: 'MISTRAL_API_KEY' },
  togetherai: { baseUrl: 'https://api.together.xyz/v1', key: 'TOGETHER_API_KEY' },
  xai: { baseUrl: 'https://api.x.ai/v1', key: 'XAI_API_KEY' },
  alibaba: { baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1', key: 'DASHSCOPE_API_KEY' },
  dashscope: { baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1', key: 'DASHSCOPE_API_KEY' },
}

const sent = new Set([
  'temperature',
  'max_tokens',
  'max_completion_tokens',
  'top_p',
  'top_k',
  'frequency_penalty',
  'presence_penalty',
  'seed',
  'stop',
  'response_format',
  'reasoning_effort',
  'logit_bias',
])
const understood = new Set(['apiKey', 'apiKeyEnvar', 'apiBaseUrl', 'apiHost', 'organization', 'passthrough', 'headers'])

/** Reads a provider of the form `openai:chat:gpt-4o`; `undefined` where it is of another kind. */
export function readModel(id: string, config: Cursor, run: PromptfooImport): ImportedModel | undefined {
  const [prefix = '', ...rest] = id.split(':')
  const vendor = vendors[prefix]
  const isTyped =
    rest.length > 1 && ['chat', 'completion', 'responses', 'embedding', 'embeddings'].includes(rest[0] ?? '')
  const model = (isTyped ? rest.slice(1) : rest).join(':')
  if (vendor === undefined || model === '' || (prefix === 'openai' && otherKinds.has(rest[0] ?? ''))) return undefined
  if (isTyped && rest[0] === 'responses') run.note(config, `\`${id}\` is asked by chat completions, not by responses`)
  const sampling: Record<string, unknown> = {}
  for (const [key, member] of config.members()) {
    if (sent.has(key)) sampling[key] = run.deep(member)
    else if (!understood.has(key)) run.note(member, `\`${key}\` of the provider \`${id}\` is not taken over`)
  }
  for (const [key, member] of config.at('passthrough').members()) sampling[key] = run.deep(member)
  return {
    server: prefix,
    model,
    baseUrl: baseUrlOf(config, run) ?? vendor.baseUrl,
    apiKey: keyOf(config, vendor.key, run),
    headers: headersOf(config, run),
    sampling,
  }
}

const otherKinds = new Set([
  'image',
  'assistant',
  'realtime',
  'moderation',
  'codex',
  'transcription',
  'agents',
  'video',
])

function baseUrlOf(config: Cursor, run: PromptfooImport): string | undefined {
  const base = config.at('apiBaseUrl')
  const host = config.at('apiHost')
  if (typeof base.value === 'string') return run.text(base)
  return typeof host.value === 'string' ? `https://${run.text(host)}/v1` : undefined
}

function headersOf(config: Cursor, run: PromptfooImport): Record<string, string> {
  const organization = config.at('organization')
  return {
    ...safeHeaders(config.at('headers'), run),
    ...(typeof organization.value === 'string' ? { 'OpenAI-Organization': run.text(organization) } : {}),
  }
}

/** Keys are never copied: what stands there in full becomes a variable of the environment. */
function keyOf(config: Cursor, usual: string | undefined, run: PromptfooImport): string | undefined {
  const named = config.at('apiKeyEnvar').value
  const variable = typeof named === 'string' ? named : usual
  const given = config.at('apiKey')
  if (typeof given.value !== 'string') return variable === undefined ? undefined : `\${${variable}}`
  const text = run.text(given)
  if (isVariable(text)) return text
  return secretVariable(variable ?? 'API_KEY', given, run)
}

const isVariable = (text: string): boolean => /(?<!\$)\$\{\w+\}/u.test(text)

function secretVariable(name: string, at: Cursor, run: PromptfooImport): string {
  run.note(at, `a secret is not copied; the environment has to give it as \`${name}\``)
  return `\${${name}}`
}

const secretHeader = /authorization|api-?key|token|secret|cookie/iu

/** Headers as they are, but for keys that stand there in full. */
export function safeHeaders(headers: Cursor, run: PromptfooImport): Record<string, string> {
  return Object.fromEntries(
    headers.members().map(([name, at]) => {
      const text = run.text(at)
      if (!secretHeader.test(name) || isVariable(text) || text.includes('{{')) return [name, text]
      return [name, secretVariable(name.toUpperCase().replaceAll(/[^A-Z0-9]+/gu, '_'), at, run)]
    }),
  )
}
