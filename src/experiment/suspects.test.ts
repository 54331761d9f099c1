import { describe, expect, it } from 'vitest'
import type { Scalar } from '../domain/case.ts'
import type { Observation } from '../domain/comparison.ts'
import { trialOf } from './compare.fixture.ts'
import { findSuspects, type CountedRow, type Localise } from './suspects.ts'

const languages = ['en', 'ru', 'zh']
const tones = ['warm', 'dry']

/** Trials of all combinations, twice each, as two rows of a dataset have them. */
function trials(fails: (language: string, tone: string) => boolean): Observation[] {
  return languages.flatMap((language, first) =>
    tones.flatMap((tone, second) =>
      [0, 1].map((row) =>
        trialOf('A', first * 4 + second * 2 + row, {
          parameters: { language, tone, model: 'only' },
          values: { pass_rate: fails(language, tone) ? 0 : 1 },
        }),
      ),
    ),
  )
}

/** Names single values that never pass, and writes down what it was asked. */
function looking() {
  const asked: { parameters: Readonly<Record<string, readonly Scalar[]>>; rows: readonly CountedRow[] }[] = []
  const localise: Localise = (parameters, rows) => {
    asked.push({ parameters, rows })
    return Object.entries(parameters).flatMap(([name, values]) =>
      values.map((value) => {
        const holding = rows.filter((row) => row.values[name] === value)
        const count = (of: 'passed' | 'failed') => holding.reduce((sum, row) => sum + row[of], 0)
        const passed = count('passed')
        return { parameters: { [name]: value }, failed: count('failed'), passed, explains: passed === 0 }
      }),
    )
  }
  return { asked, localise }
}

describe('findSuspects', () => {
  it('counts trials by combination, and names values with which more fails than without', () => {
    const { asked, localise } = looking()
    const found = findSuspects(
      trials((language) => language === 'zh'),
      localise,
    )
    expect(found).toEqual([
      { workflowId: 'w', variantId: 'A', parameters: { language: 'zh' }, failed: 4, passed: 0, explains: true },
    ])
    expect(asked[0]?.parameters).toEqual({ language: languages, tone: tones })
    expect(asked[0]?.rows).toHaveLength(6)
    expect(asked[0]?.rows[0]).toEqual({ values: { language: 'en', tone: 'warm' }, passed: 2, failed: 0 })
  })

  it('blames nothing where everything fails, nothing does, or nothing varies', () => {
    const { asked, localise } = looking()
    const single = trials((language) => language === 'zh').map((trial) => ({ ...trial, parameters: { model: 'only' } }))
    expect([trials(() => true), trials(() => false), single, []].map((list) => findSuspects(list, localise))).toEqual([
      [],
      [],
      [],
      [],
    ])
    expect(asked).toEqual([])
  })

  it('looks at each variant of each workflow alone, and not at missing trials', () => {
    const { asked, localise } = looking()
    const failing = trials((_, tone) => tone === 'dry')
    const others = failing.map((trial) => ({ ...trial, variantId: 'B', values: {}, missing: 'judge' as const }))
    expect(findSuspects([...failing, ...others], localise).map(({ variantId }) => variantId)).toEqual(['A'])
    expect(asked).toHaveLength(1)
  })
})
