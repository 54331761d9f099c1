import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { makeRunDir } from '../app/run-folder.ts'
import type { ApiArtifact, ApiRunDetail } from '../client/types.ts'
import { GreenloopError } from '../domain/errors.ts'
import { makeFolders, temporaryBeside } from '../lib/files.ts'
import type { Remote } from './remote-connect.ts'

/** Files of a run by their names: paths here where they were fetched, addresses of the server where not. */
export type RemoteFiles = Readonly<Record<string, string>>

/** Where the files of a run are on the server. */
export function addressesOf({ id, artifacts }: ApiRunDetail, { client }: Remote): RemoteFiles {
  return Object.fromEntries(
    artifacts.map((each) => [each.name, client.href('getArtifact', { params: { id, artifact: each.id } })]),
  )
}

/**
 * Fetches every file of a run that is over into a folder of its name below `folder` (absolute); gives that folder. A size that is not the one
 * that was told, and a name that leads elsewhere, end it. Throws `artifact_failed`.
 */
export async function fetchFiles(run: ApiRunDetail, folder: string, remote: Remote): Promise<string> {
  const runDir = join(folder, run.id)
  for (const artifact of run.artifacts) refuseName(artifact.name)
  await makeRunDir(runDir)
  for (const artifact of run.artifacts) await fetchFile(artifact, { runDir, id: run.id, remote })
  return runDir
}

/** The text of one file of a run, or `undefined` where it left none of this name. */
export async function fetchText(run: ApiRunDetail, name: string, { client }: Remote): Promise<string | undefined> {
  const artifact = run.artifacts.find((each) => each.name === name)
  if (artifact === undefined) return undefined
  const answer = await client.response('getArtifact', { params: { id: run.id, artifact: artifact.id } })
  const bytes = Buffer.from(await answer.arrayBuffer())
  if (bytes.length !== artifact.bytes) throw wrongSize(artifact, bytes.length)
  return bytes.toString('utf8')
}

/** The server says where files lie below the run; it is not believed. */
function refuseName(name: string): void {
  const parts = name.split('/')
  const isPlain = parts.every((part) => part !== '' && part !== '.' && part !== '..')
  if (isPlain && name.length <= 1024 && !/[\\\p{Cc}]|^[A-Za-z]:/u.test(name)) return
  throw new GreenloopError(
    'artifact_failed',
    'the server names a file that would lie outside of the folder of the run',
    {
      help: 'leave --artifacts out, and look at the run on the page of the server',
    },
  )
}

interface Fetching {
  readonly runDir: string
  readonly id: string
  readonly remote: Remote
}

async function fetchFile(artifact: ApiArtifact, { runDir, id, remote }: Fetching): Promise<void> {
  const path = resolve(runDir, artifact.name)
  const temporary = temporaryBeside(path)
  await makeFolders(dirname(path))
  try {
    const answer = await remote.client.response('getArtifact', { params: { id, artifact: artifact.id } })
    const body = answer.body === null ? Readable.from([]) : Readable.fromWeb(answer.body as ReadableStream<Uint8Array>)
    await pipeline(body, exactly(artifact), createWriteStream(temporary, { flags: 'wx' }))
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    if (!(error instanceof Error) || !('syscall' in error)) throw error
    throw new GreenloopError('artifact_failed', `${path} cannot be written: ${error.message}`, { cause: error })
  }
}

/** Lets a file through that has the size it should have. */
function exactly(artifact: ApiArtifact): Transform {
  let bytes = 0
  return new Transform({
    transform: (chunk: Uint8Array, _encoding, done) => {
      bytes += chunk.length
      done(bytes > artifact.bytes ? wrongSize(artifact, bytes) : null, chunk)
    },
    flush: (done) => done(bytes === artifact.bytes ? null : wrongSize(artifact, bytes)),
  })
}

function wrongSize({ name, bytes }: ApiArtifact, got: number): GreenloopError {
  return new GreenloopError('artifact_failed', `${name} came with ${got} bytes instead of ${bytes}`, {
    why: 'it was changed meanwhile, or the connection was cut',
    help: 'try again',
  })
}
