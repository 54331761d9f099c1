import type { ApiRunEvent } from '../../../src/client/types.ts'

/** A stretch of a run, in epoch milliseconds. */
export interface RunPhase {
  readonly key: string
  readonly kind: string
  readonly text: string
  readonly from: number
  readonly to: number
}

/** Kinds that begin a stretch: it lasts until the next one. */
const marks: ReadonlySet<string> = new Set(['queued', 'started', 'resumed', 'step'])

/** What a run was busy with, one after the other, and its tests as one stretch beside. */
export function phasesOf(events: readonly ApiRunEvent[], end: number): readonly RunPhase[] {
  const begun = events.filter((event) => marks.has(event.kind))
  const last = Date.parse(events.findLast((event) => event.kind === 'ended')?.at ?? '') || end
  const phases = begun.map((event, at) => {
    const from = Date.parse(event.at)
    const to = Date.parse(begun[at + 1]?.at ?? '') || last
    return { key: String(event.seq), kind: event.kind, text: wordsOf(event), from, to: Math.max(from, to) }
  })
  return [...phases, ...stretchOf(events, 'tests'), ...stretchOf(events, 'text')].toSorted((a, b) => a.from - b.from)
}

/** First and last event of a kind. */
function stretchOf(events: readonly ApiRunEvent[], kind: string): readonly RunPhase[] {
  const fit = events.filter((event) => event.kind === kind)
  const [first] = fit
  const last = fit.at(-1)
  if (!first || !last) return []
  return [{ key: kind, kind, text: '', from: Date.parse(first.at), to: Date.parse(last.at) }]
}

/** An event in a line, whatever it is. */
export function wordsOf({ data }: ApiRunEvent): string {
  if (data === null || data === undefined) return ''
  const { text, message, reason, title, by } = Object(data) as Readonly<Record<string, unknown>>
  const words = [text, message, reason, title, by].find((each) => typeof each === 'string' && each !== '')
  return (typeof words === 'string' ? words : JSON.stringify(data)).slice(0, 400)
}
