import { GreenloopError } from '../domain/errors.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { RepairEnd, RepairState } from '../domain/repair.ts'
import type { Ending } from './repair-state.ts'

/** Failures that end a repair; after all others but those of the model it can go on later. */
const ends: Partial<Readonly<Record<ErrorCode, RepairEnd>>> = {
  forge_auth_failed: 'auth_failed',
  git_auth_failed: 'auth_failed',
  forge_not_found: 'project_not_found',
  forge_rejected: 'gave_up',
  git_refused: 'gave_up',
  repair_conflict: 'gave_up',
  replay_missing: 'llm_unavailable',
}

/** How a failure ends the repair; `undefined` for one after which it can go on later, from the phase that is on record. */
export function endingOf(error: unknown, state: RepairState): Ending | undefined {
  if (!(error instanceof GreenloopError)) return undefined
  if (error.code.startsWith('llm_')) {
    return { end: 'llm_unavailable', reason: error.message, advice: modelAdvice(error.code), resumeAt: state.phase }
  }
  const end = ends[error.code]
  if (end === undefined) return undefined
  // What a host does not show just now may be there again, too.
  const isCurable = end === 'llm_unavailable' || end === 'auth_failed' || end === 'project_not_found'
  return { end, reason: error.message, advice: error.help, ...(isCurable ? { resumeAt: state.phase } : {}) }
}

/** The advice of the error itself speaks of settings that repairs have under other names. */
function modelAdvice(code: ErrorCode): string {
  const first =
    code === 'llm_unauthorized'
      ? 'Set `authentication.llm_api_key` to a key that the model server takes'
      : 'See that the model server at `services.llm_url` answers (`greenloop repair check`)'
  return `${first}, then \`greenloop repair resume ID\`.`
}
