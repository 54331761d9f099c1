import { createRandom } from '../lib/random.ts'
import type { Cover, CoverRequest, ParameterRow } from './cases-cover.ts'
import { shuffle } from './order-shuffle.ts'

/** What a sample is taken with. */
export interface SampleParts {
  readonly cover: Cover
  readonly most: number
  /** Valid rows to fill up with where too few are found. */
  readonly first: readonly ParameterRow[]
}

/** Searches for a sample; each gives as many rows as it has to. */
const searches = 200
/** Searches that may find what is there already, for each that is needed. */
const patience = 3

/**
 * Valid rows from all over a product that is too large to be looked at whole: each search has parameters and values in a
 * random order of its own and takes the rows that come first in it. The same seed gives the same rows.
 */
export async function sampleValid(request: CoverRequest, parts: SampleParts): Promise<readonly ParameterRow[]> {
  const { cover, most, first } = parts
  const random = createRandom(request.seed)
  const names = Object.keys(request.parameters)
  const keyOf = (row: ParameterRow): string => JSON.stringify(names.map((name) => row[name]))
  const found = new Map<string, ParameterRow>()
  const add = (rows: readonly ParameterRow[]): void => {
    for (const row of rows) if (found.size < most) found.set(keyOf(row), row)
  }
  const maxCases = Math.ceil(most / searches)
  for (let search = 0; found.size < most && search < searches * patience; search++) {
    const entries = Object.entries(request.parameters).map(
      ([name, values]) => [name, shuffle([...values], random)] as const,
    )
    const { rows } = await cover({ ...request, parameters: Object.fromEntries(shuffle(entries, random)), maxCases })
    add(rows)
  }
  add(first)
  return [...found.values()]
}
