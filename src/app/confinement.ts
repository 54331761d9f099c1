import { realpath } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { ownerPath } from './secrets-file.ts'
import { storeFiles } from './store.ts'

/** Bounds of what somebody else has ordered, who may run tests but not read what the owner of the folder can read. */
export interface Confinement {
  /** Folder that tests come from, absolute and real. */
  readonly root: string
  /** Files that tests never see, absolute. */
  readonly unseen: readonly string[]
}

/** The bounds of callers of a server. */
export function confinedTo(root: string, storeAt: string): Confinement {
  const own = ['server-token', 'server-key', 'server.json'].map((name) => ownerPath(name, { storeAt, root }))
  return { root, unseen: [...own, ...storeFiles(storeAt), join(root, '.env')] }
}

/**
 * Throws `path_refused` for a folder out of bounds: tests run on a copy of their folder, and what lies elsewhere or is hidden, such
 * as the keys of the server or the history of git, is not theirs to copy.
 */
export async function refuseOutside(confined: Confinement | undefined, folder: string, key: string): Promise<void> {
  if (confined === undefined) return
  const way = relative(await realpath(confined.root), await realpath(folder).catch(() => folder))
  const parts = way.split('/')
  const why = parts.includes('..') || way.startsWith('/') ? 'leads out of the served folder' : 'is a hidden folder'
  if (why === 'is a hidden folder' && !parts.some((part) => part.startsWith('.'))) return
  throw new GreenloopError('path_refused', `\`${key}\` ${why}`, {
    help: 'name a folder of sources in the folder that the server serves',
  })
}
