import type { Target, TargetSetup } from '../domain/target.ts'
import type { Workflow } from '../domain/workflow.ts'
import { difyTarget } from './dify.ts'
import { httpTarget } from './http-target.ts'
import type { HttpParts } from './http-target.ts'
import { moduleTarget } from './module-target.ts'
import { openaiTarget } from './openai-target.ts'
import { stubTarget } from './stub-target.ts'

type MakeTarget = (setup: TargetSetup, parts: HttpParts) => Target

const targets = {
  dify: difyTarget,
  http: httpTarget,
  openai: openaiTarget,
  module: moduleTarget,
  stub: stubTarget,
} satisfies Record<Workflow['target'], MakeTarget>

/**
 * The target of an entry of the catalog. Throws `plan_invalid` for what can be seen to be wrong without asking a server:
 * an address, a path, a setting.
 */
export function createTarget(setup: TargetSetup, parts: HttpParts): Target {
  return targets[setup.workflow.target](setup, parts)
}
