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

/** Makes a {@link CappedBuffer}; memory stays below `capBytes` plus one chunk. */
export function createCapped(capBytes: number): CappedBuffer {
  const half = Math.floor(capBytes / 2)
  const head: Uint8Array[] = []
  const tail: Uint8Array[] = []
  let headBytes = 0
  let tailBytes = 0
  let totalBytes = 0

  const addTail = (chunk: Uint8Array): void => {
    const kept = chunk.subarray(Math.max(0, chunk.length - half))
    tail.push(kept)
    tailBytes += kept.length
    for (let first = tail[0]; first !== undefined && tailBytes - first.length >= half; first = tail[0]) {
      tail.shift()
      tailBytes -= first.length
    }
  }
  return {
    add: (chunk) => {
      totalBytes += chunk.length
      const room = half - headBytes
      const forHead = room > 0 ? chunk.subarray(0, room) : undefined
      if (forHead !== undefined) {
        head.push(forHead)
        headBytes += forHead.length
      }
      const rest = forHead === undefined ? chunk : chunk.subarray(forHead.length)
      if (rest.length > 0) addTail(rest)
    },
    read: () => {
      const end = Buffer.concat(tail)
      const kept = end.subarray(Math.max(0, end.length - half))
      const cutBytes = totalBytes - headBytes - kept.length
      const start = Buffer.concat(head)
      const text =
        cutBytes === 0
          ? Buffer.concat([start, kept]).toString('utf8')
          : `${start.toString('utf8')}\n[… ${cutBytes} bytes cut …]\n${kept.toString('utf8')}`
      return { text, totalBytes, cutBytes }
    },
  }
}
