import { arch, availableParallelism, release, type } from 'node:os'
import type { RunnerInfo, Sandbox } from '../domain/ports.ts'
import type { Execution, FileCoverage } from '../domain/run.ts'
import { judgeRun } from '../domain/verdict.ts'
import { report } from './context.ts'
import type { RunContext } from './context.ts'
import { mergeCoverage } from './coverage-merge.ts'

/** What the end of a run adds to its findings. */
export interface Close {
  readonly startedAt: number
  readonly durationMs: number
  readonly cancelled: boolean
}

interface Identity {
  readonly runId: string
  readonly info: RunnerInfo
  readonly sandbox: Sandbox
}

/** Closes the book of a run: coverage united, tests in order, verdict given, logs closed. */
export async function conclusion(
  context: RunContext,
  { runId, info, sandbox }: Identity,
  close: Close,
): Promise<Execution> {
  const { findings, request, logs, onProgress } = context
  const coverage = unitedCoverage(context)
  if (context.workspaces.isShallow) {
    report(context, {
      kind: 'note',
      message: 'the project is too large to be copied, so tests could not write to most of its folders',
    })
  }
  const tests = findings.ledger.results()
  const { problems, processes } = findings
  processes.sort((a, b) => a.number - b.number)
  const verdict = judgeRun({ tests, problems, processes, cancelled: close.cancelled })
  logs.line(`${verdict}: ${tests.length} tests, ${problems.length} problems, ${close.durationMs} ms`)
  const fault = await logs.close()
  if (fault !== undefined) report(context, { kind: 'note', message: `the logs are not complete: ${fault}` })
  onProgress({ kind: 'finished', verdict })
  return {
    runId,
    framework: info.framework,
    frameworkVersion: info.version,
    interpreter: info.interpreter,
    plugins: info.plugins,
    cwd: request.cwd,
    startedAt: close.startedAt,
    durationMs: close.durationMs,
    verdict,
    tests,
    deselected: findings.deselected,
    problems,
    processes,
    ...(coverage === undefined ? {} : { coverage }),
    benchmarks: findings.benchmarks,
    sandbox: { tier: sandbox.tier, gaps: sandbox.gaps },
    environment: {
      system: `${type()} ${release()}`,
      architecture: arch(),
      processors: String(availableParallelism()),
      node: process.versions.node,
    },
  }
}

/** Why there is no coverage at all, with what would bring it. */
function whyUnmeasured({ framework, interpreter, executable, plugins }: RunnerInfo): string {
  if (plugins['coverage'] !== undefined || framework === 'node') return 'nothing was measured'
  if (framework === 'vitest') return '@vitest/coverage-v8 is not installed (npm install -D @vitest/coverage-v8)'
  return `${interpreter} has no coverage package (${executable} -m pip install coverage)`
}

/** Coverage of all processes together, with a note where some of it or all is missing. */
function unitedCoverage(context: RunContext): readonly FileCoverage[] | undefined {
  const { findings, request, collectOnly } = context
  if (request.coverage === false || collectOnly) return undefined
  const [first] = findings.uncovered
  if (findings.coverage.length === 0) {
    report(context, { kind: 'note', message: `coverage was asked for, but ${whyUnmeasured(context.info)}` })
    return undefined
  }
  if (first !== undefined) {
    const message = `process ${first} ended without its coverage, so the figures are too low`
    report(context, { kind: 'note', message })
  }
  return mergeCoverage(findings.coverage)
}
