import { hostname } from 'node:os'
import type { RepairSetup } from '../config/repair-setup.ts'
import type { Forge, ForgeProject, MergeRequest } from '../domain/forge.ts'
import type { RepairEvent, RepairState } from '../domain/repair.ts'
import type { Repository } from '../domain/repository.ts'
import { createGitLab } from '../forges/gitlab.ts'
import { collectFolder } from '../forges/git-folder.ts'
import { controlFolder, openRepository } from '../forges/git-repository.ts'
import { openWebhook } from '../forges/webhook.ts'
import { systemClock } from '../lib/clock.ts'
import { exists } from '../lib/files.ts'
import { random } from '../lib/random.ts'
import type { Redactor } from '../lib/redact.ts'
import type { RepairWorld } from '../repair/world.ts'
import { openRepairModel } from './repair-model.ts'
import { openScriptBox } from './repair-box.ts'
import { openRepairFiles } from './repair-files.ts'
import { openLocalForge } from './repair-local.ts'
import type { Surroundings } from './surroundings.ts'

export type { MissingChoice, MissingProject } from '../repair/world.ts'

/** A person who can be asked about a project that is missing. */
export type AskMissing = NonNullable<RepairWorld['ask']>

/** What a world is opened for. */
export interface WorldParts {
  readonly runId: string
  readonly folder: string
  readonly redactor: Redactor
  readonly record: (state: RepairState) => Promise<void>
  readonly emit: (event: RepairEvent) => void
  readonly ask?: AskMissing | undefined
}

/** Something that is open, and what closes it. */
export interface Opened<T> {
  readonly it: T
  readonly close: () => Promise<void>
}

/** The code host of a setup. */
export async function openForge(
  setup: RepairSetup,
  log: (line: string) => void,
  where: Surroundings,
): Promise<Opened<{ readonly forge: Forge; readonly token: string }>> {
  const local = setup.gitlab === undefined ? await openLocalForge(setup, where) : undefined
  const { url, token, ca } = setup.gitlab ?? { url: local?.server.url ?? '', token: local?.token ?? '', ca: undefined }
  const { retry } = setup
  const forge = createGitLab({
    url,
    token,
    retry,
    clock: systemClock,
    random,
    onRequest: log,
    ...(ca === undefined ? {} : { ca }),
  })
  return {
    it: { forge: local === undefined ? forge : withoutPages(forge, setup.repository ?? '.'), token },
    close: async () => {
      await forge.close()
      await local?.server.close()
    },
  }
}

/** A host on this machine is gone with its process: its pages lead nowhere, and the branch is in the repository itself. */
function withoutPages(forge: Forge, repository: string): Forge {
  const bare = <T extends MergeRequest | undefined>(request: T): T =>
    request === undefined ? request : { ...request, webUrl: '' }
  return {
    ...forge,
    name: 'local',
    afterGreen: (branch) => `git -C ${repository} merge ${branch}`,
    findMergeRequest: async (...args) => bare(await forge.findMergeRequest(...args)),
    mergeRequest: async (...args) => bare(await forge.mergeRequest(...args)),
    openMergeRequest: async (...args) => bare(await forge.openMergeRequest(...args)),
    updateMergeRequest: async (...args) => bare(await forge.updateMergeRequest(...args)),
  }
}

/** The control repository of a project. */
export function repositoryOf(
  setup: RepairSetup,
  { token, log, where }: { readonly token: string; readonly log: (line: string) => void; readonly where: Surroundings },
): (project: ForgeProject) => Promise<Repository> {
  const opened = new Map<string, Promise<Repository>>()
  return ({ cloneUrl }) => {
    const known = opened.get(cloneUrl)
    if (known !== undefined) return known
    const ca = setup.gitlab?.ca
    const repository = openRepository({
      // A local host has another port each time, and stays the same repository.
      folder: controlFolder(setup.gitWorkDir, setup.repository === undefined ? cloneUrl : `file://${setup.repository}`),
      url: cloneUrl,
      token,
      author: { name: 'Greenloop', email: `greenloop@${hostname() || 'localhost'}` },
      retry: setup.retry,
      clock: systemClock,
      random,
      path: where.env.PATH ?? '/usr/bin:/bin',
      onCommand: log,
      ...(ca === undefined ? {} : { ca }),
    })
    opened.set(cloneUrl, repository)
    return repository
  }
}

/** Opens all that the loop works with. */
export async function openWorld(
  setup: RepairSetup,
  parts: WorldParts,
  where: Surroundings,
): Promise<Opened<RepairWorld>> {
  const { runId, folder, redactor, record, emit, ask } = parts
  const files = openRepairFiles(folder, redactor)
  const closing: (() => Promise<void>)[] = [files.close]
  const close = async (): Promise<void> => {
    for (const one of closing.toReversed()) await one()
  }
  try {
    const opened = await openForge(setup, files.log, where)
    closing.push(opened.close)
    const { forge, token } = opened.it
    const webhook = setup.webhook === undefined ? undefined : await openWebhook(setup.webhook)
    if (webhook !== undefined) closing.push(webhook.close)
    const { aiWorkDir, validation } = setup.policy
    const world: RepairWorld = {
      runId,
      forge,
      repository: repositoryOf(setup, { token, log: files.log, where }),
      provider: await openRepairModel(setup, files.log, quiet(where, redactor)),
      policy: setup.policy,
      clock: systemClock,
      random,
      redactor,
      box: await openScriptBox(validation.sandbox, where),
      record,
      emit: (event) => {
        if (event.kind === 'step') files.log(event.text)
        emit(event)
      },
      save: files.save,
      ask,
      woken: webhook?.woken ?? untilAborted,
      ...(aiWorkDir === undefined ? {} : { bringIn: () => bringIn(aiWorkDir, where) }),
    }
    return { it: world, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The surroundings, told without secrets: what a server says may repeat what it was sent. */
function quiet(where: Surroundings, redactor: Redactor): Surroundings {
  const { onStep } = where
  return onStep === undefined ? where : { ...where, onStep: (text) => onStep(redactor.text(text)) }
}

/** Files of the AI work folder. One that is not there yet has nothing to bring, and that is said. */
async function bringIn(folder: string, { onStep }: Surroundings): ReturnType<typeof collectFolder> {
  if (await exists(folder)) return collectFolder(folder)
  onStep?.(`there is no folder ${folder} (\`paths.ai_work_dir\`): nothing is brought in`)
  return { files: [], leftOut: [] }
}

/** Without webhooks nothing ever wakes the poller. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
