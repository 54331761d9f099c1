import type { CaseSpec } from '../domain/case.ts'
import { canonicalJson } from './cases-id.ts'
import type { MadeCase } from './cases-row.ts'

/** The cases of one workflow as they come in. */
export interface CaseCollection {
  /** Takes a case in; `merged` where the same one is there already, `clash` where another one has its id. */
  add(made: MadeCase): 'new' | 'merged' | 'clash'
  readonly cases: readonly CaseSpec[]
}

/**
 * Collects cases, each of them once: of two with the same content the first stays and gets the checks of both, so that
 * nothing is asked and paid for twice.
 */
export function collectCases(): CaseCollection {
  const cases: CaseSpec[] = []
  const known = new Map<string, { readonly index: number; readonly hash: string }>()
  return {
    cases,
    add({ spec, hash }) {
      const before = known.get(spec.id)
      if (before === undefined) {
        known.set(spec.id, { index: cases.length, hash })
        cases.push(spec)
        return 'new'
      }
      if (before.hash !== hash) return 'clash'
      const first = cases[before.index]
      if (first !== undefined) cases[before.index] = merged(first, spec)
      return 'merged'
    },
  }
}

function merged(first: CaseSpec, second: CaseSpec): CaseSpec {
  return {
    ...first,
    checks: distinct([...first.checks, ...second.checks]),
    metadata: { ...second.metadata, ...first.metadata },
    ...(first.turns === undefined
      ? {}
      : {
          turns: first.turns.map((turn, index) => ({
            ...turn,
            checks: distinct([...turn.checks, ...(second.turns?.[index]?.checks ?? [])]),
          })),
        }),
  }
}

function distinct<T>(checks: readonly T[]): T[] {
  return [...new Map(checks.map((check) => [canonicalJson(check), check])).values()]
}
