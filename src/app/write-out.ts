import { writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { makeFolders } from '../lib/files.ts'

/** Writes what `--out` asks for, with the folders that lead there. Throws `artifact_failed`. */
export async function writeOut(path: string, text: string): Promise<void> {
  try {
    await makeFolders(dirname(path))
    await writeFile(path, text)
  } catch (cause) {
    throw new GreenloopError('artifact_failed', `${path} cannot be written: ${(cause as Error).message}`, {
      cause,
      help: 'choose another file with --out',
    })
  }
}
