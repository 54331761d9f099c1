import type { Generation } from '../domain/generation.ts'

/** What is there of a generation when the model failed before it answered. */
type Begun = Pick<Generation, 'prompt' | 'calls'> & Partial<Generation>

/** The texts that tell how a script came to be, by file name: prompt, raw answer, script, and the record of it all. */
export function generationFiles(generation: Begun): Record<string, string> {
  const { prompt, answer, script, ...record } = generation
  return {
    'prompt.md': `${prompt.system}\n\n${prompt.user}\n`,
    ...(answer === undefined ? {} : { 'answer.md': answer }),
    ...(script === undefined ? {} : { [script.name]: script.code }),
    'generation.json': `${JSON.stringify({ ...record, ...(script === undefined ? {} : { script: { ...script, code: undefined } }) }, null, 2)}\n`,
  }
}
