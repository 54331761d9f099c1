import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { createLineSplitter } from '../lib/lines.ts'
import type { ProcessEnd } from '../lib/process.ts'
import { baseOf } from './ci-document.ts'
import type { CiDocument } from './ci-document.ts'
import { runnerDuration } from './ci-duration.ts'
import type { Described } from './ci-plan.ts'
import { openPipe } from './ci-pipe.ts'
import { problemsOf } from './ci-problems.ts'
import { runCi } from './ci-process.ts'
import { openScratch } from './ci-scratch.ts'
import type { CiPlace } from './ci-process.ts'
import { readReports } from './ci-reports.ts'
import { jobFiles } from './ci-script.ts'
import { failedTrailer, openTrace, runnerStep, runnerWarning, succeeded } from './ci-trace.ts'
import type { JobTrace } from './ci-trace.ts'
import type { CiJobEnd, CiRunner } from './ci.ts'

/** A job to be run. */
export interface JobWork {
  readonly job: Parameters<CiRunner['run']>[0]
  readonly described: Described
  readonly onOutput: (text: string) => void
}

type JobPlace = CiPlace & { readonly clock: Clock }

const maxLineBytes = 1024 * 1024
const maxOutputBytes = 64 * 1024
const graceMs = 1000

/** Runs one job to its end, and writes its trace. */
export async function runJob(work: JobWork, place: JobPlace, signal: AbortSignal): Promise<CiJobEnd> {
  const { job, described } = work
  const trace = openTrace(work.onOutput, place.clock)
  const planned = 'plan' in described ? described.plan.jobs.find((one) => one.name === job.name) : undefined
  const base = 'plan' in described ? baseOf(described.document, job.name) : undefined
  if (!('plan' in described) || planned === undefined || base === undefined || job.name.startsWith('-')) {
    const reason = 'errors' in described ? described.errors.join('; ') : `there is no job ${job.name} that can be run`
    return failed(trace, { failureReason: 'runner_system_failure', trailer: ` (system failure): ${reason}` })
  }
  greet(trace, work)
  const end = await runScripts({ job, document: described.document }, { base, trace, place }, signal)
  trace.section(`upload_artifacts_on_${end.outcome === 'success' ? 'success' : 'failure'}`, 'Uploading artifacts')
  const reports = await readReports(job.folder, { name: job.name, junit: planned.junit })
  for (const { glob, files } of reports.found) {
    trace.line(
      files > 0
        ? `${glob}: found ${files} matching artifact files and directories`
        : runnerWarning(
            `${glob}: no matching files. Ensure that the artifact path is relative to the working directory`,
          ),
    )
  }
  for (const refused of reports.refused) trace.line(runnerWarning(`not a JUnit report: ${refused}`))
  trace.section('cleanup_file_variables', 'Cleaning up project directory and file based variables')
  trace.end(end.trailer)
  const { trailer: _, ...rest } = end
  return { ...rest, tests: reports.tests }
}

type Ended = Omit<CiJobEnd, 'tests'> & { readonly trailer: string }

function failed(
  trace: JobTrace,
  { trailer, failureReason }: { readonly trailer: string; readonly failureReason: string },
): CiJobEnd {
  trace.end(failedTrailer(trailer))
  return { outcome: 'failed', failureReason, tests: [] }
}

function greet(trace: JobTrace, { job }: JobWork): void {
  const { CI_COMMIT_SHA: sha, CI_COMMIT_REF_NAME: ref } = job.variables
  trace.section('prepare_executor', 'Preparing the "shell" executor')
  trace.line('Using Shell (bash) executor...')
  trace.section('prepare_script', 'Preparing environment')
  trace.line('Running on this machine...')
  trace.section('get_sources', 'Getting source from Git repository')
  trace.line(runnerStep(`Checking out ${(sha ?? 'HEAD').slice(0, 8)} as detached HEAD (ref is ${ref ?? 'HEAD'})...`))
  trace.section('step_script', 'Executing "step_script" stage of the job script')
}

/** Runs gitlab-ci-local for the job, with its time limit on our clock. */
async function runScripts(
  { job, document }: { readonly job: JobWork['job']; readonly document: CiDocument },
  { base, trace, place }: { readonly base: string; readonly trace: JobTrace; readonly place: JobPlace },
  signal: AbortSignal,
): Promise<Ended> {
  const mark = randomBytes(16).toString('hex')
  const told = createTold(mark, trace)
  const lines = createLineSplitter(maxLineBytes, told.read)
  const scratch = await openScratch()
  const limit = limitOf(job.timeoutMs, place.clock, signal)
  try {
    await scratch.add(jobFiles({ base, document, mark, folder: scratch.folder }))
    const pipe = await openPipe(join(scratch.folder, 'output'), place.env, (chunk) => lines.add(chunk))
    try {
      const file = join(scratch.folder, 'pipeline.yml')
      const argv = ['--no-json-schema-validation', job.name]
      const call = { ...job, file, variables: variablesOf(job), scratch, argv }
      const end = await runCi(call, place, { outputCapBytes: maxOutputBytes, signal: limit.signal, graceMs })
      // Twice, for the first may stand behind a line so long that it is cut.
      pipe.send(`${mark} drained\n${mark} drained\n`)
      await Promise.race([told.drained, pipe.closed])
      return endOf({ end, exitCode: told.exitCode(), isAborted: signal.aborted, isOverTime: limit.signal.aborted }, job)
    } finally {
      pipe.close()
    }
  } finally {
    limit.clear()
    await scratch.discard()
  }
}

/** A signal that aborts when the time is up or the other one does. */
function limitOf(timeoutMs: number, clock: Clock, signal: AbortSignal) {
  const limit = new AbortController()
  const onAbort = (): void => limit.abort()
  const timer = clock.after(timeoutMs, onAbort)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  const clear = (): void => {
    timer.cancel()
    signal.removeEventListener('abort', onAbort)
  }
  return { signal: limit.signal, clear }
}

/** Hands on what the job prints, and takes out what its script says to us. */
function createTold(mark: string, trace: JobTrace) {
  let exitCode: number | undefined
  const drained = Promise.withResolvers<void>()
  const read = (line: string): void => {
    const at = line.indexOf(mark)
    const text = at === -1 ? line : line.slice(0, at)
    if ((at === -1 || text !== '') && exitCode === undefined) trace.output(text)
    const [, word, code] = at === -1 ? [] : line.slice(at).split(' ')
    if (word === 'drained') drained.resolve()
    if (exitCode !== undefined) return
    if (word === 'end') exitCode = Number(code)
    else if (word === 'after') {
      trace.section('after_script', 'Running after_script')
      trace.line(runnerStep('Running after script...'))
    }
  }
  return { read, exitCode: () => exitCode, drained: drained.promise }
}

function variablesOf({ name, id, variables }: JobWork['job']): Readonly<Record<string, string>> {
  return { ...variables, CI: 'true', GITLAB_CI: 'true', CI_JOB_NAME: name, CI_JOB_ID: `${id}` }
}

interface JobEnd {
  readonly end: ProcessEnd
  readonly exitCode: number | undefined
  readonly isAborted: boolean
  readonly isOverTime: boolean
}

function endOf({ end, exitCode, isAborted, isOverTime }: JobEnd, job: JobWork['job']): Ended {
  const isWhole = exitCode !== undefined && end.endedBy === 'itself'
  if (!isWhole && isAborted) return { outcome: 'cancelled', trailer: failedTrailer(': canceled') }
  if (!isWhole && isOverTime) {
    const trailer = failedTrailer(`: execution took longer than ${runnerDuration(job.timeoutMs)} seconds`)
    return { outcome: 'failed', failureReason: 'job_execution_timeout', trailer }
  }
  if (!isWhole) return systemFailure(reasonOf(end, job.folder))
  if (exitCode === 0) {
    if (end.exitCode === 0) return { outcome: 'success', exitCode, trailer: succeeded }
    return systemFailure(reasonOf(end, job.folder))
  }
  return {
    outcome: 'failed',
    exitCode,
    failureReason: 'script_failure',
    trailer: failedTrailer(`: exit code ${exitCode}`),
  }
}

function reasonOf({ spawnError, signal, stderr }: ProcessEnd, folder: string): string {
  if (spawnError !== undefined) return spawnError.message
  return signal === null ? problemsOf(stderr.text, folder).join('; ') : `the job was ended from outside (${signal})`
}

function systemFailure(reason: string): Ended {
  return {
    outcome: 'failed',
    failureReason: 'runner_system_failure',
    trailer: failedTrailer(` (system failure): ${reason}`),
  }
}
