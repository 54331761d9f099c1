import type { Problem } from '../domain/errors.ts'
import type { Pointer, SourceDocument } from './source-document.ts'

/** A warning for each whole number of a document, at most 20, that JavaScript cannot hold exactly and has rounded. */
export function roundedNumbers(document: SourceDocument): Problem[] {
  const found: Problem[] = []
  const waiting: { value: unknown; at: Pointer }[] = [{ value: document.value, at: [] }]
  for (let next = waiting.pop(); next !== undefined && found.length < 20; next = waiting.pop()) {
    const { value, at } = next
    if (typeof value === 'number') found.push(...roundedNumber(value, document, at))
    if (typeof value !== 'object' || value === null) continue
    const list = Array.isArray(value)
    for (const [key, child] of Object.entries(value)) {
      const worthALook = typeof child === 'object' || (typeof child === 'number' && !isExact(child))
      if (worthALook) waiting.push({ value: child, at: [...at, list ? Number(key) : key] })
    }
  }
  return found.toReversed()
}

/** Fractions and powers of ten are rounded by everyone alike. */
function isExact(value: number): boolean {
  return !Number.isInteger(value) || Number.isSafeInteger(value)
}

function roundedNumber(value: number, document: SourceDocument, at: Pointer): Problem[] {
  if (isExact(value)) return []
  const place = document.locate(at)
  const written = /^-?\d+(?![.\deE])/u.exec((place.text ?? '').slice((place.column ?? 1) - 1))?.[0]
  if (written === undefined || BigInt(written) === BigInt(value)) return []
  const message = `${written} cannot be held exactly and is read as ${BigInt(value)}`
  return [{ message, place, help: 'stay within 2^53, or write it as text' }]
}
