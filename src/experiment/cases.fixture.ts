import { experimentSchema } from '../domain/experiment.ts'
import type { ExperimentInput, LoadedPlan } from '../domain/experiment.ts'
import { catalogSchema, environmentSchema } from '../domain/workflow.ts'

/** What a plan of a test is made from; files as people write them, in camel case. */
export interface PlanInput {
  readonly plan?: ExperimentInput
  readonly workflows?: readonly unknown[]
  readonly environment?: unknown
  readonly descriptions?: Readonly<Record<string, string>>
}

/** A loaded plan; without workflows, one stub of the name `bot`. */
export function planOf({ plan = {}, workflows, environment = {}, descriptions = {} }: PlanInput): LoadedPlan {
  return {
    experiment: experimentSchema.parse(plan),
    environment: environmentSchema.parse(environment),
    catalog: catalogSchema.parse({ workflows: workflows ?? [{ id: 'bot', target: 'stub' }] }),
    descriptions,
    folders: { plan: '/home/user/plan', catalog: '/home/user/plan', environment: '/home/user/plan' },
    files: { plan: 'test_plan.yaml', environment: '/home/user/plan/env.yaml' },
    warnings: [],
  }
}
