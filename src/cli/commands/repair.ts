import type { Command } from 'commander'
import type { RepairOverrides } from '../../app/repair.ts'
import { storeSurroundings } from '../flags.ts'
import { addDetachOption, addOutputOptions, addStoreOptions, seconds, wholeNumber } from '../options.ts'
import type { StoreOptions } from '../options.ts'
import type { Session } from '../session.ts'
import { registerRepairRemote } from './repair-remote.ts'

/** Options that say what is repaired and how. */
interface TargetFlags {
  config: string
  project?: string
  ref?: string
  mergeRequest?: number
  repository?: string
}

interface RunFlags extends TargetFlags, StoreOptions {
  rounds?: number
  timeout?: number
  create?: boolean
  artifacts?: string
  runId?: string
  remote?: string
  tlsCa?: string
  detach?: boolean
}

interface WatchFlags extends TargetFlags, StoreOptions {
  pipeline?: number
}

/** `greenloop repair`: from a red pipeline to a green one, under guards. */
export function registerRepair(program: Command, session: Session): void {
  const repair = program
    .command('repair')
    .description(
      'turn a failing GitLab pipeline green: a model patches, guards decide: run, watch, status, resume, check',
    )
  const run = target(
    repair
      .command('run')
      .description('push a branch, open a draft merge request, and mend what fails until its pipeline is green'),
  )
    .option('--rounds <n>', 'rounds of repair at most', wholeNumber(0))
    .option('--timeout <seconds>', 'limit of the whole run', seconds)
    .option('--create', 'make the project where it is missing')
    .option('--remote <host:port>', 'let the service at this address do it, and watch')
    .option('--tls-ca <file>', 'with --remote: certificate authority of the service, in PEM')
  addDetachOption(addOutputOptions(run))
    .option('--database <url>', 'the same as --store, for a shared database')
    .action((flags: RunFlags) => startRun(flags, session))
  addStoreOptions(
    target(repair.command('watch').description('watch a pipeline to its end and say what failed; nothing is changed')),
  )
    .option('--pipeline <id>', 'this pipeline; the newest of the branch unless given', wholeNumber(1))
    .action((flags: WatchFlags) => watch(flags, session))
  addStoreOptions(repair.command('status').argument('[run]', 'a repair', 'latest'))
    .description('show where a repair stands, round by round')
    .action((id: string, options: StoreOptions) => status(id, options, session))
  addDetachOption(addStoreOptions(repair.command('resume').argument('<run>', 'a repair that was broken off')))
    .description('go on with a repair that was broken off, where it stood')
    .action((id: string, options: StoreOptions & { detach?: boolean }) => resume(id, options, session))
  target(repair.command('check').description('try every connection and permission that the configuration names'))
    .option('--no-model', 'leave the model out, which costs a few tokens')
    .action((flags: TargetFlags & { model: boolean }) => check(flags, session))
  registerRepairRemote(repair, session)
}

/** Adds what names the configuration and the project. */
function target(command: Command): Command {
  return command
    .option('--config <file>', 'configuration', 'config.yaml')
    .option('--project <path>', 'project with its groups, or its number')
    .option('--ref <branch>', 'branch that is repaired')
    .option('--merge-request <iid>', 'repair the branch of this merge request', wholeNumber(1))
    .option('--repository <folder>', 'repair this git repository on this machine, without a GitLab')
}

function overridesOf(flags: TargetFlags & Partial<RunFlags>): RepairOverrides {
  const { project, ref, mergeRequest, repository, rounds, timeout, create } = flags
  const given = { project, ref, mergeRequest, repository, rounds, timeoutSeconds: timeout, create }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

async function startRun(flags: RunFlags, session: Session): Promise<void> {
  if (session.server !== undefined) {
    const { startRepair } = await import('../remote-start.ts')
    return startRepair(flags, session)
  }
  const overrides = overridesOf(flags)
  if (flags.remote !== undefined) {
    const { repairRemotely } = await import('../repair-remote.ts')
    return repairRemotely({ ...flags, remote: flags.remote, overrides, tokenFile: session.tokenFile }, session)
  }
  const [{ repair }, { openRepairView, printRepair }, { askMissing }] = await Promise.all([
    import('../../app/repair.ts'),
    import('../repair-lines.ts'),
    import('../repair-ask.ts'),
  ])
  const view = openRepairView(session)
  const { config, runId, artifacts } = flags
  const around = storeSurroundings(session, flags)
  const where = {
    ...around,
    onStep: view.step,
    flags: { ...around.flags, ...(artifacts === undefined ? {} : { artifacts }) },
  }
  const audience = { onEvent: view.onEvent, ask: askMissing(session) }
  printRepair(await repair({ config, overrides, runId }, audience, where), session)
}

async function resume(id: string, options: StoreOptions & { detach?: boolean }, session: Session): Promise<void> {
  if (session.server !== undefined) {
    const { resumeRemotely } = await import('../remote-run.ts')
    return resumeRemotely(id, options, session)
  }
  const [{ resumeRepairById }, { openRepairView, printRepair }, { askMissing }] = await Promise.all([
    import('../../app/repair.ts'),
    import('../repair-lines.ts'),
    import('../repair-ask.ts'),
  ])
  const view = openRepairView(session)
  const audience = { onEvent: view.onEvent, ask: askMissing(session) }
  const where = { ...storeSurroundings(session, options), onStep: view.step }
  printRepair(await resumeRepairById(id, audience, where), session)
}

async function watch(flags: WatchFlags, session: Session): Promise<void> {
  const [{ watchProject }, { openRepairView, printWatched }] = await Promise.all([
    import('../../app/repair-watch.ts'),
    import('../repair-lines.ts'),
  ])
  const view = openRepairView(session)
  const input = { config: flags.config, overrides: overridesOf(flags), pipeline: flags.pipeline }
  const where = { ...storeSurroundings(session, flags), onStep: view.step }
  printWatched(await watchProject(input, view.onEvent, where), session)
}

async function status(id: string, options: StoreOptions, session: Session): Promise<void> {
  if (session.server !== undefined) {
    const { statusRemotely } = await import('../remote-look.ts')
    return statusRemotely(id, session)
  }
  const [{ repairStatus }, { printStanding }] = await Promise.all([
    import('../../app/repair.ts'),
    import('../repair-lines.ts'),
  ])
  printStanding(await repairStatus(id, storeSurroundings(session, options)), session)
}

async function check(flags: TargetFlags & { model: boolean }, session: Session): Promise<void> {
  const [{ checkRepair }, { printChecks }] = await Promise.all([
    import('../../app/repair-check.ts'),
    import('./doctor.ts'),
  ])
  const input = { config: flags.config, overrides: overridesOf(flags), model: flags.model }
  printChecks(await checkRepair(input, storeSurroundings(session, {})), session)
}
