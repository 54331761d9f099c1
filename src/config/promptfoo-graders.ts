import type { z } from 'zod'
import type { modelSchema } from '../domain/workflow.ts'
import { readModel } from './promptfoo-models.ts'
import type { Cursor, PromptfooImport } from './promptfoo-source.ts'

type ModelInput = z.input<typeof modelSchema>

/** The models that checks ask, gathered while they are read. */
export interface Graders {
  /** Name of the model that a `provider` stands for; the usual one where there is none. */
  nameOf(kind: 'judge' | 'embeddings', provider: Cursor): string | undefined
  /** Every model by name, with those that `evaluation` names as the usual ones. */
  models(): Readonly<Record<string, ModelInput>>
}

const usual: Readonly<Record<'judge' | 'embeddings', ModelInput>> = {
  judge: { baseUrl: 'https://api.openai.com/v1', model: 'gpt-4.1', apiKey: '${OPENAI_API_KEY}' },
  embeddings: { baseUrl: 'https://api.openai.com/v1', model: 'text-embedding-3-large', apiKey: '${OPENAI_API_KEY}' },
}

/** Starts to gather. `fallback` is the grader of `defaultTest.options`. */
export function gatherGraders(fallback: Cursor, run: PromptfooImport): Graders {
  const models = new Map<string, ModelInput>()
  const add = (name: string, provider: Cursor): boolean => {
    const id = typeof provider.value === 'string' ? provider.value : provider.at('id').value
    const model = typeof id === 'string' ? readModel(id, provider.at('config'), run) : undefined
    if (model === undefined) {
      run.note(provider, 'the model that grades is not taken over', 'write it under `models` of env.yaml')
      return false
    }
    const { temperature } = model.sampling
    models.set(name, {
      baseUrl: model.baseUrl,
      model: model.model,
      ...(model.apiKey === undefined ? {} : { apiKey: model.apiKey }),
      ...(typeof temperature === 'number' ? { temperature } : {}),
    })
    return true
  }
  const useUsual = (kind: 'judge' | 'embeddings', at: Cursor): void => {
    if (models.has(kind)) return
    const given = fallback.at(kind === 'judge' ? 'text' : 'embedding')
    const provider = given.value === undefined ? fallback : given
    if (provider.value !== undefined && (kind === 'judge' || given.value !== undefined) && add(kind, provider)) return
    models.set(kind, usual[kind])
    run.note(at, `no model for the ${kind} is named; \`${usual[kind].model}\` stands in env.yaml`)
  }
  return {
    nameOf: (kind, provider) => {
      if (provider.value === undefined) {
        useUsual(kind, provider)
        return undefined
      }
      const name = `${kind}-${JSON.stringify(provider.value)
        .replaceAll(/[^A-Za-z0-9.]+/gu, '-')
        .replaceAll(/^-|-$/gu, '')}`
      return models.has(name) || add(name, provider) ? name : undefined
    },
    models: () => Object.fromEntries(models),
  }
}
