import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { makeFolders } from '../lib/files.ts'

/** Makes the folder of a run, before anything is spent on it. Throws `artifact_failed`, also where it is there already. */
export async function makeRunDir(runDir: string): Promise<void> {
  await makeFolders(dirname(runDir)).catch((cause: NodeJS.ErrnoException) => refuse(cause, false))
  await mkdir(runDir).catch((cause: NodeJS.ErrnoException) => refuse(cause, cause.code === 'EEXIST'))
  function refuse(cause: NodeJS.ErrnoException, taken: boolean): never {
    if (taken) {
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

/** A run id that cannot lead out of the artifacts folder. Throws `usage_invalid` for any other. */
export function checkedRunId(runId: string | undefined): string | undefined {
  if (runId === undefined || (runId !== 'latest' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(runId))) return runId
  throw new GreenloopError('usage_invalid', `\`${runId}\` cannot be the id of a run`, {
    help: 'up to 128 letters, digits, dots, dashes and underscores, a letter or digit first; `latest` is taken',
  })
}
