import type { Command } from 'commander'
import type { ShownRun } from '../../app/runs.ts'
import { GreenloopError } from '../../domain/errors.ts'
import type { RunEvent, RunFilter } from '../../domain/stored-run.ts'
import { runKinds } from '../../domain/stored-run.ts'
import { storeHint, storeSurroundings } from '../flags.ts'
import { addDetachOption, addStoreOptions, collect, wholeNumber } from '../options.ts'
import type { StoreOptions } from '../options.ts'
import { painter } from '../output.ts'
import { eventLine } from '../event-lines.ts'
import { cancelOne, followed, listed, resume, shown } from '../run-source.ts'
import { detailLines, runLines } from '../run-lines.ts'
import type { Session } from '../session.ts'

interface ListOptions extends StoreOptions {
  kind?: string[]
  limit: number
}

interface PruneOptions extends StoreOptions {
  olderThan?: number
  keep?: number
  dryRun?: boolean
  artifacts?: boolean
}

/** `greenloop runs`: what was run, what runs, and what was broken off. */
export function registerRuns(program: Command, session: Session): void {
  const runs = program.command('runs').description('the runs on record: list, show, cancel, resume, logs, prune')
  const sub = (usage: string, description: string): Command =>
    addStoreOptions(runs.command(usage).description(description))
  sub('list', 'list runs, the newest first')
    .option('--kind <kind>', `only runs of this kind: ${runKinds.join(', ')}; repeat for more`, collect)
    .option('--limit <n>', 'so many at most', wholeNumber(1), 20)
    .action((options: ListOptions) => list(options, session))
  sub('show <run>', 'show a run: state, counts, tasks that did not succeed')
    .option('--failures <n>', 'failures shown at most', wholeNumber(0), 10)
    .action((id: string, options: StoreOptions & { failures: number }) => show(id, options, session))
  sub('cancel <run>', 'ask a run to end').action(async (id: string, options: StoreOptions) => {
    const run = await cancelOne(id, options, session)
    session.output.note(run.state === 'cancelled' ? `${run.id} is cancelled\n` : `${run.id} was asked to end\n`)
    document(session, { run })
  })
  addDetachOption(sub('resume <run>', 'go on with a run that was broken off, where it stood')).action(
    (id: string, options: StoreOptions & { detach?: boolean }) => resume(id, options, session),
  )
  sub('logs <run>', 'print what happened in a run')
    .option('-f, --follow', 'go on until the run is over')
    .action((id: string, options: StoreOptions & { follow?: boolean }) => logs(id, options, session))
  sub('prune', 'remove ended runs from the record')
    .option('--older-than <days>', 'those that ended so many days ago', wholeNumber(0))
    .option('--keep <n>', 'all but the newest', wholeNumber(0))
    .option('--artifacts', 'remove their folders of artifacts as well')
    .option('--dry-run', 'only say what would be removed')
    .action((options: PruneOptions) => prune(options, session))
}

async function list({ kind, limit, ...options }: ListOptions, session: Session): Promise<void> {
  const unknown = kind?.find((name) => !(runKinds as readonly string[]).includes(name))
  if (unknown !== undefined) {
    throw new GreenloopError('usage_invalid', `there is no kind of run \`${unknown}\``, { help: runKinds.join(', ') })
  }
  const kinds = kind as RunFilter['kinds']
  const found = await listed({ limit, kinds }, options, session)
  if (session.output.result === 'human') {
    session.output.print(found.length === 0 ? 'no runs yet\n' : runLines(found, painter(session.output.colour)))
  } else document(session, { runs: found.map(briefly) })
}

async function show(
  id: string,
  { failures, ...options }: StoreOptions & { failures: number },
  session: Session,
): Promise<void> {
  const details = await shown(id, { failures, ...options }, session)
  const hint = session.server === undefined ? storeHint(options) : ` --server ${session.server.url}`
  if (session.output.result === 'human')
    session.output.print(detailLines(details, painter(session.output.colour), hint))
  else document(session, details)
}

async function logs(
  id: string,
  { follow = false, ...options }: StoreOptions & { follow?: boolean },
  session: Session,
): Promise<void> {
  const asText = session.output.result === 'human' || !session.output.asked
  const onEvent = (event: RunEvent): void =>
    session.output.print(asText ? eventLine(event) : `${JSON.stringify(event)}\n`)
  const run = await followed(id, { follow, onEvent, options }, session)
  if (asText) session.output.note(`${run.id} ${run.standing}${run.verdict === undefined ? '' : ` (${run.verdict})`}\n`)
}

async function prune(
  { olderThan, keep, dryRun = false, artifacts = false, ...options }: PruneOptions,
  session: Session,
) {
  if (olderThan === undefined && keep === undefined) {
    throw new GreenloopError('usage_invalid', 'runs prune wants --older-than or --keep', {
      help: 'greenloop runs prune --older-than 30 --dry-run',
    })
  }
  const { pruneRuns } = await import('../../app/runs.ts')
  const rule = { olderThanDays: olderThan, keep, dryRun, artifacts }
  const removed = await pruneRuns(rule, storeSurroundings(session, options))
  const [noun, verb] = removed.length === 1 ? ['run', 'was'] : ['runs', 'were']
  session.output.note(`${removed.length} ${noun} ${dryRun ? 'would be' : verb} removed\n`)
  document(session, { dryRun, removed: removed.map(({ id, kind, title }) => ({ id, kind, title })) })
}

/** A run without what only a resumption needs. */
function briefly({ input: _input, policy: _policy, owner, ...run }: ShownRun) {
  return { ...run, ...(owner === undefined ? {} : { owner: { host: owner.host, pid: owner.pid } }) }
}

function document({ output }: Session, value: unknown): void {
  if (output.result !== 'human') output.print(`${JSON.stringify(value)}\n`)
}
