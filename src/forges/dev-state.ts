import { join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { exists, readSafely, writeAtomic } from '../lib/files.ts'
import { parseJson } from './dev-json.ts'
import { devState } from './dev-records.ts'
import type { DevState } from './dev-records.ts'

/** What a test GitLab knows, and its file. */
export interface DevStore {
  /** Changed in place; `changed()` says so. */
  readonly state: DevState
  nextId(): number
  /** Has the state written soon; several changes at once are written together. */
  changed(): void
  /** Settles when all changes so far are on the disk. Throws `artifact_failed` where the disk fails. */
  saved(): Promise<void>
}

const maxStateBytes = 512 * 1024 * 1024
const empty: DevState = {
  version: 1,
  lastId: 0,
  groups: [],
  projects: [],
  mergeRequests: [],
  notes: [],
  pipelines: [],
  jobs: [],
  tokens: [],
  pushes: [],
}

/** Opens `state.json` of a folder, or begins one. Throws `artifact_failed` for a file that is not its own. */
export async function openDevStore(folder: string): Promise<DevStore> {
  const path = join(folder, 'state.json')
  const state = (await exists(path)) ? await readState(path) : structuredClone(empty)
  let isStale = false
  let writing: Promise<void> | undefined
  const write = async (): Promise<void> => {
    while (isStale) {
      // Changes of the same turn are written together.
      await Promise.resolve()
      isStale = false
      await writeAtomic(path, JSON.stringify(state)).catch((error: unknown) => {
        throw new GreenloopError('artifact_failed', 'the state of the test GitLab cannot be written', { cause: error })
      })
    }
  }
  const begin = (): Promise<void> => {
    writing ??= write().finally(() => (writing = undefined))
    return writing
  }
  return {
    state,
    nextId: () => ++state.lastId,
    changed: () => {
      isStale = true
      // Whoever asks for saved() gets the failure.
      begin().catch(() => {})
    },
    saved: async () => {
      if (isStale || writing !== undefined) await begin()
    },
  }
}

async function readState(path: string): Promise<DevState> {
  const read = await readSafely(path, maxStateBytes)
  if (read.kind === 'refused')
    throw new GreenloopError('artifact_failed', `the state of the test GitLab cannot be read: ${read.reason}`)
  const parsed = devState.safeParse(parseJson(read.data.toString('utf8')))
  if (parsed.success) return parsed.data
  throw new GreenloopError('artifact_failed', 'state.json is not the state of a test GitLab', {
    cause: parsed.error,
    help: 'Choose another folder, or remove the file to begin anew.',
  })
}
