import { known, lastRound } from './repair-state.ts'
import type { PatchedFile } from './apply.ts'
import type { RepairContext } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'
import { repositoryOf } from './repair-context.ts'
import { trailersOf } from './round-commit.ts'

/** Makes the commit of a patch in the control repository. Its message is all our own: words of others could skip the pipeline. */
export async function candidateOf(
  state: RepairState,
  files: readonly PatchedFile[],
  context: RepairContext,
): Promise<string> {
  const { runId } = context.world
  const { number } = lastRound(state)
  const repository = await repositoryOf(state, context)
  return repository.commit(
    {
      parent: known(state.pushedSha),
      changes: files.map(({ path, after }) => ({ path, content: after })),
      message: `Repair the pipeline, round ${number}\n\nGreenloop run ${runId}`,
      trailers: trailersOf(runId, number),
    },
    context.signal,
  )
}
