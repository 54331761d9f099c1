import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'

/** Makes the folder of a run, before anything is spent on it. Throws `artifact_failed`, also where it is there already. */
export async function makeRunDir(runDir: string): Promise<void> {
  await mkdir(dirname(runDir), { recursive: true }).catch(refuse)
  await mkdir(runDir).catch(refuse)
  function refuse(cause: NodeJS.ErrnoException): never {
    if (cause.code === 'EEXIST') {
      throw new GreenloopError('artifact_failed', `${runDir} is there already`, {
        cause,
        why: 'a run is never written over another',
        help: 'give the run another --run-id',
      })
    }
    throw new GreenloopError('artifact_failed', `${runDir} cannot be made: ${cause.message}`, {
      cause,
      help: 'choose another folder with --artifacts',
    })
  }
}
