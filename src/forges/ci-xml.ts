/** What a reader of XML comes by. Names are as they stand, with their prefix. */
export type XmlPart =
  | {
      readonly kind: 'open'
      readonly name: string
      readonly attributes: Readonly<Record<string, string>>
      readonly isEmpty: boolean
    }
  | { readonly kind: 'close'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'fault'; readonly reason: string }

const maxAttributes = 200
const unfinished: XmlPart = { kind: 'fault', reason: 'it ends in the middle' }

/**
 * The parts of an XML document in their order; a fault is the last of them. A document type, which may define entities
 * without end, is a fault. Nothing is fetched, and no entity but the five of XML and numbers is known. Linear time.
 */
export function* xmlParts(xml: string): Generator<XmlPart> {
  for (let at = xml.startsWith('\uFEFF') ? 1 : 0; at < xml.length;) {
    const open = xml.indexOf('<', at)
    const text = xml.slice(at, open === -1 ? xml.length : open)
    if (text !== '') yield { kind: 'text', text: decoded(text) }
    if (open === -1) return
    const { part, next } = markup(xml, open)
    if (part !== undefined) yield part
    if (part?.kind === 'fault') return
    at = next
  }
}

/** What begins at a `<`, and where it is over. */
function markup(xml: string, at: number): { readonly part?: XmlPart | undefined; readonly next: number } {
  const until = (opening: string, closing: string, say?: (text: string) => XmlPart) => {
    const end = xml.indexOf(closing, at + opening.length)
    if (end === -1) return { part: unfinished, next: xml.length }
    return { part: say?.(xml.slice(at + opening.length, end)), next: end + closing.length }
  }
  if (xml.startsWith('<![CDATA[', at)) return until('<![CDATA[', ']]>', (text) => ({ kind: 'text', text }))
  if (xml.startsWith('<!--', at)) return until('<!--', '-->')
  if (xml.startsWith('<?', at)) return until('<?', '?>')
  if (xml.startsWith('<!', at)) return { part: { kind: 'fault', reason: 'it has a document type' }, next: xml.length }
  if (xml.startsWith('</', at)) return until('</', '>', (text) => ({ kind: 'close', name: text.trim() }))
  return openTag(xml, at + 1)
}

/** Reads a name and its attributes, one after another, each from where the last ended. */
function openTag(xml: string, from: number): { readonly part: XmlPart; readonly next: number } {
  const name = matchAt(/[^\s/>"'=<]+/y, xml, from)
  const attributes: Record<string, string> = {}
  let at = from + name.length
  for (let count = 0; count <= maxAttributes; count++) {
    at += matchAt(/\s+/y, xml, at).length
    if (name !== '' && xml.startsWith('>', at))
      return { part: { kind: 'open', name, attributes, isEmpty: false }, next: at + 1 }
    if (xml.startsWith('/>', at)) return { part: { kind: 'open', name, attributes, isEmpty: true }, next: at + 2 }
    const key = matchAt(/[^\s/>"'=<]+/y, xml, at)
    const opening = matchAt(/\s*=\s*["']/y, xml, at + key.length)
    const begin = at + key.length + opening.length
    const end = opening === '' ? -1 : xml.indexOf(opening.slice(-1), begin)
    if (name === '' || key === '' || end === -1) break
    attributes[key] = decoded(xml.slice(begin, end))
    at = end + 1
  }
  return { part: { kind: 'fault', reason: 'it holds a tag that is not XML' }, next: xml.length }
}

/** What a sticky pattern finds at a place, or an empty text. */
function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decoded(text: string): string {
  if (!text.includes('&')) return text
  return text.replaceAll(/&(#\d{1,7}|#x[\da-f]{1,6}|amp|lt|gt|quot|apos);/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return entities[name] ?? whole
    const code = Number(name.replace(/^#x/i, '0x').replace('#', ''))
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''
  })
}
