import { escapeHtml } from './words.js'

// Two texts side by side: words that only one of them has are marked.

const mostSteps = 4_000_000

function wordsOf(text) {
  // Signs that are written without blanks between words stand alone.
  return text.match(/\s+|[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? []
}

/** Pieces of both texts: `[kind, text]` with kind `same`, `left`, `right`. */
export function diffTexts(left, right) {
  const plans = [wordsOf, (text) => text.split(/(?<=\n)/)]
  for (const split of plans) {
    const [a, b] = [split(left), split(right)]
    const [start, end] = commonEnds(a, b)
    const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
    if (x.length * y.length <= mostSteps) {
      return joined([
        ...a.slice(0, start).map((text) => ['same', text]),
        ...longest(x, y),
        ...a.slice(a.length - end).map((text) => ['same', text]),
      ])
    }
  }
  return [
    ['left', left],
    ['right', right],
  ]
}

function commonEnds(a, b) {
  const most = Math.min(a.length, b.length)
  let start = 0
  while (start < most && a[start] === b[start]) start++
  let end = 0
  while (end < most - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++
  return [start, end]
}

/** Longest common subsequence, by the textbook. */
function longest(a, b) {
  const width = b.length + 1
  const table = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const at = i * width + j
      table[at] = a[i] === b[j] ? table[at + width + 1] + 1 : Math.max(table[at + width], table[at + 1])
    }
  }
  const pieces = []
  let [i, j] = [0, 0]
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      pieces.push(['same', a[i++]])
      j++
    } else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) pieces.push(['left', a[i++]])
    else pieces.push(['right', b[j++]])
  }
  while (i < a.length) pieces.push(['left', a[i++]])
  while (j < b.length) pieces.push(['right', b[j++]])
  return pieces
}

function joined(pieces) {
  const result = []
  for (const [kind, text] of pieces) {
    if (result.at(-1)?.[0] === kind) result.at(-1)[1] += text
    else result.push([kind, text])
  }
  return result
}

/** One side of a comparison as HTML. */
export function diffSide(pieces, side) {
  const tag = side === 'left' ? 'del' : 'ins'
  return pieces
    .filter(([kind]) => kind === 'same' || kind === side)
    .map(([kind, text]) => (kind === 'same' ? escapeHtml(text) : `<${tag}>${escapeHtml(text)}</${tag}>`))
    .join('')
}
