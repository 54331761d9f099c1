import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Generation, Script } from '../domain/generation.ts'
import { sha256 } from '../lib/hash.ts'

type Told = Omit<Generation, 'prompt' | 'answer' | 'script'>

/** What goes on record of a script: all but the texts, which lie in the folder of the run. */
interface GeneratedRecord extends Told {
  readonly script: Omit<Script, 'code'>
  /** SHA-256 of the script. */
  readonly digest: string
}

/** The record of a generation that gave a script. */
export function generatedRecord({
  prompt: _prompt,
  answer: _answer,
  script,
  ...told
}: Generation): GeneratedRecord | undefined {
  if (script === undefined || told.status !== 'finished') return undefined
  const { code, ...rest } = script
  return { ...told, script: rest, digest: sha256(code) }
}

/** The generation of a record, if its script still lies in the folder as it was. */
export async function readGenerated(data: unknown, runDir: string): Promise<Omit<Generation, 'prompt'> | undefined> {
  if (typeof data !== 'object' || data === null || !('digest' in data)) return undefined
  const { script, digest, ...told } = data as GeneratedRecord
  const code = await readFile(join(runDir, script.name), 'utf8').catch(() => undefined)
  if (code === undefined || sha256(code) !== digest) return undefined
  const answer = await readFile(join(runDir, 'answer.md'), 'utf8').catch(() => '')
  return { ...told, answer, script: { ...script, code } }
}
