import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, join, relative as relativeTo, sep } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'

/**
 * The absolute real path of what a caller names in the served folder, be it there already or not. Throws `path_refused`
 * for absolute paths, `..`, forms of Windows, control characters, and symbolic links that lead out or nowhere.
 */
export async function servedPath(root: string, relative: string): Promise<string> {
  const reason = refusal(relative)
  if (reason !== undefined) throw refused(relative, reason)
  const base = await realpath(root)
  const found = await realParent(join(base, relative), relative)
  const way = relativeTo(base, found)
  if (way === '..' || way.startsWith(`..${sep}`) || way.startsWith(sep)) {
    throw refused(relative, 'a symbolic link on its way leads out of the served folder')
  }
  return found
}

function refusal(path: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  if (/[\u0000-\u001f\u007f]/u.test(path)) return 'it holds a control character'
  if (path.includes('\\') || /^[A-Za-z]:/u.test(path)) return 'it is a path of Windows: write it with /'
  if (path.startsWith('/')) return 'it is absolute'
  if (path.split('/').includes('..')) return 'it goes up with `..`'
  if (Buffer.byteLength(path) > 4096) return 'it is longer than 4,096 bytes'
  return undefined
}

/** The real path of the part that is there, with the rest behind it. */
async function realParent(path: string, named: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'ELOOP') throw refused(named, 'its symbolic links lead in a circle')
    if (code === 'ENAMETOOLONG') throw refused(named, 'a name in it is too long')
    if (code === 'EACCES') throw refused(named, 'a folder on its way may not be entered')
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
  }
  const there = await lstat(path).catch(() => undefined)
  if (there !== undefined) throw refused(named, 'a symbolic link on its way leads nowhere')
  return join(await realParent(dirname(path), named), basename(path))
}

function refused(path: string, why: string): GreenloopError {
  return new GreenloopError('path_refused', `\`${shown(path)}\` is not taken: ${why}`, {
    help: 'name it relative to the folder that the server serves, such as tests/suite.json',
  })
}

function shown(path: string): string {
  return path.slice(0, 200).replace(/\p{Cc}/gu, '?')
}
