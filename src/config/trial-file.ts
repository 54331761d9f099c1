import { resolve } from 'node:path'
import { trialSchema } from '../domain/trial.ts'
import type { Trial } from '../domain/trial.ts'
import { createMapper, listMapping, objectMapping } from './aliases.ts'
import { readDocument } from './document.ts'
import { policyMapping } from './policy-mapping.ts'
import { problemsError } from './problems.ts'
import { validate } from './validate.ts'

const wishes = ['behaviour', 'errorsBefore', 'delaySeconds', 'output']
const wishAliases = { behavior: 'behaviour', delay: 'delaySeconds' }

const trialMapping = objectMapping({
  keys: ['$schema', 'title', 'tasks', 'stub', 'execution'],
  aliases: { name: 'title', policy: 'execution', executionPolicy: 'execution' },
  members: {
    tasks: listMapping(objectMapping({ keys: ['id', 'timeoutSeconds', 'weight', ...wishes], aliases: wishAliases })),
    stub: objectMapping({
      keys: ['delaySeconds', 'failureRate', 'errorRate', 'timeoutRate', 'outputBytes', 'seed'],
      aliases: { delay: 'delaySeconds' },
    }),
    execution: policyMapping,
  },
})

/** Reads the manifest of a trial run, JSON or YAML. Throws `manifest_invalid` with every problem and its place. */
export async function loadTrial(cwd: string, path: string): Promise<Trial> {
  const document = await readDocument(resolve(cwd, path), path)
  const mapper = createMapper(document)
  const mapped = trialMapping({ value: document.value, at: [] }, mapper)
  const spell = (pointer: readonly (string | number)[]) => mapper.spell(mapped, pointer)
  const checked = validate(trialSchema, mapped, {
    locate: (pointer, part) => document.locate(spell(pointer), part),
    spell,
  })
  const problems = [...mapper.problems, ...(checked.ok ? [] : checked.problems)]
  if (!checked.ok || problems.length > 0) throw problemsError('manifest_invalid', path, problems)
  return checked.value
}
