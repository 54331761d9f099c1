import { refuseNameless } from '../config/repair-file.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Forge, ForgeJob, ForgePipeline, ForgeProject } from '../domain/forge.ts'
import type { JobNote, RepairEvent } from '../domain/repair.ts'
import { systemClock } from '../lib/clock.ts'
import { random } from '../lib/random.ts'
import { plainText } from '../lib/plain-text.ts'
import { createRedactor } from '../lib/redact.ts'
import type { Redactor } from '../lib/redact.ts'
import { diagnose } from '../repair/diagnosis.ts'
import { failedJobs, finishedTrace } from '../repair/jobs.ts'
import { watchPipeline } from '../repair/watch.ts'
import type { Watched, WatchParts } from '../repair/watch.ts'
import { withDotEnv } from './dot-env.ts'
import { readRepair } from './repair.ts'
import type { RepairInput } from './repair.ts'
import { openForge, untilAborted } from './repair-world.ts'
import type { Surroundings } from './surroundings.ts'

/** A pipeline that was watched to a point where something has to be decided. */
export interface WatchedProject {
  readonly outcome: Watched['kind']
  readonly exitCode: number
  readonly pipeline: ForgePipeline
  readonly failing: readonly JobNote[]
  /** Hash of the failure; empty where nothing failed. */
  readonly signature: string
  /** What matters of the traces; empty where nothing failed. */
  readonly log: string
  readonly advice?: string | undefined
}

const exitCodes: Readonly<Record<Watched['kind'], number>> = {
  green: 0,
  red: 1,
  gate: 5,
  stuck: 5,
  canceled: 5,
  skipped: 4,
}

/** Watches a pipeline, a branch or a merge request to its end and reads what failed. Changes nothing. */
export async function watchProject(
  input: RepairInput & { readonly pipeline?: number | undefined },
  onEvent: (event: RepairEvent) => void,
  around: Surroundings,
): Promise<WatchedProject> {
  const where = await withDotEnv(around)
  const setup = await readRepair(input, where)
  const path = refuseNameless(setup)
  const redactor = createRedactor(setup.secrets)
  const { it, close } = await openForge(setup, () => {}, where)
  try {
    const { forge } = it
    const { signal } = where
    const project = await forge.findProject(path, signal)
    if (project === undefined) throw missing(path)
    const pipeline = await choose(
      forge,
      { project, ref: setup.ref, mergeRequest: setup.mergeRequest, pipeline: input.pipeline },
      signal,
    )
    const parts: WatchParts = {
      forge,
      clock: systemClock,
      random,
      polling: setup.policy.polling,
      woken: untilAborted,
      emit: onEvent,
    }
    const watched = await watchPipeline({ projectId: project.id, pipelineId: pipeline.id }, parts, signal)
    return await told(watched, { pipeline, project, parts, redactor }, signal)
  } finally {
    await close()
  }
}

function missing(path: string): GreenloopError {
  return new GreenloopError('forge_not_found', `there is no project \`${path}\`, or the token may not see it`, {
    help: 'check the full path with its groups, and that the token belongs to a member',
  })
}

interface Wanted {
  readonly project: ForgeProject
  readonly pipeline?: number | undefined
  readonly ref?: string | undefined
  readonly mergeRequest?: number | undefined
}

async function choose(forge: Forge, wanted: Wanted, signal: AbortSignal): Promise<ForgePipeline> {
  const { project, pipeline, mergeRequest } = wanted
  if (pipeline !== undefined) return forge.pipeline(project.id, pipeline, signal)
  const ref = wanted.ref ?? project.defaultBranch
  const query = mergeRequest === undefined ? { ref, limit: 1 } : { mergeRequest, limit: 1 }
  const [newest] = await forge.pipelines(project.id, query, signal)
  if (newest !== undefined) return newest
  const of = mergeRequest === undefined ? `branch \`${ref ?? '?'}\`` : `merge request !${mergeRequest}`
  throw new GreenloopError('forge_not_found', `there is no pipeline of ${of}`, { help: 'name one with --pipeline' })
}

interface Seen {
  readonly pipeline: ForgePipeline
  readonly project: ForgeProject
  readonly parts: WatchParts
  readonly redactor: Redactor
}

async function told(
  watched: Watched,
  { pipeline, project, parts, redactor }: Seen,
  signal: AbortSignal,
): Promise<WatchedProject> {
  const nothing = { outcome: watched.kind, exitCode: exitCodes[watched.kind], pipeline, signature: '', log: '' }
  switch (watched.kind) {
    case 'green':
    case 'canceled':
    case 'skipped':
      return { ...nothing, failing: [] }
    case 'gate':
      return { ...nothing, failing: watched.waiting.map(noteOf), advice: 'a person has to start these jobs' }
    case 'stuck':
      return {
        ...nothing,
        failing: watched.pending.map(noteOf),
        advice: 'no runner takes these jobs: look at their tags',
      }
    case 'red': {
      const jobs = failedJobs(watched.jobs)
      const failures = await Promise.all(
        jobs.map(async (job) => ({ job, trace: await finishedTrace(job, parts, signal) })),
      )
      const report = await parts.forge.testReport(project.id, pipeline.id, signal)
      const { signature, failing, testsText, log } = diagnose({ failures, report, tracked: [], redact: redactor.text })
      const text = [redactor.text(plainText(watched.yamlErrors ?? '')), testsText, log]
        .filter((part) => part !== '')
        .join('\n\n')
      return { ...nothing, failing, signature, log: text, advice: 'greenloop repair run mends it' }
    }
  }
}

function noteOf({ name, stage, status, failureReason, webUrl }: ForgeJob): JobNote {
  return { name, stage, status, failureReason, webUrl }
}
