import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import type { Prompt, Provider } from '../domain/ports.ts'
import { makeFolders, writeAtomic } from '../lib/files.ts'
import { sha256 } from '../lib/hash.ts'
import { firstDifference } from './drift.ts'

const recordingSchema = z.object({
  schema: z.literal('greenloop.recording/v1'),
  model: z.string(),
  prompt: z.object({ system: z.string(), user: z.string() }),
  answer: z.object({
    text: z.string(),
    reasoning: z.string(),
    finish: z.enum(['stop', 'length', 'unknown']),
    model: z.string(),
    usage: z.object({ inputTokens: z.number(), outputTokens: z.number(), estimated: z.boolean() }),
    durationMs: z.number(),
  }),
})
type Recording = z.output<typeof recordingSchema>

/** Name of a recording: SHA-256 of the canonical request. */
export function recordingKey(prompt: Prompt, model: string): string {
  return sha256(JSON.stringify({ model, system: prompt.system, user: prompt.user }))
}

/** Keeps each answer in `dir`, one JSON file each, for {@link replaying}. Throws `artifact_failed` where that fails. */
export function recording(provider: Provider, dir: string): Provider {
  return {
    ...provider,
    complete: async (prompt, options) => {
      const answer = await provider.complete(prompt, options)
      const model = provider.model ?? answer.model
      const kept: Recording = { schema: 'greenloop.recording/v1', model, prompt, answer }
      await keep(dir, recordingKey(prompt, model), kept)
      return answer
    },
  }
}

/**
 * Answers from the recordings in `dir` and never calls a model. Without `model`, a recording of any model serves.
 * Throws `replay_missing` where none fits, and says what has changed since the nearest one.
 */
export function replaying(dir: string, model?: string): Provider {
  return {
    name: `replay ${dir}`,
    model,
    complete: async (prompt, options) => {
      options.signal.throwIfAborted()
      const { answer } = await find({ dir, prompt, model })
      if (answer.text !== '') options.onText?.(answer.text)
      return answer
    },
  }
}

interface Wanted {
  readonly dir: string
  readonly prompt: Prompt
  readonly model: string | undefined
}

async function find({ dir, prompt, model }: Wanted): Promise<Recording> {
  if (model !== undefined) {
    const exact = await readRecording(join(dir, `${recordingKey(prompt, model)}.json`))
    if (exact !== undefined) return exact
  }
  const all = await readAll(dir)
  const same = all.filter((kept) => kept.prompt.system === prompt.system && kept.prompt.user === prompt.user)
  const [first] = same
  if (model === undefined && first !== undefined) return first
  throw missing({ dir, prompt, model }, { all, same })
}

function missing(
  { dir, prompt, model }: Wanted,
  { all, same }: { readonly all: readonly Recording[]; readonly same: readonly Recording[] },
): GreenloopError {
  const why =
    same.length > 0
      ? `the prompt was recorded with another model: ${same.map((kept) => kept.model).join(', ')}; asked for: ${model}`
      : all.length === 0
        ? 'the folder holds no recording'
        : firstDifference(
            prompt,
            all.map((kept) => kept.prompt),
          )
  return new GreenloopError('replay_missing', `no answer in ${dir} was recorded for this prompt`, {
    why,
    help: `record it: greenloop generate ... --record ${dir}`,
  })
}

async function keep(dir: string, key: string, kept: Recording): Promise<void> {
  try {
    await makeFolders(dir)
    await writeAtomic(join(dir, `${key}.json`), `${JSON.stringify(kept, undefined, 2)}\n`)
  } catch (error) {
    throw new GreenloopError('artifact_failed', `the answer could not be recorded in ${dir}: ${String(error)}`, {
      cause: error,
    })
  }
}

/** More recordings than this are not looked through for the nearest. */
const mostRead = 1000

async function readAll(dir: string): Promise<Recording[]> {
  let names: string[]
  try {
    names = await readdir(dir)
  } catch (error) {
    throw new GreenloopError('file_missing', `the folder of recordings cannot be read: ${dir}`, { cause: error })
  }
  const files = names.filter((name) => /^[0-9a-f]{64}\.json$/u.test(name)).sort()
  const read: Recording[] = []
  for (const name of files.slice(0, mostRead)) {
    const kept = await readRecording(join(dir, name))
    if (kept !== undefined) read.push(kept)
  }
  return read
}

/** `undefined` where there is no such file; a file that is no recording is an error, never a silent miss. */
async function readRecording(path: string): Promise<Recording | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new GreenloopError('file_missing', `a recording cannot be read: ${path}`, { cause: error })
  }
  try {
    return recordingSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new GreenloopError('syntax_invalid', `this is not a recording of an answer: ${path}`, {
      cause: error,
      help: 'delete the file and record again',
    })
  }
}
