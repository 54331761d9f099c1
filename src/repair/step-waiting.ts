import { endWith, known, move } from './repair-state.ts'
import { findPipeline } from './watch.ts'
import { watchParts } from './repair-context.ts'
import type { Step } from './repair-context.ts'

/** Looks for the pipeline of what was pushed; starts one where none comes by itself. */
export const waiting: Step = async (state, context) => {
  const at = {
    projectId: known(state.projectId),
    branch: known(state.branch),
    sha: known(state.pushedSha),
    ...(state.mergeRequest === undefined ? {} : { mergeRequest: state.mergeRequest.iid }),
  }
  const found = await findPipeline(at, watchParts(context), context.signal)
  if (found.kind === 'found') {
    const [first, ...others] = found.pipelines.map(({ id }) => id)
    return move(state, 'polling', { pipelineId: known(first), otherPipelines: others })
  }
  return endWith(state, {
    end: 'gave_up',
    reason: `the host makes no pipeline: ${found.errors.slice(0, 10).join('; ') || 'it does not say why'}`,
    advice: 'Mend the description of the pipeline; Greenloop does not change it.',
  })
}
