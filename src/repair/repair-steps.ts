import { applying } from './step-applying.ts'
import { branching } from './step-branching.ts'
import { collecting } from './step-collecting.ts'
import { diagnosing } from './step-diagnosing.ts'
import { editing } from './step-editing.ts'
import { finishing } from './step-finishing.ts'
import { mergeRequestOpen } from './step-merge-request.ts'
import { move } from './repair-state.ts'
import { polling } from './step-polling.ts'
import { preflight } from './step-preflight.ts'
import { pushing } from './step-pushing.ts'
import type { RepairPhase } from '../domain/repair.ts'
import { retrying } from './step-retry.ts'
import type { Step } from './repair-context.ts'
import { syncing } from './step-syncing.ts'
import { validating } from './step-validating.ts'
import { waiting } from './step-waiting.ts'

/** What is done in each phase. */
export const steps: Readonly<Record<Exclude<RepairPhase, 'done'>, Step>> = {
  queued: async (state) => move(state, 'preflight'),
  preflight,
  syncing,
  branching,
  editing,
  pushing,
  mr_open: mergeRequestOpen,
  waiting_pipeline: waiting,
  polling,
  infra_retry: retrying,
  collecting,
  diagnosing,
  applying,
  validating,
  finishing,
}
