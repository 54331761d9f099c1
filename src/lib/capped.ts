/** Text of a stream of which only head and tail were kept. */
export interface CappedText {
  readonly text: string
  readonly totalBytes: number
  /** Bytes left out between head and tail. */
  readonly cutBytes: number
}

/** Collects a byte stream of any length in bounded memory: the first and the last half of `capBytes`. */
export interface CappedBuffer {
  add(chunk: Uint8Array): void
  read(): CappedText
}

const blockBytes = 64 * 1024

/** Makes a {@link CappedBuffer}; memory stays below `capBytes` plus two blocks of 64 KiB, however small the chunks. */
export function createCapped(capBytes: number): CappedBuffer {
  const headCap = Math.ceil(capBytes / 2)
  const tailCap = capBytes - headCap
  const head = createBlocks()
  const tail = createBlocks()
  let totalBytes = 0
  return {
    add: (chunk) => {
      totalBytes += chunk.length
      const forHead = Math.max(0, Math.min(headCap - head.size(), chunk.length))
      if (forHead > 0) head.add(chunk.subarray(0, forHead))
      const rest = chunk.subarray(forHead)
      if (rest.length > 0 && tailCap > 0) tail.add(rest.subarray(Math.max(0, rest.length - tailCap)))
      tail.dropTo(tailCap)
    },
    read: () => {
      const start = head.read()
      const all = tail.read()
      const end = all.subarray(Math.max(0, all.length - tailCap))
      const cutBytes = totalBytes - start.length - end.length
      if (cutBytes === 0) return { text: Buffer.concat([start, end]).toString('utf8'), totalBytes, cutBytes }
      const text = `${wholeHead(start).toString('utf8')}\n[… ${cutBytes} bytes cut …]\n${wholeTail(end).toString('utf8')}`
      return { text, totalBytes, cutBytes }
    },
  }
}

/** A queue of bytes in blocks: many tiny chunks cost no more than one large one. */
function createBlocks() {
  const blocks: Buffer[] = []
  let size = 0
  let used = blockBytes
  let spare: Buffer | undefined
  const add = (chunk: Uint8Array): void => {
    for (let from = 0; from < chunk.length;) {
      if (used === blockBytes) {
        blocks.push(spare ?? Buffer.allocUnsafeSlow(blockBytes))
        spare = undefined
        used = 0
      }
      const part = chunk.subarray(from, from + blockBytes - used)
      blocks.at(-1)?.set(part, used)
      used += part.length
      from += part.length
      size += part.length
    }
  }
  return {
    add,
    size: () => size,
    /** Drops whole blocks from the front while at least `bytes` stay. */
    dropTo: (bytes: number): void => {
      while (blocks.length > 1 && size - blockBytes >= bytes) {
        spare = blocks.shift()
        size -= blockBytes
      }
    },
    read: (): Buffer => Buffer.concat(blocks, size),
  }
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/** Leaves out a character that the cut has broken at the end. */
function wholeHead(bytes: Buffer): Buffer {
  let lead = bytes.length - 1
  while (lead > bytes.length - 4 && isContinuation(bytes[lead])) lead--
  const first = bytes[lead] ?? 0
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1
  return lead + length > bytes.length ? bytes.subarray(0, Math.max(0, lead)) : bytes
}

/** Leaves out a character that the cut has broken at the start. */
function wholeTail(bytes: Buffer): Buffer {
  let from = 0
  while (from < 3 && isContinuation(bytes[from])) from++
  return bytes.subarray(from)
}
