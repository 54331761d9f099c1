import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { z } from 'zod'
import type { ErrorCode } from '../domain/errors.ts'
import { errorCatalog, GreenloopError } from '../domain/errors.ts'
import type { Answer, CallOptions, Prompt, Provider } from '../domain/ports.ts'
import { monotonic, sleep } from '../lib/clock.ts'
import { estimateTokens } from '../lib/tokens.ts'
import { readCompletion } from './completion.ts'

/** Where the answers of a mock model stand. */
export interface MockConfig {
  /**
   * A text file is the answer. A `.json` file may be a list of scripted answers, used in turn with the last one
   * repeated, or a chat completion of an OpenAI-compatible server.
   */
  readonly file: string
}

const failures = new Set<ErrorCode>(
  Object.keys(errorCatalog).filter((code): code is ErrorCode => code.startsWith('llm_')),
)
const scripted = z.strictObject({
  text: z.string().default(''),
  reasoning: z.string().default(''),
  finish: z.enum(['stop', 'length', 'unknown']).default('stop'),
  delayMs: z.int().min(0).max(600_000).default(0),
  /** Fails with this error instead; `text` is then what came before. */
  status: z.custom<ErrorCode>((value) => failures.has(value as ErrorCode), 'status must be an llm_* error').optional(),
})
type Scripted = z.output<typeof scripted>

const maxFileBytes = 16 * 1024 * 1024

/** A model that answers from a file; it stands in for a real one in demonstrations, tests and CI. */
export function mockProvider({ file }: MockConfig): Provider {
  let calls = 0
  const name = `mock ${basename(file)}`
  const complete = async (prompt: Prompt, options: CallOptions): Promise<Answer> => {
    const startedAt = monotonic()
    const answers = readScript(file, await readText(file))
    const { text, reasoning, finish, delayMs, status } = answers[Math.min(calls++, answers.length - 1)] ?? plain('')
    await sleep(delayMs, options.signal)
    for (const line of text.match(/[^\n]*\n|[^\n]+$/gu) ?? []) options.onText?.(line)
    if (status !== undefined)
      throw new GreenloopError(status, `scripted failure in ${file}`, { call: { partial: text } })
    return {
      text,
      reasoning,
      finish,
      model: name,
      usage: {
        inputTokens: estimateTokens(prompt.system + prompt.user),
        outputTokens: estimateTokens(text + reasoning),
        estimated: true,
      },
      durationMs: Math.round(monotonic() - startedAt),
    }
  }
  return { name, model: name, complete }
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size > maxFileBytes) throw new GreenloopError('file_too_large', `the mock answer is too large: ${file}`)
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof GreenloopError) throw error
    throw new GreenloopError('file_missing', `the mock answer cannot be read: ${file}`, { cause: error })
  }
}

function readScript(file: string, text: string): readonly Scripted[] {
  const value = file.endsWith('.json') ? parsed(text) : undefined
  if (Array.isArray(value)) {
    const list = z.array(scripted).min(1).safeParse(value)
    if (list.success) return list.data
    throw new GreenloopError(
      'config_invalid',
      `${file} is no list of scripted answers: ${z.prettifyError(list.error)}`,
      {
        help: 'each is { "text": "...", "finish"?: "stop", "delayMs"?: 0, "status"?: "llm_timeout" }',
      },
    )
  }
  if (typeof value === 'object' && value !== null && 'choices' in value) {
    const piece = readCompletion(text)
    return [{ ...plain(piece.text), reasoning: piece.reasoning, finish: piece.finish ?? 'unknown' }]
  }
  return [plain(text)]
}

/** A file that ends in .json and is none is an answer like any other. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function plain(text: string): Scripted {
  return { text, reasoning: '', finish: 'stop', delayMs: 0 }
}
