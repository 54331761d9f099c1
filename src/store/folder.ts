import { mkdir, open, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Greenloop's own folder in a project; what lies in it belongs to this machine and in no repository. */
const ownFolder = '.greenloop'

/**
 * Makes an empty file that only its owner can read, and its folder where that is missing. Throws the system's error.
 */
export async function prepareFile(path: string): Promise<void> {
  const folder = dirname(path)
  const made = await mkdir(folder, { recursive: true, mode: 0o700 })
  await (await open(path, 'a', 0o600)).close()
  if (made === undefined || basename(folder) !== ownFolder) return
  await writeFile(join(folder, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => {})
}
