import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { temporaryBeside } from '../lib/files.ts'
import { isShared } from './store.ts'

/** Greenloop's own folder in a project; what lies in it belongs to this machine and in no repository. */
const ownFolder = '.greenloop'

/** Where a server keeps what only its owner may read: beside an embedded store, else in the served folder. */
export function ownerPath(
  name: string,
  { storeAt, root }: { readonly storeAt: string; readonly root: string },
): string {
  return join(isShared(storeAt) ? join(root, ownFolder) : dirname(storeAt), name)
}

/** A text that only its owner can read. */
export interface OwnerText {
  readonly text: string
  /** It was made by this call. */
  readonly isNew: boolean
}

/**
 * The text of a file that only its owner can read; where there is none, one is made, also when two make it at once.
 * Throws `config_invalid` where others can read it: then it is no secret any more.
 */
export async function ownerText(path: string, make: () => string): Promise<OwnerText> {
  const there = await read(path)
  if (there !== undefined) return { text: there, isNew: false }
  const text = make()
  if (await place(path, text, link)) return { text, isNew: true }
  return { text: (await read(path)) ?? text, isNew: false }
}

/** Puts another text in the place of what is there. */
export async function replaceOwnerText(path: string, text: string): Promise<void> {
  await place(path, text, rename)
}

const mostBytes = 4096

async function read(path: string): Promise<string | undefined> {
  let handle: FileHandle
  try {
    // A repository could bring a link to something that its author knows.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw refusal(path, `cannot be opened: ${(error as Error).message}`)
  }
  try {
    const stats = await handle.stat()
    if (!stats.isFile() || stats.size > mostBytes) throw refusal(path, 'is no file of a server')
    if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) throw refusal(path, 'can be read by others')
    return (await handle.readFile('utf8')).trim()
  } finally {
    await handle.close()
  }
}

function refusal(path: string, what: string): GreenloopError {
  return new GreenloopError('config_invalid', `${path} ${what}`, {
    why: 'what it holds must be known to nobody else',
    help: `remove it, and a new one is made: rm '${path}'`,
  })
}

/** Gives whether the text is there now; not where `link` found another one. */
async function place(path: string, text: string, how: typeof link): Promise<boolean> {
  const temporary = temporaryBeside(path)
  try {
    await prepareFolder(dirname(path))
    const handle = await open(temporary, 'wx', 0o600)
    await writeFlushed(handle, `${text}\n`).finally(() => handle.close())
    await how(temporary, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw new GreenloopError('config_invalid', `${path} cannot be written: ${(error as Error).message}`, {
      help: 'the folder of the store must be writable for the server',
      cause: error,
    })
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Text of 256 random bits. */
export function randomText(): string {
  return randomBytes(32).toString('base64url')
}

async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (basename(folder) !== ownFolder) return
  await writeFile(join(folder, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => {})
}

/** A key that is lost with the power takes the secrets with it. */
async function writeFlushed(handle: FileHandle, text: string): Promise<void> {
  await handle.writeFile(text)
  await handle.sync()
}
