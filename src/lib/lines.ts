/** Cuts a byte stream into lines. */
export interface LineSplitter {
  add(chunk: Buffer): void
  /** Lines that were longer than the cap and were handed on cut to it. */
  cutLines(): number
}

/** Calls `onLine` for each line that ended in a line feed; memory stays below `maxLineBytes` plus one chunk. */
export function createLineSplitter(maxLineBytes: number, onLine: (line: string) => void): LineSplitter {
  let parts: Buffer[] = []
  let kept = 0
  let cut = false
  let cutLines = 0
  const keep = (part: Buffer): void => {
    const room = maxLineBytes - kept
    if (part.length > room) cut = true
    if (room <= 0 || part.length === 0) return
    parts.push(part.subarray(0, room))
    kept += Math.min(room, part.length)
  }
  const finish = (): void => {
    if (cut) cutLines++
    const line = Buffer.concat(parts, kept).toString('utf8')
    parts = []
    kept = 0
    cut = false
    onLine(line)
  }
  return {
    add: (chunk) => {
      let from = 0
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
        keep(chunk.subarray(from, at))
        finish()
        from = at + 1
      }
      keep(chunk.subarray(from))
    },
    cutLines: () => cutLines,
  }
}
