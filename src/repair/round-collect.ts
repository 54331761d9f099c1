import { classOf, currentJobs, failedJobs, finishedTrace } from './jobs.ts'
import { diagnose } from './diagnosis.ts'
import type { Diagnosis, JobFailure } from './diagnosis.ts'
import { filesOf, repositoryOf, watchParts } from './repair-context.ts'
import type { Collected, RepairContext } from './repair-context.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { ForgeJob } from '../domain/forge.ts'
import { known } from './repair-state.ts'
import type { RepairState } from '../domain/repair.ts'
import { reportOf } from './round-report.ts'
import { sha256 } from '../lib/hash.ts'
import { capTail } from '../lib/plain-text.ts'

/** Failed jobs whose traces are read, at most. */
const mostTraces = 20

/** Longest end of a trace that listeners get, in characters. */
const maxLog = 32_000

/** What the failure of the watched pipeline says; fetched once in a process. */
export async function collect(state: RepairState, context: RepairContext): Promise<Collected> {
  const { world, memory, signal } = context
  const pipelineId = known(state.pipelineId)
  if (memory.collected?.pipelineId === pipelineId) return memory.collected
  await repositoryOf(state, context)
  const projectId = known(state.projectId)
  const jobs = currentJobs(await world.forge.jobs(projectId, pipelineId, signal))
  const failures = await failuresOf(failedJobs(jobs), state, context)
  const report = await reportOf(state, jobs, context)
  const tracked = (await filesOf(state, context)).map(({ path }) => path)
  const found = diagnose({ failures, report, tracked, redact: world.redactor.text })
  const diagnosis = failures.length === 0 ? greenButLess(found, state) : found
  const passing = jobs.filter(({ status }) => status === 'success').map(({ name }) => name)
  memory.collected = { pipelineId, diagnosis, passing }
  return memory.collected
}

/** A green pipeline that lost tests says so in place of traces. */
function greenButLess(diagnosis: Diagnosis, state: RepairState): Diagnosis {
  const messages =
    state.rounds
      .at(-1)
      ?.findings.filter(({ blocks }) => blocks)
      .map(({ message }) => message) ?? []
  const testsText = ['The pipeline is green, but less was tested than before your patch:', ...messages].join('\n- ')
  return { ...diagnosis, testsText, signature: sha256(testsText).slice(0, 32) }
}

async function failuresOf(
  failed: readonly ForgeJob[],
  state: RepairState,
  context: RepairContext,
): Promise<readonly JobFailure[]> {
  const green = await lastGreen(state, context)
  const failures: JobFailure[] = []
  for (const job of failed.slice(0, mostTraces)) {
    const trace = await finishedTrace(job, watchParts(context), context.signal)
    if (classOf(job, trace.trim() === '') !== 'code') continue
    const name = `pipelines/${job.pipelineId}/trace-${fileName(job.name)}-${job.id}.log`
    await context.world.save(name, trace)
    context.world.emit({ kind: 'log', job: job.name, text: context.world.redactor.text(capTail(trace, maxLog)) })
    failures.push({ job, trace, lastGreen: await greenTrace(job, green, context) })
  }
  return failures
}

/** Jobs of the newest green pipeline of the repaired branch: what their traces hold too is no cause. */
async function lastGreen(state: RepairState, { world, signal }: RepairContext): Promise<readonly ForgeJob[]> {
  const query = { ref: state.targetBranch, status: 'success', limit: 1 }
  const [newest] = await world.forge.pipelines(known(state.projectId), query, signal)
  return newest === undefined ? [] : world.forge.jobs(newest.projectId, newest.id, signal)
}

async function greenTrace(
  job: ForgeJob,
  green: readonly ForgeJob[],
  { world, signal }: RepairContext,
): Promise<string | undefined> {
  const same = green.find(({ name, status, kind }) => name === job.name && status === 'success' && kind === 'job')
  if (same === undefined) return undefined
  try {
    return await world.forge.trace(same.projectId, same.id, signal)
  } catch (error) {
    // It only helps to tell what matters; an old trace may be erased, or not for everybody.
    if (error instanceof GreenloopError && unseen.has(error.code)) return undefined
    throw error
  }
}

const unseen: ReadonlySet<string> = new Set(['forge_not_found', 'forge_auth_failed'])

/** Letters, digits, hyphens and dots of a name. */
function fileName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9.-]/g, '_').slice(0, 60)
}
