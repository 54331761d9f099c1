import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'

/** The text of a file that the command line names. Throws `file_missing`. */
export async function readText(path: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), 'utf8')
  } catch (cause) {
    throw new GreenloopError('file_missing', `there is no ${path} that can be read`, { cause })
  }
}
