import { sha256 } from '../lib/hash.ts'

/** JSON with the keys of every object in order, so that equal content gives equal text. `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null || value instanceof Date) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, member]: [string, unknown]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}

/** What a case is known by: 16 digits as its id, and all 64 to tell cases apart whose ids are the same by accident. */
export interface CaseHash {
  readonly id: string
  readonly whole: string
}

/** The hash of a case from the canonical JSON of its row and of its parameters. */
export function hashOfCase(row: string, parameters: string): CaseHash {
  const whole = sha256(`{"parameters":${parameters},"row":${row}}`)
  return { id: whole.slice(0, 16), whole }
}
