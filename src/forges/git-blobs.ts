import { GreenloopError } from '../domain/errors.ts'
import type { TreeFile } from '../domain/repository.ts'

/** Who takes the contents of files, one after the other. */
export interface BlobTaker {
  begin(file: TreeFile): void
  write(part: Buffer): void
  end(): void
}

const maxHeaderBytes = 200

/**
 * Reads the output of `git cat-file --batch`, in pieces of any size: for each file a line `ID blob SIZE`, the content and a
 * line feed. Throws `git_failed` where it is not what was asked for.
 */
export function createBlobReader(files: readonly TreeFile[], taker: BlobTaker) {
  let index = 0
  let header = ''
  /** Bytes of content that are still to come; -1 while a header is read. */
  let missing = -1

  const readHeader = (chunk: Buffer, from: number): number => {
    const end = chunk.indexOf(10, from)
    header += chunk.toString('latin1', from, end === -1 ? chunk.length : end)
    const file = files[index]
    if (header.length > maxHeaderBytes || file === undefined) throw garbled()
    if (end === -1) return chunk.length
    if (header !== `${file.oid} blob ${file.size}`) throw garbled()
    header = ''
    missing = file.size
    taker.begin(file)
    return end + 1
  }
  const readContent = (chunk: Buffer, from: number): number => {
    if (missing === 0) {
      if (chunk[from] !== 10) throw garbled()
      taker.end()
      missing = -1
      index++
      return from + 1
    }
    const part = chunk.subarray(from, from + missing)
    taker.write(part)
    missing -= part.length
    return from + part.length
  }
  return {
    add: (chunk: Buffer): void => {
      for (let from = 0; from < chunk.length;) from = missing < 0 ? readHeader(chunk, from) : readContent(chunk, from)
    },
    isComplete: () => index === files.length && missing < 0 && header === '',
  }
}

function garbled(): GreenloopError {
  return new GreenloopError('git_failed', 'git cat-file: the output is not what was asked for')
}
