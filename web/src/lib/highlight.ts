/** A place in a text, in UTF-16 units. */
export interface TextPlace {
  readonly start: number
  readonly end: number
}

/** Places that fit, at most so many. */
const mostPlaces = 1000

/** Every place where what is looked for stands; without regard to case, and ё is е. */
export function placesOf(text: string, wanted: string): readonly TextPlace[] {
  const needle = fold(wanted)
  if (needle === '') return []
  const haystack = fold(text)
  const places: TextPlace[] = []
  for (let at = haystack.indexOf(needle); at !== -1 && places.length < mostPlaces;) {
    places.push({ start: at, end: at + needle.length })
    at = haystack.indexOf(needle, at + needle.length)
  }
  return places
}

/** Folds without a change of length, so that places stay what they are. */
function fold(text: string): string {
  const lower = text.toLowerCase()
  return (lower.length === text.length ? lower : text).replaceAll('ё', 'е')
}

/** The place as a range over the text nodes below an element. */
export function rangeOf(root: Node, { start, end }: TextPlace): Range | undefined {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  const range = document.createRange()
  let before = 0
  let isBegun = false
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const { length } = node.textContent ?? ''
    if (!isBegun && start < before + length) {
      range.setStart(node, start - before)
      isBegun = true
    }
    if (isBegun && end <= before + length) {
      range.setEnd(node, end - before)
      return range
    }
    before += length
  }
  return undefined
}

/** Paints ranges by the name of a `::highlight()`; browsers without it show none. */
export function paint(name: string, ranges: readonly Range[]): void {
  if (typeof Highlight === 'undefined') return
  if (ranges.length === 0) CSS.highlights.delete(name)
  else CSS.highlights.set(name, new Highlight(...ranges))
}
