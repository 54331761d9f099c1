import { endWith, known, move } from './repair-state.ts'
import { capHead, plainText } from '../lib/plain-text.ts'
import { failedJobs, isActive } from './jobs.ts'
import type { ForgeJob } from '../domain/forge.ts'
import type { RepairContext } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'
import type { Watched } from './watch.ts'

type Red = Extract<Watched, { kind: 'red' }>

/** Longest account of errors in the pipeline's description, in characters. */
const maxErrors = 1000

/** How often a job is run again for a reason that is not in the code. */
const mostRetries = 2

/** What follows from a red pipeline: a person, the same jobs again, or a round of repair. */
export async function afterRed(state: RepairState, red: Red, context: RepairContext): Promise<RepairState> {
  const stale = new Set(state.toRetry?.map(({ id }) => id))
  const isStale = [...red.code, ...red.infra].some(({ id }) => stale.has(id))
  // What was run again may show its old failure for a while.
  if (isStale || isGoingOn(red)) return again(state, context)
  if (red.human.length > 0) return needsPerson(state, red.human)
  const usedUp = red.infra.filter(({ name }) => retriesOf(state, name) >= mostRetries)
  if (usedUp.length > 0) return infraFailed(state, usedUp)
  const fresh = await firstFailures(state, red.code, context)
  if (red.infra.length === 0 && fresh.length === 0) {
    return red.code.length === 0 ? nothingTold(state, red) : move(state, 'collecting')
  }
  const retries = Object.fromEntries(red.infra.map(({ name }) => [name, retriesOf(state, name) + 1]))
  return move(state, 'infra_retry', {
    retries: { ...state.retries, ...retries },
    reruns: [...(state.reruns ?? []), ...fresh.map(({ name }) => name)],
    toRetry: [...red.infra, ...fresh].map(({ id, name }) => ({ id, name })),
  })
}

function isGoingOn({ code, infra, human, jobs }: Red): boolean {
  return code.length + infra.length + human.length === 0 && jobs.some(({ status }) => isActive(status))
}

async function again(state: RepairState, { world, signal }: RepairContext): Promise<RepairState> {
  await world.clock.sleep(world.policy.polling.firstMs, signal)
  return move(state, 'polling')
}

function retriesOf(state: RepairState, name: string): number {
  return Object.hasOwn(state.retries, name) ? (state.retries[name] ?? 0) : 0
}

/** Jobs that fail for the first time, with nothing changed by a round: they may be flaky, and run once more before a model is asked. */
async function firstFailures(
  state: RepairState,
  failed: readonly ForgeJob[],
  context: RepairContext,
): Promise<readonly ForgeJob[]> {
  if (state.rounds.length > 0 || (state.roundsBefore ?? 0) > 0) return []
  const again = new Set(state.reruns)
  const fresh = failed.filter((job) => job.kind === 'job' && !again.has(job.name))
  if (fresh.length === 0) return []
  const before = await redBefore(state, context)
  return fresh.filter(({ name }) => !before.has(name))
}

/** Jobs that failed on the base before we came. */
async function redBefore(state: RepairState, { world, signal }: RepairContext): Promise<ReadonlySet<string>> {
  const projectId = known(state.projectId)
  const query = { sha: state.baseSha, ref: state.targetBranch, status: 'failed', limit: 1 }
  const [newest] = await world.forge.pipelines(projectId, query, signal)
  if (newest === undefined || newest.sha !== state.baseSha || newest.id === state.pipelineId) return new Set()
  const jobs = await world.forge.jobs(newest.projectId, newest.id, signal)
  return new Set(failedJobs(jobs).map(({ name }) => name))
}

function needsPerson(state: RepairState, jobs: readonly ForgeJob[]): RepairState {
  return endWith(state, {
    end: 'gave_up',
    reason: `not in the code: ${jobs.map((job) => `${job.name} (${job.failureReason ?? 'unknown reason'})`).join(', ')}`,
    advice: 'Somebody with rights in the project has to mend this: quota, permissions, missing artifacts or variables.',
  })
}

function infraFailed(state: RepairState, jobs: readonly ForgeJob[]): RepairState {
  return endWith(state, {
    end: 'gave_up',
    reason: `runners fail: ${jobs.map((job) => `${job.name} (${job.failureReason ?? 'unknown reason'})`).join(', ')}, also when run again`,
    advice: 'Look at the runners, then start again. The code was not changed for it.',
  })
}

function nothingTold(state: RepairState, { yamlErrors }: Red): RepairState {
  if (yamlErrors === undefined) {
    const reason = 'the pipeline failed, and none of its jobs says why'
    return endWith(state, { end: 'gave_up', reason, advice: 'Look at the pipeline on the host.' })
  }
  return endWith(state, {
    end: 'gave_up',
    reason: `the description of the pipeline has errors: ${capHead(plainText(yamlErrors), maxErrors)}`,
    advice: 'Mend the description of the pipeline; Greenloop does not change it.',
  })
}
