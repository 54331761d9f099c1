import type { GuardFinding } from '../domain/repair.ts'
import { addedFindings } from './guard-added.ts'
import { fewerFindings } from './guard-fewer.ts'
import { hiddenFindings } from './guard-hidden.ts'
import type { GuardInput } from './guard-input.ts'
import { pathFindings } from './guard-paths.ts'
import { sizeFindings } from './guard-size.ts'
import { symbolFindings } from './guard-symbols.ts'
import { syntaxFindings } from './guard-syntax.ts'

export type { GuardInput } from './guard-input.ts'
export { isProtected } from './guard-protected.ts'

/**
 * Everything that can be said against a patch by looking at it alone; more files never make fewer findings. A patch with a finding that
 * blocks must not be committed.
 */
export function checkPatch(input: GuardInput): readonly GuardFinding[] {
  return [
    pathFindings,
    sizeFindings,
    addedFindings,
    fewerFindings,
    hiddenFindings,
    syntaxFindings,
    symbolFindings,
  ].flatMap((guard) => guard(input))
}
