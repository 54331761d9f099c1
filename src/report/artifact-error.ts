import { GreenloopError } from '../domain/errors.ts'

const mends: Readonly<Record<string, string>> = {
  ENOSPC: 'make room on the disk, or choose another folder with --artifacts',
  EDQUOT: 'the quota is used up: make room, or choose another folder with --artifacts',
  EROFS: 'the file system is read-only: choose another folder with --artifacts',
  EACCES: 'allow writing to the folder, or choose another one with --artifacts',
  EPERM: 'allow writing to the folder, or choose another one with --artifacts',
  ENOENT: 'the folder of the run is gone: run again, and keep others from removing it meanwhile',
  ENOTDIR: 'a part of the path is a file: choose another folder with --artifacts',
  EMFILE: 'too many files are open: raise the limit with `ulimit -n`',
}

/** A failure of the disk as `artifact_failed`, with what mends it; errors of our own pass as they are. */
export function artifactError(error: unknown, path: string): GreenloopError {
  if (error instanceof GreenloopError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason = error instanceof Error ? error.message : String(error)
  const help = mends[code]
  return new GreenloopError('artifact_failed', `the artifacts of the run cannot be written to ${path}: ${reason}`, {
    cause: error,
    ...(help === undefined ? {} : { help }),
  })
}
