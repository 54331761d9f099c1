import { useEffect, useMemo, useRef } from 'react'
import { paint, placesOf, rangeOf } from '../lib/highlight.ts'
import type { ReactElement, ReactNode, RefObject } from 'react'
import type { TextPlace } from '../lib/highlight.ts'

const blockLines = 400
const mostPainted = 300

interface LogTextProps {
  readonly head: string
  /** Stands between head and tail where something was left out. */
  readonly gap?: ReactNode
  readonly tail: string
  readonly search: string
  /** Which of the places that were found is looked at. */
  readonly current: number
  /** Stays at the end while the text grows. */
  readonly isFollowing: boolean
  readonly label: string
  /** Says how many places there are. */
  readonly onFound: (places: readonly TextPlace[]) => void
  /** Looks at a place that no search found: the first error. */
  readonly jump?: TextPlace | undefined
}

/** A long text in blocks, of which the browser lays out only those that are seen. */
export function LogText(props: LogTextProps): ReactElement {
  const { head, gap, tail, search, current, isFollowing, label, onFound, jump } = props
  const box = useRef<HTMLDivElement>(null)
  const places = useMemo(() => placesOf(head + tail, search), [head, tail, search])
  useEffect(() => onFound(places), [places, onFound])
  useEffect(() => {
    if (isFollowing) box.current?.scrollTo({ top: box.current.scrollHeight })
  }, [isFollowing, head, tail])
  usePaint(box, { places, current: search === '' ? jump : places[current] })
  return (
    <div className="log" ref={box} role="log" aria-live="off" aria-label={label} tabIndex={0}>
      <Blocks text={head} />
      {gap !== undefined && <div className="log-gap">{gap}</div>}
      <Blocks text={tail} />
    </div>
  )
}

function Blocks({ text }: { readonly text: string }): ReactElement {
  const blocks = useMemo(() => blocksOf(text), [text])
  return (
    <>
      {blocks.map((block, at) => (
        // Blocks are counted from the beginning, which never changes.
        // oxlint-disable-next-line react/no-array-index-key
        <pre key={at}>{block}</pre>
      ))}
    </>
  )
}

function blocksOf(text: string): readonly string[] {
  if (text === '') return []
  const blocks: string[] = []
  let from = 0
  let lines = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
    lines++
    if (lines < blockLines) continue
    blocks.push(text.slice(from, at + 1))
    from = at + 1
    lines = 0
  }
  if (from < text.length) blocks.push(text.slice(from))
  return blocks
}

interface Painted {
  readonly places: readonly TextPlace[]
  readonly current: TextPlace | undefined
}

function usePaint(box: RefObject<HTMLDivElement | null>, { places, current }: Painted): void {
  useEffect(() => {
    const root = box.current
    if (!root) return
    const texts = [...root.querySelectorAll('pre')]
    const ranges = places.slice(0, mostPainted).map((place) => rangeIn(texts, place))
    paint(
      'found',
      ranges.filter((range) => range !== undefined),
    )
    const at = current && rangeIn(texts, current)
    paint('current', at ? [at] : [])
    if (at) {
      at.startContainer.parentElement?.scrollIntoView({ block: 'nearest' })
      const { top } = at.getBoundingClientRect()
      root.scrollBy({ top: top - root.getBoundingClientRect().top - root.clientHeight / 3 })
    }
    return () => {
      paint('found', [])
      paint('current', [])
    }
  }, [box, places, current])
}

function rangeIn(texts: readonly HTMLElement[], place: TextPlace): Range | undefined {
  let before = 0
  for (const text of texts) {
    const { length } = text.textContent ?? ''
    if (place.start < before + length) {
      const end = Math.min(place.end, before + length)
      return rangeOf(text, { start: place.start - before, end: end - before })
    }
    before += length
  }
  return undefined
}
