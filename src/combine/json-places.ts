import type { Place } from '../domain/errors.ts'
import { lineFinder, parsePositions, type JsonNode, type Span } from '../lib/positions.ts'

/** Finds the places of a document's parts. */
export interface JsonPlaces {
  /** Place of the part at this path, or of the nearest part around it. */
  of(path: readonly PropertyKey[]): Place
  /** Place of a stretch inside the string at this path; the stretch counts in the string's own characters. */
  inside(path: readonly PropertyKey[], span: Span): Place
}

/** Places in a JSON text. Without one (the model came as an object) the paths themselves are the places. */
export function jsonPlaces(file: string, text: string | undefined): JsonPlaces {
  const parsed = text === undefined ? undefined : parsePositions(text)
  if (text === undefined || parsed === undefined || 'error' in parsed) {
    const of = (path: readonly PropertyKey[]): Place => ({ file: [file, ...path.map(String)].join('.') })
    return { of, inside: of }
  }
  const find = lineFinder(text)
  const placeOf = ({ start, end }: Span): Place => {
    const { line, column, text: shown } = find(start)
    return { file, line, column, length: Math.max(1, Math.min(end - start, shown.length - column + 1)), text: shown }
  }
  return {
    of: (path) => placeOf(nodeAt(parsed.root, path)),
    inside: (path, span) => {
      const node = nodeAt(parsed.root, path)
      const starts = characterStarts(text, node)
      return placeOf({ start: starts[span.start] ?? node.start, end: starts[span.end] ?? node.end })
    },
  }
}

function nodeAt(root: JsonNode, path: readonly PropertyKey[]): JsonNode {
  let node = root
  for (const step of path) {
    const next = typeof step === 'number' ? node.items?.[step] : node.members?.get(String(step))?.value
    if (next === undefined) break
    node = next
  }
  return node
}

/** Offset in the text of each character of a JSON string, and of its closing quote. */
function characterStarts(text: string, { start, end }: Span): number[] {
  const starts: number[] = []
  for (let at = start + 1; at < end - 1;) {
    starts.push(at)
    if (text[at] !== '\\') at += 1
    else at += text[at + 1] === 'u' ? 6 : 2
  }
  return [...starts, end - 1]
}
