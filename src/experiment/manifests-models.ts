import type { CaseSpec } from '../domain/case.ts'
import type { CheckSpec } from '../domain/check.ts'
import type { LoadedPlan } from '../domain/experiment.ts'
import type { ModelConfig } from '../domain/workflow.ts'
import type { ManifestFindings } from './manifests-findings.ts'
import { bareModel } from './manifests-secrets.ts'

/** Models that judge or embed, without secrets that are written out. */
export interface NeededModels {
  readonly models: Readonly<Record<string, ModelConfig>>
  readonly isRemoved: boolean
}

/** The models of the environment that the evaluation of a plan and the checks of its cases name. */
export function modelsFor(
  { experiment, environment }: LoadedPlan,
  specs: readonly CaseSpec[],
  findings: ManifestFindings,
): NeededModels {
  const { judge, embeddings, preference, checks } = experiment.evaluation
  const named = [judge, embeddings, preference?.model, ...checks.map(modelOf), ...specs.flatMap(modelsOfCase)]
  const names = [...new Set(named.filter((name) => name !== undefined))]
  const found = names.flatMap((name) => {
    const model = Object.hasOwn(environment.models, name) ? environment.models[name] : undefined
    if (model === undefined)
      findings.problem(`a check names the model \`${name}\`, which the environment does not have`)
    return model === undefined ? [] : [[name, bareModel(model)] as const]
  })
  return {
    models: Object.fromEntries(found.map(([name, { value }]) => [name, value])),
    isRemoved: found.some(([, { removed }]) => removed),
  }
}

function modelsOfCase({ checks, turns = [] }: CaseSpec): (string | undefined)[] {
  return [...checks, ...turns.flatMap((turn) => turn.checks)].map(modelOf)
}

function modelOf(check: CheckSpec): string | undefined {
  return check.type === 'judge' || check.type === 'similarity' ? check.model : undefined
}
