import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'

const text = z.string().min(1)

const replySchema = z
  .strictObject({
    when: z
      .strictObject({ contains: z.union([text, z.array(text).min(1)]) })
      .optional()
      .describe('The prompt must hold this text, or all of these.'),
    text: z.string().optional().describe('What the model says; empty unless set.'),
    file: text.optional().describe('File with what it says, relative to the script.'),
    status: z
      .int()
      .min(200)
      .max(599)
      .default(200)
      .describe('HTTP status; from 400 on the text is the message of the error.'),
    headers: z.record(z.string(), z.string()).default({}).describe('Further headers, such as `retry-after`.'),
    delayMs: z.int().min(0).max(3_600_000).default(0).describe('Wait before the first byte, in milliseconds.'),
    hang: z.boolean().default(false).describe('Never answers.'),
    cut: z.int().min(0).optional().describe('Breaks the connection after so many characters.'),
    finish: z.enum(['stop', 'length']).default('stop').describe('Why the model stopped.'),
    times: z.int().min(1).default(1).describe('How often the reply is given.'),
  })
  .refine((reply) => reply.text === undefined || reply.file === undefined, 'give `text` or `file`, not both')

const scriptSchema = z.strictObject({
  replies: z.array(replySchema).min(1),
  repeat: z.boolean().default(false).describe('The last reply is given again and again.'),
})

/** A reply of the script, its file read. */
export interface ScriptedReply extends Omit<z.output<typeof replySchema>, 'file' | 'when' | 'text'> {
  readonly contains: readonly string[]
  readonly text: string
}

/** What a scripted model says, in turn. */
export interface ModelScript {
  readonly replies: readonly ScriptedReply[]
  readonly repeat: boolean
}

/** Reads a script, JSON, and the files it names. Throws `config_invalid` with every problem. */
export async function readModelScript(path: string): Promise<ModelScript> {
  const parsed = scriptSchema.safeParse(jsonOf(await read(path), path))
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path: at, message }) => ({
      message: `${at.length === 0 ? 'the script' : at.join('.')}: ${message}`,
    }))
    throw new GreenloopError('config_invalid', `${path} is no script of a model`, { problems })
  }
  const replies = await Promise.all(
    parsed.data.replies.map(async ({ when, file, ...reply }) => ({
      ...reply,
      contains: [when?.contains ?? []].flat(),
      text: file === undefined ? (reply.text ?? '') : await read(resolve(dirname(path), file)),
    })),
  )
  return { replies, repeat: parsed.data.repeat }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new GreenloopError('config_invalid', `${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function jsonOf(source: string, path: string): unknown {
  try {
    return JSON.parse(source)
  } catch (cause) {
    throw new GreenloopError('config_invalid', `${path} is not JSON: ${(cause as Error).message}`, { cause })
  }
}

/** Gives the first reply that fits a prompt and is not used up, or the last one where the script repeats. */
export function createTurns({ replies, repeat }: ModelScript): (prompt: string) => ScriptedReply | undefined {
  const left = replies.map((reply) => reply.times)
  return (prompt) => {
    const index = replies.findIndex((reply, at) => (left[at] ?? 0) > 0 && fits(reply, prompt))
    if (index !== -1) left[index] = (left[index] ?? 0) - 1
    const last = replies.at(-1)
    if (index !== -1) return replies[index]
    return repeat && last !== undefined && fits(last, prompt) ? last : undefined
  }
}

function fits(reply: ScriptedReply, prompt: string): boolean {
  return reply.contains.every((part) => prompt.includes(part))
}
