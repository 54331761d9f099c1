import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { GreenloopError } from '../domain/errors.ts'
import { temporaryBeside } from '../lib/files.ts'

/** A text file that grows bit by bit under a hidden name and gets its own when it is whole. */
export interface GrowingFile {
  readonly path: string
  /** Where it lies until it is kept. */
  readonly temporary: string
  /** Takes a text in; it is written in large pieces. */
  write(text: string): void
  /** Bytes taken in so far. */
  bytes(): number
  /** Waits until little is left to be written; rejects with `artifact_failed`. */
  drain(): Promise<void>
  /** Writes what is left and closes. */
  close(): Promise<void>
  /** Gives it its name, once it is closed. */
  keep(): Promise<void>
  /** Closes and removes it; nothing happens where it is gone. */
  discard(): Promise<void>
}

const pieceBytes = 64 * 1024

/** Opens such a file beside `path`. Rejects with `artifact_failed`. */
export async function openGrowing(path: string): Promise<GrowingFile> {
  const temporary = temporaryBeside(path)
  const handle = await onDisk(path, open(temporary, 'wx', 0o644))
  const queue = createQueue(handle)
  return {
    path,
    temporary,
    write: (text) => queue.write(text),
    bytes: () => queue.bytes(),
    drain: () => onDisk(path, queue.drain(pieceBytes)),
    close: () => onDisk(path, closeWhole(queue, handle)),
    keep: () => onDisk(path, rename(temporary, path)),
    discard: async () => {
      await handle.close().catch(() => undefined)
      await rm(temporary, { force: true })
    },
  }
}

/** Waits for work on a file; what the disk says becomes `artifact_failed`. */
export async function onDisk<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof GreenloopError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new GreenloopError('artifact_failed', `the report ${path} cannot be written: ${reason}`, {
      cause: error,
      help: 'make room on the disk, or choose another folder',
    })
  }
}

interface Queue {
  write(text: string): void
  bytes(): number
  /** Begins to write once more than `limit` bytes wait, and waits for it. */
  drain(limit: number): Promise<void>
}

function createQueue(handle: FileHandle): Queue {
  let waiting: string[] = []
  let waitingBytes = 0
  let total = 0
  let last: Promise<unknown> = Promise.resolve()
  return {
    write: (text) => {
      const size = Buffer.byteLength(text)
      waiting.push(text)
      waitingBytes += size
      total += size
    },
    bytes: () => total,
    drain: async (limit) => {
      if (waitingBytes >= limit) {
        const piece = waiting.join('')
        waiting = []
        waitingBytes = 0
        last = last.then(() => handle.appendFile(piece))
        // Whoever drains hears of a failure; nobody may be left to drain when the file is discarded.
        last.catch(() => undefined)
      }
      await last
    },
  }
}

async function closeWhole(queue: Queue, handle: FileHandle): Promise<void> {
  await queue.drain(0)
  await handle.datasync()
  await handle.close()
}
