import { resolve } from 'node:path'
import type { ExperimentResult } from '../app/experiment.ts'
import { writeOut } from '../app/write-out.ts'
import type { ApiRunDetail } from '../client/types.ts'
import { errorCatalog, GreenloopError } from '../domain/errors.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { RepairState } from '../domain/repair.ts'
import { isErrorCode, pageOf, problemOf } from './remote-connect.ts'
import type { Remote } from './remote-connect.ts'
import { addressesOf, fetchFiles, fetchText } from './remote-files.ts'
import type { RemoteFiles } from './remote-files.ts'
import type { RemoteStart } from './remote-run.ts'
import { isRecord, shownRun } from './remote-shapes.ts'
import { printReport } from './result.ts'
import type { ShownReport } from './result.ts'
import type { Session } from './session.ts'

interface Concluding {
  readonly start: RemoteStart
  readonly remote: Remote
  readonly session: Session
}

interface Place {
  readonly page: string
  /** Folder here, where the files were fetched. */
  readonly runDir?: string | undefined
  readonly files: RemoteFiles
}

/** Prints what the command would have printed here, and sets the exit code; throws why a run could not be carried out. */
export async function conclude(run: ApiRunDetail, { start, remote, session }: Concluding): Promise<void> {
  const place = await placeOf(run, { start, remote, session })
  if (start.out !== undefined && run.generatedBy !== undefined) await keepScript(run, start.out, { remote, session })
  if (run.kind === 'experiment' && run.status !== 'failed') return concludeExperiment(run, place, { remote, session })
  if (run.kind === 'repair') {
    const state = await lastState(run, remote)
    if (state?.end !== undefined) return concludeRepair(run, { state, place }, session)
  }
  const summary = await fetchText(run, 'summary.json', remote)
  if (summary !== undefined) return concludeTests(run, { summary, place }, session)
  if (run.status !== 'finished') throw failureOf(run, remote)
  if (run.kind === 'generate') return concludeScript(run, place, session)
  printPlain(run, place, session)
}

async function placeOf(run: ApiRunDetail, { start, remote, session }: Concluding): Promise<Place> {
  const page = pageOf(remote, run.id)
  if (start.artifacts === undefined) return { page, files: addressesOf(run, remote) }
  const runDir = await fetchFiles(run, resolve(session.cwd, start.artifacts), remote)
  session.begin(run.id, runDir)
  return { page, runDir, files: Object.fromEntries(run.artifacts.map(({ name }) => [name, resolve(runDir, name)])) }
}

async function keepScript(
  run: ApiRunDetail,
  out: string,
  { remote, session }: { readonly remote: Remote; readonly session: Session },
): Promise<void> {
  const code = await fetchText(run, run.generatedBy?.script.name ?? '', remote)
  if (code !== undefined) await writeOut(resolve(session.cwd, out), code)
}

function concludeTests(
  run: ApiRunDetail,
  { summary: text, place }: { readonly summary: string; readonly place: Place },
  session: Session,
): void {
  const summary = JSON.parse(text) as ShownReport['summary']
  const generation = generationOf(run, place, summary.summary.total)
  const extra = { page: place.page, ...(generation === undefined ? {} : { generation }) }
  printReport({ summary: { ...summary, artifacts: place.files }, ...place }, session, extra)
}

/** How the script came to be, as the pipeline tells it; `undefined` where no script was written. */
function generationOf({ generatedBy }: ApiRunDetail, { files }: Place, collected?: number): object | undefined {
  if (generatedBy === undefined) return undefined
  const { provider, how, applied, findings, script, calls } = generatedBy
  const sum = (pick: 'inputTokens' | 'outputTokens'): number => calls.reduce((total, call) => total + call[pick], 0)
  const usage = { calls: calls.length, inputTokens: sum('inputTokens'), outputTokens: sum('outputTokens') }
  const warnings = findings.map(({ line, message }) => `line ${line}: ${message}`)
  return {
    provider,
    usage,
    script: files[script.name] ?? script.name,
    tests: script.tests,
    collected,
    how,
    applied,
    warnings,
  }
}

function concludeScript(run: ApiRunDetail, place: Place, session: Session): void {
  const { output } = session
  const { page, files } = place
  const exitCode = run.exitCode ?? 0
  const document = { status: 'finished', exitCode, runId: run.id, page, artifacts: files, ...generationOf(run, place) }
  const name = run.generatedBy?.script.name ?? ''
  print(session, document)
  if (output.result === 'human')
    output.note(`\n${run.generatedBy?.script.tests.length ?? 0} tests in ${files[name] ?? name}\n`)
  session.end(exitCode)
}

async function concludeExperiment(
  run: ApiRunDetail,
  { files, runDir, page }: Place,
  { remote, session }: { readonly remote: Remote; readonly session: Session },
): Promise<void> {
  const comparison = await remote.client.call('getComparison', { params: { id: run.id } })
  const { printExperiment } = await import('./experiment-lines.ts')
  const stored = shownRun(run)
  const result = {
    run: stored,
    verdict: run.verdict ?? 'incomplete',
    exitCode: run.exitCode ?? exitOf(run),
    reason: run.reason,
    trials: comparison.trials,
    comparison,
    files,
    folder: runDir ?? page,
  }
  // The API tells the same comparison without the fields that only reports show.
  printExperiment(result as unknown as ExperimentResult, session, ` --server ${remote.url}`)
}

/** State of a repair as its record tells it last. It is told at every step, so that the end of the record mostly holds one. */
export async function lastState(run: ApiRunDetail, remote: Remote): Promise<RepairState | undefined> {
  const from = Math.max(0, run.lastEventSeq - 200)
  const near = await lastStateBehind(run.id, from, remote)
  return near === undefined && from > 0 ? lastStateBehind(run.id, 0, remote) : near
}

async function lastStateBehind(id: string, from: number, { client }: Remote): Promise<RepairState | undefined> {
  let state: RepairState | undefined
  for (let after = from; ;) {
    const { items } = await client.call('listEvents', { params: { id }, query: { after, limit: 1000 } })
    state = items.map(({ kind, data }) => (kind === 'repair' ? stateIn(data) : undefined)).findLast(Boolean) ?? state
    const last = items.at(-1)
    if (last === undefined) return state
    after = last.seq
  }
}

function stateIn(data: unknown): RepairState | undefined {
  return isRecord(data) && isRecord(data.state) ? (data.state as unknown as RepairState) : undefined
}

async function concludeRepair(
  run: ApiRunDetail,
  { state, place }: { readonly state: RepairState; readonly place: Place },
  session: Session,
): Promise<void> {
  const { printRepair } = await import('./repair-lines.ts')
  const end = state.end ?? 'cancelled'
  const exitCode = run.exitCode ?? exitOf(run)
  printRepair({ runId: run.id, end, exitCode, state, folder: place.runDir ?? place.page }, session)
}

function printPlain(run: ApiRunDetail, { page }: Place, session: Session): void {
  const exitCode = run.exitCode ?? 0
  print(session, { status: run.status, exitCode, runId: run.id, verdict: run.verdict, reason: run.reason, page })
  session.output.note(`${run.verdict ?? run.status}\nrun     ${run.id}    ${page}\n`)
  session.end(exitCode)
}

function print({ output }: Session, document: object): void {
  if (output.result === 'human') return
  output.print(`${JSON.stringify(output.result === 'jsonl' ? { kind: 'summary', ...document } : document)}\n`)
}

/** Exit codes of runs that say no code of the catalogue. */
const codes: Readonly<Record<number, ErrorCode>> = {
  2: 'usage_invalid',
  4: 'nothing_collected',
  5: 'run_incomplete',
  6: 'budget_reached',
  130: 'cancelled',
}

function failureOf(run: ApiRunDetail, { url }: Remote): GreenloopError {
  const { error, reason, id, status } = run
  if (status === 'interrupted') {
    return new GreenloopError('lease_lost', `the run ${id} was broken off on the server`, {
      help: `greenloop runs resume ${id} --server ${url}`,
    })
  }
  const message = error?.message ?? reason ?? `the run ended as ${status}`
  const named = Object.entries(errorCatalog).find(([name, entry]) => name === error?.code || entry.id === error?.code)
  const [name = ''] = named ?? []
  const code = isErrorCode(name) ? name : (codes[run.exitCode ?? exitOf(run)] ?? 'internal')
  return new GreenloopError(code, message, { problems: (error?.problems ?? []).map(problemOf) })
}

function exitOf({ status }: ApiRunDetail): number {
  return status === 'cancelled' ? errorCatalog.cancelled.exit : status === 'finished' ? 0 : errorCatalog.internal.exit
}
