import type { z } from 'zod'
import { turnSchema } from '../domain/case.ts'
import { checkSchema } from '../domain/check.ts'
import {
  datasetSchema,
  evaluationSchema,
  experimentSchema,
  flowSchema,
  scenarioSchema,
  variantSchema,
} from '../domain/experiment.ts'
import { patchSchema, selectorSchema } from '../domain/patch.ts'
import { policySchema } from '../domain/policy.ts'
import { catalogSchema, environmentSchema, modelSchema, serverSchema, workflowSchema } from '../domain/workflow.ts'
import { foldName } from '../lib/nearest.ts'
import { isObject, objectMapping, type Mapping, type Sourced } from './aliases.ts'
import { catalogShape, httpShape, parameterShape, workflowShape } from './catalog-aliases.ts'
import { environmentShape, modelShape, publishShape, rateShape, serverShape } from './environment-aliases.ts'
import { checkShape } from './experiment-check-aliases.ts'
import { patchShape, selectorShape } from './experiment-patch-aliases.ts'
import * as plan from './plan-aliases.ts'
import { policyMapping } from './policy-mapping.ts'
import { innerSchema, type Shape, type Shapes } from './schema-mapping.ts'

const rate = objectMapping({ keys: ['perMinute', 'burst'], aliases: { rpm: 'perMinute' } })

/** The policy as trials write it, and `rate_control` for its rate limit. */
const executionMapping: Mapping = (source, mapper) => {
  const built = policyMapping(source, mapper)
  if (!isObject(built)) return built
  const members = Object.entries(built).map(([key, value]): [string, Sourced] => {
    const member = { value, at: mapper.spell(built, [key]) }
    return foldName(key) === 'ratecontrol' ? ['rateLimit', { ...member, value: rate(member, mapper) }] : [key, member]
  })
  return mapper.object(members)
}

const reference: Shape = {
  aliases: {
    catalog_id: 'id',
    workflow_id: 'id',
    name: 'id',
    dataset_refs: 'datasets',
    dataset: 'datasets',
    variant_refs: 'variants',
    prompt_variants: 'variants',
  },
  reshape(members) {
    for (const key of ['datasets', 'variants']) {
      const names = members.get(key)
      if (typeof names?.value === 'string') members.set(key, { ...names, value: [names.value] })
    }
  },
}

const [difyWorkflow, httpWorkflow] = workflowSchema.def.options

/** How people write each object of the files of experiments. */
export const experimentShapes: Shapes = new Map<z.core.$ZodType, Shape>([
  [experimentSchema, plan.experimentShape],
  [innerSchema(experimentSchema.shape.workflows), reference],
  [datasetSchema, plan.datasetShape],
  [scenarioSchema, plan.scenarioShape],
  [flowSchema, plan.flowShape],
  [turnSchema, plan.turnShape],
  [variantSchema, plan.variantShape],
  [evaluationSchema, plan.evaluationShape],
  [policySchema, { mapping: executionMapping }],
  [checkSchema, checkShape],
  [patchSchema, patchShape],
  [selectorSchema, selectorShape],
  [catalogSchema, catalogShape],
  [workflowSchema, workflowShape],
  [innerSchema(difyWorkflow.shape.parameters), parameterShape],
  [innerSchema(httpWorkflow.shape.http), httpShape],
  [environmentSchema, environmentShape],
  [serverSchema, serverShape],
  [innerSchema(serverSchema.shape.rateLimit), rateShape],
  [innerSchema(serverSchema.shape.publish), publishShape],
  [modelSchema, modelShape],
])
