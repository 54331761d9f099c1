import type { ApiRepair } from '../domain/api-repair.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { RepairRound, RepairState } from '../domain/repair.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import type { RepairPolicy } from '../domain/repair-config.ts'
import { withDotEnv } from './dot-env.ts'
import { setupOf } from './repair.ts'
import { lastState } from './repair-carry.ts'
import type { KnownState } from './repair-carry.ts'
import { playManualJob } from './repair-gate.ts'
import { runView } from './run-view.ts'
import type { ServiceContext } from './service-context.ts'
import { isOver, standing } from './standing.ts'

/** A repair with its rounds. Throws `run_unknown`. */
export async function repairView(service: ServiceContext, id: string): Promise<ApiRepair> {
  const run = await repairRun(service, id)
  const [view, known, policy] = await Promise.all([
    runView(service, run),
    knownState(service.store, run),
    policyOf(service, run),
  ])
  const { state } = known
  const { rounds = [], roundsBefore = 0 } = state ?? {}
  return {
    run: view,
    phase: state?.phase,
    end: state?.end,
    project: state?.projectPath ?? run.title,
    targetBranch: state?.targetBranch,
    branch: state?.branch,
    mergeRequest: state?.mergeRequest,
    pipelineId: state?.pipelineId,
    rounds: rounds.map(roundView),
    gates: isOver(run) ? [] : gatesOf(known),
    flaky: [...(state?.flaky ?? [])],
    advice: state?.advice,
    notes: [...(state?.notes ?? [])],
    tokens: state?.tokens ?? 0,
    costUsd: state?.costUsd ?? 0,
    budget: {
      rounds: policy?.rounds,
      usedRounds: roundsBefore + rounds.length,
      seconds: policy === undefined ? undefined : policy.totalTimeoutMs / 1000,
      usedSeconds: state === undefined ? undefined : state.spentMs / 1000,
      tokens: policy?.budget.maxTokens,
      costUsd: policy?.budget.maxCostUsd,
    },
  }
}

/**
 * Lets a manual job go on that a repair waits for; one that ended there goes on behind it. Gives the address of the job. Throws
 * `run_unknown`, `run_conflict` where it waits for no such job, and what the forge throws.
 */
export async function playRepairGate(
  service: ServiceContext,
  id: string,
  { job, by }: { readonly job: string; readonly by: string },
): Promise<string> {
  const run = await repairRun(service, id)
  const where = await withDotEnv(service.where)
  const { state } = await knownState(service.store, run)
  const jobUrl = await playManualJob({ run, state }, job, { read: () => setupOf(run, where), where })
  const left = await repairRun(service, id)
  if (standing(left) === 'interrupted') await service.runs.resume(id, by).catch(unlessTaken)
  return jobUrl
}

/** Whoever works on the run already goes on with it. */
function unlessTaken(error: unknown): void {
  if (!(error instanceof GreenloopError) || error.code !== 'run_conflict') throw error
}

async function repairRun({ store }: Pick<ServiceContext, 'store'>, id: string): Promise<StoredRun> {
  const run = await store.find(id)
  if (run?.kind === 'repair') return run
  throw new GreenloopError('run_unknown', `there is no repair \`${id}\``, { help: 'GET /v1/repairs lists them' })
}

/** Repairs whose last state is remembered. */
const mostRemembered = 200
const remembered = new WeakMap<RunStore, Map<string, KnownState>>()

/** Of the events that were read before, none is read again. */
async function knownState(store: RunStore, { id }: StoredRun): Promise<KnownState> {
  const seen = remembered.get(store) ?? new Map<string, KnownState>()
  remembered.set(store, seen)
  const known = await lastState(store, id, seen.get(id))
  seen.delete(id)
  seen.set(id, known)
  const [oldest] = seen.keys()
  if (seen.size > mostRemembered && oldest !== undefined) seen.delete(oldest)
  return known
}

/** The configuration may be gone, or want a variable that is not set here: then nothing is known of the budget. */
async function policyOf({ where: around }: ServiceContext, run: StoredRun): Promise<RepairPolicy | undefined> {
  const where = { ...(await withDotEnv(around)), onStep: undefined }
  try {
    return (await setupOf(run, where)).policy
  } catch (error) {
    if (error instanceof GreenloopError) return undefined
    throw error
  }
}

/** Manual jobs of the pipeline that is watched, where it waits for them or the repair has ended for them. */
function gatesOf({ state, pipeline }: KnownState): string[] {
  if (!isWaiting(state) || pipeline === undefined || pipeline.pipelineId !== state?.pipelineId) return []
  if (state.end === undefined && pipeline.status !== 'manual') return []
  const names = pipeline.jobs.filter(({ status }) => status === 'manual').map(({ name }) => name)
  return [...new Set(names)]
}

function isWaiting(state: RepairState | undefined): boolean {
  return state?.end === 'blocked_gate' || state?.phase === 'polling'
}

function roundView(round: RepairRound): ApiRepair['rounds'][number] {
  const { number, pipelineId, strategy, outcome, explanation, diff, commit, localProof, tokens, costUsd } = round
  return {
    number,
    pipelineId,
    failing: round.failing.map(({ name, stage, status, failureReason, webUrl }) => ({
      name,
      stage,
      status,
      failureReason,
      webUrl,
    })),
    strategy,
    outcome,
    explanation,
    diff,
    findings: round.findings.map(({ code, path, message, blocks }) => ({ code, path, message, blocks })),
    commit,
    localProof,
    tokens,
    costUsd,
  }
}
