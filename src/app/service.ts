import { mkdir, realpath } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { every } from '../lib/clock.ts'
import { withDotEnv } from './dot-env.ts'
import { openInstallationKey } from './secrets.ts'
import { holdServer } from './server-lock.ts'
import type { ServiceContext } from './service-context.ts'
import { openRuns } from './service-runs.ts'
import type { ServiceBase } from './service-runs.ts'
import { readSettings } from './settings.ts'
import { isShared, namedStore, openRunStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'

/** How the service is set up. */
export interface ServiceOptions {
  /** Runs side by side; half of the processors, and at least two, unless given. With 0 it leaves them to workers. */
  readonly slots?: number | undefined
  /** Lets tests run without a sandbox where none can be had. */
  readonly unsafeNoSandbox?: boolean | undefined
  /** Something is worth knowing. */
  readonly onStep?: ((text: string) => void) | undefined
}

/** The service, open. */
export interface Service extends ServiceContext {
  /** Begins no more runs, and waits so many milliseconds for those that go on. What is asked meanwhile is answered. */
  drain(ms: number): Promise<void>
  /** Drains, and lets go. What is not over by then goes on when a server is back. */
  close(drainMs: number): Promise<void>
}

const sweepMs = 10 * 60_000

/**
 * Opens the service on the folder of its surroundings. Runs that were broken off go on. Throws `server_running` where another
 * server has the store, `store_unavailable`, `config_invalid`.
 */
export async function openService(options: ServiceOptions, around: Surroundings): Promise<Service> {
  const base = await openBase(around)
  const { store, storeAt } = base
  try {
    const release = isShared(storeAt) ? undefined : await holdServer(store.documents)
    const { runs, drain, close } = await openRuns(base, {
      slots: options.slots ?? Math.max(2, Math.floor(availableParallelism() / 2)),
      isSandboxed: options.unsafeNoSandbox !== true,
      incoming: join(isShared(storeAt) ? join(base.root, '.greenloop') : dirname(storeAt), 'incoming'),
      onStep: options.onStep ?? (() => {}),
    })
    const sweeping = every(sweepMs, () => void store.documents.sweep().catch(() => {}))
    return {
      ...base,
      runs,
      drain,
      close: async (drainMs) => {
        sweeping.cancel()
        await drain(drainMs)
        await close()
        await release?.()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function openBase(around: Surroundings): Promise<ServiceBase> {
  const root = await realpath(around.cwd)
  const where = { ...(await withDotEnv(around)), cwd: root }
  const { settings } = await readSettings(where)
  const storeAt = await namedStore(where)
  if (!isShared(storeAt)) await makeStoreFolder(dirname(storeAt))
  const key = await openInstallationKey(storeAt, where)
  const store = await openRunStore(storeAt)
  return { store, storeAt, root, artifacts: resolve(root, settings.artifacts), key, where }
}

async function makeStoreFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    throw new GreenloopError('store_unavailable', `${folder} cannot be made: ${(cause as Error).message}`, {
      cause,
      help: 'name a store where this user may write: greenloop serve --store /path/greenloop.db --artifacts /path/artifacts',
    })
  }
}
