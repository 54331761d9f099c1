/** A file, or the parts of it that matter. */
export interface Excerpt {
  readonly content: string
  readonly cut: boolean
}

/** Characters that a mark of missing lines takes at most. */
const markLength = 40

/**
 * A text within `room` characters: whole where it fits, else whole lines around the `lines` that matter (from 1) and its
 * beginning, where imports stand. Marks say how many lines are missing.
 */
export function excerptOf(text: string, room: number, lines: readonly number[]): Excerpt {
  if (text.length <= room) return { content: text, cut: false }
  const all = text.split('\n')
  const chosen = new Set<number>()
  let left = room - markLength
  const take = (at: number): boolean => {
    const line = all[at]
    if (line === undefined || chosen.has(at)) return true
    const cost = line.length + 1 + (chosen.has(at - 1) || chosen.has(at + 1) ? 0 : markLength)
    if (cost > left) return false
    left -= cost
    chosen.add(at)
    return true
  }
  const centres = [...new Set(lines.filter((line) => line >= 1 && line <= all.length).map((line) => line - 1))].slice(
    0,
    20,
  )
  for (let at = 0; at < (centres.length === 0 ? all.length : 15); at++) if (!take(at)) break
  // Outward from each in turn, so that the room is shared.
  for (let step = 0, going = centres.length > 0; going && step <= all.length; step++) {
    going = centres.map((centre) => take(centre - step) && take(centre + step)).some(Boolean)
  }
  return { content: rendered(all, chosen), cut: true }
}

function rendered(all: readonly string[], chosen: ReadonlySet<number>): string {
  const output: string[] = []
  let missing = 0
  const mark = (): void => {
    if (missing > 0) output.push(`… ${missing} lines left out …`)
    missing = 0
  }
  for (const [at, line] of all.entries()) {
    if (!chosen.has(at)) missing++
    else {
      mark()
      output.push(line)
    }
  }
  mark()
  return output.join('\n')
}
