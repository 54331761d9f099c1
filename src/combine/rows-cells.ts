import type { Model, ModelValue, Parameter, Scalar } from './model.ts'
import { folding } from './model-truth.ts'
import { numberOf } from './pict-tokens.ts'

/** The text of a value in rows: negative ones bear their mark. */
export function cellText(value: ModelValue, name: string): string {
  return value.negative ? `~${name}` : name
}

/** The value as JSON rows hold it: what the model wrote, without the mark unless the plain text belongs to another value. */
export function cellJson(value: ModelValue, name: string, parameter: Parameter): Scalar {
  if (name !== value.text) return name
  const plain = value.json === undefined ? value.text : value.json
  const isShared = parameter.values.some((other) => other !== value && (other.json ?? other.text) === plain)
  return isShared && value.negative ? cellText(value, name) : plain
}

/** Finds the value that a cell stands for; `undefined` where there is none. */
export type CellLookup = (cell: Scalar) => number | undefined

/** A lookup for one parameter: by the exact cell that we would write, then by any name, then by number. */
export function cellLookup(parameter: Parameter, { caseSensitive }: Model): CellLookup {
  const fold = folding(caseSensitive)
  const exact = new Map<Scalar, number>()
  const folded = new Map<string, number>()
  const numbers = new Map<number, number>()
  const add = <K>(map: Map<K, number>, key: K, index: number): void => {
    if (!map.has(key)) map.set(key, index)
  }
  parameter.values.forEach((value, index) => {
    for (const name of [value.text, ...value.aliases]) add(exact, cellText(value, name), index)
    add(exact, cellJson(value, value.text, parameter), index)
    if (value.number !== undefined) add(numbers, value.number, index)
  })
  const names = parameter.values.flatMap((value, index) =>
    [value.text, ...value.aliases].map((name) => ({ name, marked: cellText(value, name), index })),
  )
  for (const { marked, index } of names) add(folded, flat(fold(marked)), index)
  for (const { name, index } of names) add(folded, flat(fold(name)), index)
  return (cell) => {
    const text = String(cell)
    const number = parameter.numeric ? numberOf(text.trim().replace(/^~/u, '')) : undefined
    return exact.get(cell) ?? exact.get(text) ?? folded.get(flat(fold(text))) ?? numbers.get(number ?? Number.NaN)
  }
}

/** Formats without quotes cannot hold tabs and line breaks; there they are written as a space. */
export function flat(text: string): string {
  return text.replace(/[\t\r\n]+/gu, ' ').trim()
}
