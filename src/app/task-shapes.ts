import type { ApiAttempt, ApiTask } from '../domain/api-run.ts'
import type { ManifestHead, TrialSpec } from '../domain/manifest.ts'
import type { Attempt, CollectedTest, TestResult } from '../domain/run.ts'
import type { StoredAttempt, StoredRun } from '../domain/stored-run.ts'
import type { JudgedTask } from '../domain/task-verdict.ts'
import type { TrialOutput } from '../domain/test-result.ts'
import { judge } from '../domain/verdict.ts'
import { capHead, capMiddle, firstLine, plainText } from '../lib/plain-text.ts'
import { fingerprintOf } from '../report/fingerprint.ts'
import type { FailedTest } from '../report/groups.ts'
import { badAttempts, failureOf } from '../report/standing.ts'
import { attemptsFrom } from './test-records.ts'

/** What is kept of a text of an attempt, in characters: 64 KiB. */
const maxText = 65_536
/** What is kept of the output of a trial as JSON, in characters: 256 KiB. */
const maxOutput = 262_144
const maxMessage = 300

/** Whether the tasks of a run are tests of a framework; others are trials. */
export function hasTests({ kind }: Pick<StoredRun, 'kind'>): boolean {
  return kind === 'execute' || kind === 'pipeline' || kind === 'generate'
}

/** The test of a record with its attempts that are over. */
export function testOf(task: JudgedTask): TestResult {
  const attempts = attemptsFrom({ ...task, attempts: task.attempts.filter(({ state }) => state !== undefined) })
  const test = task.payload as CollectedTest
  return { ...test, attempts, verdict: judge(attempts), outcome: attempts.at(-1)?.outcome ?? 'cancelled' }
}

/** The failure that stands for a test: that of its first bad attempt. */
export function failedOf(test: TestResult): FailedTest | undefined {
  const attempt = badAttempts(test)[0]
  if (attempt === undefined) return undefined
  const failure = failureOf(attempt)
  return { test, attempt, failure, fingerprint: fingerprintOf(failure) }
}

/** A test or trial in lists. */
export function apiTask(run: StoredRun, task: JudgedTask): ApiTask {
  const ended = task.attempts.filter(({ state }) => state !== undefined)
  const base = {
    seq: task.seq,
    id: task.id,
    attempts: ended.length,
    ...(ended.length === 0 ? {} : { durationMs: ended.reduce((sum, { serviceMs }) => sum + serviceMs, 0) }),
  }
  return hasTests(run) ? { ...base, ...testPart(task) } : { ...base, ...trialPart(run, task) }
}

type Part = Omit<ApiTask, 'seq' | 'id' | 'attempts' | 'durationMs'>

function testPart(task: JudgedTask): Part {
  const test = testOf(task)
  const failed = failedOf(test)
  return {
    name: test.name,
    verdict: task.verdict,
    ...(test.attempts.length === 0 ? {} : { outcome: test.outcome }),
    file: test.file,
    ...(test.line === undefined ? {} : { line: test.line }),
    suite: [...test.suite],
    ...messageOf(failed?.failure.message ?? test.attempts.at(-1)?.skipReason ?? task.error?.message),
    ...(failed === undefined ? {} : { fingerprint: failed.fingerprint }),
    ...(test.caseId === undefined ? {} : { caseId: test.caseId }),
  }
}

function trialPart(run: StoredRun, task: JudgedTask): Part {
  const output = outputOf(task)
  const status = typeof output?.status === 'string' ? output.status : task.attempts.at(-1)?.state
  const broken = output?.scores?.find(({ passed, weight }) => passed === false && weight > 0)
  const reason = broken === undefined ? undefined : `${broken.name}: ${broken.reason ?? broken.error ?? 'not passed'}`
  const spec = run.kind === 'experiment' ? (task.payload as TrialSpec | undefined) : undefined
  const heads = (run.input as { readonly manifests?: readonly ManifestHead[] } | null)?.manifests ?? []
  const head = spec === undefined ? undefined : heads[spec.manifest]
  // A record of an older version does not say beside its output that checks were not passed.
  const isRefused = output?.passed === false && (task.verdict === 'passed' || task.verdict === 'flaky')
  return {
    name: spec?.case.name ?? task.id,
    verdict: isRefused ? 'failed' : task.verdict,
    ...(status === undefined ? {} : { outcome: status }),
    suite: head === undefined ? [] : [head.workflowId, head.variantId],
    ...messageOf(task.error?.message ?? output?.error?.message ?? reason),
    ...(spec === undefined ? {} : { caseId: spec.case.id }),
  }
}

function messageOf(text: string | undefined): { readonly message?: string } {
  const line = firstLine(plainText(text ?? ''))
  return line === '' ? {} : { message: capHead(line, maxMessage) }
}

/** What a trial gave, as far as it is what trials of experiments give. */
function outputOf({ attempts }: JudgedTask): Partial<TrialOutput> | undefined {
  const output = attempts.findLast((attempt) => attempt.output !== undefined)?.output
  return typeof output === 'object' && output !== null ? output : undefined
}

/** Attempts of a task in their order; one that runs or was broken off is among them. */
export function apiAttempts(run: StoredRun, task: JudgedTask): ApiAttempt[] {
  return task.attempts.map((attempt) => {
    const { number, startedAt, serviceMs, output, usage } = attempt
    const base = {
      number,
      outcome: attempt.state ?? (task.verdict === 'running' ? 'running' : 'interrupted'),
      startedAt: new Date(startedAt).toISOString(),
      durationMs: serviceMs,
      ...(usage?.tokens === undefined ? {} : { tokens: usage.tokens }),
      ...(usage?.costUsd === undefined ? {} : { costUsd: usage.costUsd }),
    }
    const [own] = hasTests(run) ? attemptsFrom({ ...task, attempts: [attempt] }) : []
    if (own !== undefined) return { ...base, ...testAttempt(own) }
    return {
      ...base,
      ...trialStatus(output),
      ...failureText(attempt),
      ...(output === undefined ? {} : { output: cutOutput(output) }),
    }
  })
}

function testAttempt({ outcome, phasesMs, failure, skipReason, stdout, stderr }: Attempt) {
  const phases = Object.entries(phasesMs).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  return {
    outcome,
    phasesMs: Object.fromEntries(phases),
    ...(failure === undefined ? {} : { failure: { ...cutTexts(failure), line: failure.line } }),
    ...(skipReason === undefined ? {} : { skipReason: cut(skipReason) }),
    ...(stdout === '' ? {} : { stdout: cut(stdout) }),
    ...(stderr === '' ? {} : { stderr: cut(stderr) }),
  }
}

function cutTexts({ phase, type, message, trace, file, expected, actual }: NonNullable<Attempt['failure']>) {
  return {
    phase,
    type: cut(type),
    message: cut(message),
    trace: cut(trace),
    file,
    ...(expected === undefined ? {} : { expected: cut(expected) }),
    ...(actual === undefined ? {} : { actual: cut(actual) }),
  }
}

/** How the workflow says that it ended, where it does. */
function trialStatus(output: unknown): { readonly outcome?: string } {
  const { status } = (typeof output === 'object' && output !== null ? output : {}) as { readonly status?: unknown }
  return typeof status === 'string' ? { outcome: status } : {}
}

function failureText({ error }: StoredAttempt): Pick<ApiAttempt, 'failure'> {
  if (error === undefined) return {}
  return { failure: { phase: 'call', type: error.code ?? error.class, message: cut(error.message), trace: '' } }
}

/** JSON of any size as it is, or what begins and ends it as text where it is too large. */
export function cutOutput(output: unknown): unknown {
  const text = JSON.stringify(output) ?? ''
  return text.length <= maxOutput ? output : capMiddle(text, maxOutput)
}

function cut(text: string): string {
  return capMiddle(plainText(text), maxText)
}
