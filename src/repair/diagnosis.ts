import type { ForgeJob, ReportedTest, TestReport } from '../domain/forge.ts'
import type { JobNote } from '../domain/repair.ts'
import { plainText } from '../lib/plain-text.ts'
import { sha256 } from '../lib/hash.ts'
import { baseName, describeTests, diagnosedTests } from './diagnosis-tests.ts'
import { resolveMentions } from './diagnosis-paths.ts'
import { maskLine } from './trace-lines.ts'
import { mentionsOf } from './trace-mentions.ts'
import { reduceTrace } from './trace.ts'
import type { ReducedTrace, SourceMention } from './trace.ts'

/** A failed job with its output. */
export interface JobFailure {
  readonly job: ForgeJob
  readonly trace: string
  /** Output of the same job when it last succeeded. */
  readonly lastGreen?: string | undefined
}

/** What a failed pipeline says, ready for the prompt. Holds no secrets. */
export interface Diagnosis {
  /** The same for the same failure, whatever its numbers and times. */
  readonly signature: string
  readonly failing: readonly JobNote[]
  /** Failed tests of the report, each once, outputs cut. */
  readonly tests: readonly ReportedTest[]
  readonly testsText: string
  /** Reduced traces; those of a matrix that fail alike stand there once. */
  readonly log: string
  /** Files of the project that are named, best first, each once. */
  readonly mentions: readonly SourceMention[]
}

/** All that is known of a failed pipeline. */
export interface DiagnosisInput {
  readonly failures: readonly JobFailure[]
  readonly report: TestReport
  /** Paths of the project. */
  readonly tracked: readonly string[]
  readonly redact: (text: string) => string
  /** Longest log over all jobs, in characters; 24,000 unless set. */
  readonly maxChars?: number | undefined
}

interface Group {
  readonly failure: JobFailure
  readonly reduced: ReducedTrace
  readonly names: string[]
}

/** Traces that are shown, at most; further jobs are named. */
const maxShown = 8

/** Makes one diagnosis of all failed jobs of a pipeline and its test reports. */
export function diagnose(input: DiagnosisInput): Diagnosis {
  const { failures, redact } = input
  const tests = diagnosedTests(
    input.report,
    failures.map(({ job }) => job.name),
    redact,
  )
  const groups = grouped(failures, redact)
  const shown = groups.slice(0, maxShown)
  const log = logOf(groups, input.maxChars ?? 24_000, redact)
  const named = tests.flatMap((test) => [
    ...(test.file === undefined ? [] : [{ path: test.file }]),
    ...(test.output ?? '').split('\n').flatMap(mentionsOf),
  ])
  return {
    signature: signatureOf(groups, tests),
    failing: failures.map(({ job }) => noteOf(job)),
    tests,
    testsText: describeTests(tests),
    log,
    mentions: resolveMentions([...named, ...interleaved(shown.map(({ reduced }) => reduced.mentions))], input.tracked),
  }
}

/** What makes a failure this one: its three best anchors, and the tests that failed. */
const signsOf = ({ anchors, failed }: ReducedTrace): readonly string[] => [...anchors.slice(0, 3).sort(), ...failed]

function grouped(failures: readonly JobFailure[], redact: (text: string) => string): Group[] {
  const groups = new Map<string, Group>()
  for (const failure of failures) {
    const { job, trace, lastGreen } = failure
    const reduced = reduceTrace(trace, {
      maxChars: 2_000,
      lastGreen,
      failureReason: job.failureReason,
      redact,
    })
    const best = signsOf(reduced)
    const key = best.length === 0 ? `job ${job.id}` : [baseName(job.name), ...best].join('\n')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { failure, reduced, names: [job.name] })
    else group.names.push(job.name)
  }
  return [...groups.values()]
}

function logOf(groups: readonly Group[], maxChars: number, redact: (text: string) => string): string {
  const shown = groups.slice(0, maxShown)
  const rest = groups.slice(maxShown).flatMap(({ names }) => names)
  const also = rest.length === 0 ? '' : redact(`\nAlso failed: ${list(rest)}`)
  const room = Math.floor((maxChars - also.length) / Math.max(1, shown.length)) - 2
  const texts = shown.map(({ failure: { job, trace, lastGreen }, names }) => {
    const reason = job.failureReason === undefined ? '' : `, ${job.failureReason}`
    const head = redact(`=== ${list(names)} (stage ${list([job.stage])}${reason.slice(0, 100)}) ===\n`)
    const maxChars = Math.max(0, room - head.length)
    return head + reduceTrace(trace, { maxChars, lastGreen, failureReason: job.failureReason, redact }).text
  })
  return (texts.join('\n\n') + also).slice(0, maxChars)
}

const list = (names: readonly string[]): string =>
  names
    .slice(0, 10)
    .map((name) => plainText(name.slice(0, 120)).replaceAll(/\s+/g, ' '))
    .join(', ') + (names.length > 10 ? ` and ${names.length - 10} more` : '')

function noteOf(job: ForgeJob): JobNote {
  const { name, stage, status, webUrl, failureReason } = job
  return { name, stage, status, webUrl, ...(failureReason !== undefined && { failureReason }) }
}

/** Failed tests speak for the jobs whose suites they are; lines of the trace for the others. */
function signatureOf(groups: readonly Group[], tests: readonly ReportedTest[]): string {
  const suites = new Set(tests.map(({ suite }) => baseName(suite)))
  const jobs = groups.flatMap(({ names, reduced }) => {
    const told = names.some((name) => suites.has(baseName(name))) || (tests.length > 0 && reduced.failed.length > 0)
    return [...new Set(names.map(baseName))].map((name) => [name, ...(told ? [] : signsOf(reduced))].join('\n'))
  })
  const named = tests.map(({ classname, name, output }) => [classname, name, maskLine(messageOf(output))].join('\n'))
  return sha256(JSON.stringify([[...new Set(jobs)].sort(), [...new Set(named)].sort()])).slice(0, 32)
}

const messageOf = (output: string | undefined): string => /\S[^\n]*/.exec(output ?? '')?.[0] ?? ''

/** The best of each, then the second of each, and so on. */
function interleaved<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, at) => lists.flatMap((each) => each.slice(at, at + 1))).flat()
}
