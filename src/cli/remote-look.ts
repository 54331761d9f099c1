import { extname, relative, resolve } from 'node:path'
import type { ExperimentResult } from '../app/experiment.ts'
import type { Check } from '../app/doctor.ts'
import { writeOut } from '../app/write-out.ts'
import type { ApiCombination, ApiPlanDetail, ApiRepair } from '../client/types.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { RepairState } from '../domain/repair.ts'
import { sleep } from '../lib/clock.ts'
import { visible } from '../lib/frame.ts'
import type { CombineFlags, Format } from './commands/combine.ts'
import { lastState } from './remote-conclude.ts'
import { readText } from './named-file.ts'
import { pageOf, withServer } from './remote-connect.ts'
import type { Remote } from './remote-connect.ts'
import { addressesOf, fetchFiles } from './remote-files.ts'
import { findRemote } from './remote-run.ts'
import { shownRun } from './remote-shapes.ts'
import type { Session } from './session.ts'

const checkMs = 500
const mostChecks = 60

/** What the server says of itself, as `doctor` says it of this machine. Its checks take a while the first time. */
export function checksRemotely(session: Session): Promise<readonly Check[]> {
  return withServer(session, async ({ client }) => {
    for (let look = 1; ; look++) {
      const { checks } = await client.call('getSystem', {}, { signal: session.signal })
      if (checks.length > 1 || look >= mostChecks) return checks
      await sleep(checkMs, session.signal)
    }
  })
}

/** Settings of the server with their origin. */
export function settingsRemotely(session: Session) {
  return withServer(session, async ({ client }) => (await client.call('getSettings', {})).items)
}

/** Makes the rows of a model on the server and writes them where they are wanted. */
export async function combineRemotely(path: string, flags: CombineFlags, session: Session): Promise<void> {
  const { cwd, output } = session
  const model = await readText(path, cwd)
  const { engine, strength, seed, timeLimit } = flags
  const given = { engine, strength, seed, timeLimitSeconds: timeLimit }
  const body = { model, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
  const made = await withServer(session, ({ client }) => client.call('combine', { body }, { signal: session.signal }))
  for (const { message } of made.warnings) output.note(`warning: ${visible(message)}\n`)
  const text = rowsText(made, formatOf(flags, output.asked))
  if (flags.out === undefined) output.print(text)
  else await writeOut(resolve(cwd, flags.out), text)
  const { rowCount, lowerBound, tuples, growth } = made
  const least = lowerBound === undefined ? '' : `, at least ${lowerBound} are needed`
  output.note(`${rowCount} rows (${made.engine})${least}; ${tuples} combinations of ${made.strength} covered\n`)
  if (flags.stats) growth.forEach((share, row) => output.note(`${row + 1}  ${(share * 100).toFixed(1)} %\n`))
  session.end(0)
}

function formatOf({ format, out }: CombineFlags, isJson: boolean): Format {
  const endings: Readonly<Record<string, Format>> = {
    '.csv': 'csv',
    '.json': 'json',
    '.md': 'markdown',
    '.html': 'html',
  }
  return format ?? endings[extname(out ?? '').toLowerCase()] ?? (isJson ? 'json' : 'text')
}

function rowsText({ parameters, rows, rowCount, csv }: ApiCombination, format: Format): string {
  const names = parameters.map(({ name }) => name)
  if (format === 'csv') return csv
  if (format === 'html')
    throw new GreenloopError('usage_invalid', 'a server gives no page of rows', { help: '--format csv' })
  if (rows.length < rowCount) {
    throw new GreenloopError('usage_invalid', `the server shows ${rows.length} of ${rowCount} rows in this form`, {
      help: 'take --format csv, which holds all of them',
    })
  }
  if (format === 'json') return `[${rows.map((row) => `\n  ${namedCells(row, parameters)}`).join(',')}\n]\n`
  const table = format === 'markdown' ? [names, names.map(() => '---'), ...rows] : [names, ...rows]
  const line = (cells: readonly string[]): string =>
    format === 'markdown' ? `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |` : cells.join('\t')
  return table.map((cells) => `${line(cells)}\n`).join('')
}

/** Values that are all numbers are numbers in the model as well. */
function namedCells(row: readonly string[], parameters: ApiCombination['parameters']): string {
  const members = parameters.map(({ name, values }, index) => {
    const text = row[index] ?? ''
    const isNumeric = text !== '' && values.every((value) => value.trim() !== '' && Number.isFinite(Number(value)))
    return `${JSON.stringify(name)}: ${JSON.stringify(isNumeric ? Number(text) : text)}`
  })
  return `{ ${members.join(', ')} }`
}

/** Prints what a plan of the served folder would do. */
export async function planRemotely(path: string, session: Session): Promise<void> {
  const { output } = session
  const plan = await withServer(session, async ({ client }) => {
    const shown = relative(session.cwd, resolve(session.cwd, path))
    const { items } = await client.call('listPlans', {})
    const found = items.find((each) => each.path === path || each.path === shown || each.id === path)
    if (found === undefined) {
      const known = items.map((each) => each.path).slice(0, 10)
      throw new GreenloopError('entry_unknown', `there is no plan ${path} in the folder of the server`, {
        help: known.length === 0 ? 'put one there' : `one of: ${known.join(', ')}`,
      })
    }
    return client.call('getPlan', { params: { id: found.id } })
  })
  if (output.result !== 'human') {
    const { name: title, path: file, estimate, manifests, warnings, problems } = plan
    output.print(`${JSON.stringify({ title, path: file, estimate, manifests, warnings, problems })}\n`)
  }
  if (output.result === 'human' || output.progress !== 'none') output.note(planText(plan))
  session.end(plan.problems.length === 0 ? 0 : 2)
}

function planText({ name, path, estimate, manifests, warnings, problems }: ApiPlanDetail): string {
  const row = (title: string, text: string): string => `  ${title.padEnd(10)}${text}`
  const lines = [
    visible(name),
    ...(estimate === undefined ? [] : [row('trials', `${estimate.trials}, ${estimate.cases} cases`)]),
    ...(estimate?.tokens === undefined ? [] : [row('tokens', `about ${Math.round(estimate.tokens)}`)]),
    ...(estimate?.costUsd === undefined ? [] : [row('cost', `about ${estimate.costUsd} USD`)]),
    ...(estimate?.seconds === undefined ? [] : [row('time', `at least ${Math.ceil(estimate.seconds)} s`)]),
    ...manifests.map(({ id, cases, repeats }) => row('manifest', visible(`${id}: ${cases} cases × ${repeats}`))),
    ...warnings.map((text) => `warning ${visible(text)}`),
    ...problems.map(
      ({ message, place }) => `problem ${place?.line === undefined ? '' : `line ${place.line}: `}${visible(message)}`,
    ),
    '',
    `next: greenloop experiment run ${path}`,
  ]
  return `${lines.join('\n')}\n`
}

/** Prints what an experiment of the server concludes; with a folder, its reports are fetched there. */
export async function reportRemotely(id: string, out: string | undefined, session: Session): Promise<void> {
  await withServer(session, async (remote) => {
    const params = { id: await findRemote(id, remote) }
    const [run, comparison] = await Promise.all([
      remote.client.call('getRun', { params }),
      remote.client.call('getComparison', { params }),
    ])
    const folder = out === undefined ? undefined : await fetchFiles(run, resolve(session.cwd, out), remote)
    const files =
      folder === undefined
        ? addressesOf(run, remote)
        : Object.fromEntries(run.artifacts.map(({ name }) => [name, resolve(folder, name)]))
    const { printExperiment } = await import('./experiment-lines.ts')
    const { verdict = 'incomplete', exitCode = 0, reason } = run
    const told = { run: shownRun(run), verdict, exitCode, reason, trials: comparison.trials, comparison, files }
    printExperiment(
      { ...told, folder: folder ?? pageOf(remote, run.id) } as unknown as ExperimentResult,
      session,
      ` --server ${remote.url}`,
    )
  })
}

/** Prints where a repair of the server stands. */
export async function statusRemotely(id: string, session: Session): Promise<void> {
  const { printStanding } = await import('./repair-lines.ts')
  await withServer(session, async (remote) => {
    const params = { id: await findRepair(id, remote) }
    const [run, repair] = await Promise.all([
      remote.client.call('getRun', { params }),
      remote.client.call('getRepair', { params }),
    ])
    const state = (await lastState(run, remote)) ?? stateOf(repair)
    printStanding({ runId: run.id, standing: run.status, state }, session)
  })
}

async function findRepair(id: string, remote: Remote): Promise<string> {
  if (id !== 'latest') return findRemote(id, remote)
  const [newest] = (await remote.client.call('listRepairs', { query: { limit: 1 } })).items
  if (newest !== undefined) return newest.id
  throw new GreenloopError('run_unknown', 'there is no repair yet')
}

/** A repair that has told no state of its own yet. */
function stateOf({ project, phase, branch, rounds, flaky, tokens, costUsd }: ApiRepair): RepairState | undefined {
  if (phase === undefined) return undefined
  const told = {
    projectPath: project,
    phase,
    branch,
    rounds,
    flaky,
    tokens,
    costUsd,
    notes: [],
    retries: {},
    spentMs: 0,
  }
  return told as unknown as RepairState
}
