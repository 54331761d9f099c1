import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { loadPlan } from './experiment-files.ts'
import { inFolder } from './plan.fixture.ts'

const keys = fc.constantFrom(
  ...'name env servers default models prices workflows id type target dsl http url parameters values datasets file'.split(
    ' ',
  ),
  ...'scenarios inputs vars query expected checks conversation_flows turns variants patches select strategy mode'.split(
    ' ',
  ),
  ...'find with replace selector by_title evaluation judge metrics primary baseline execution rate_control'.split(' '),
  ...'retry_policy max_attempts test_data pairwise_dimensions generation value not-contains contains path latency'.split(
    ' ',
  ),
  ...'python api_key headers limits versions keys gates metadata __proto__ constructor toString'.split(' '),
)
const leaf = fc.oneof(
  fc.constantFrom('a', 'dify', 'pairwise', '${A}', '', 'not-regex', 'file://a.py:f', null, true, 0, -1, 1.5),
  fc.string({ maxLength: 5 }),
)
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    leaf,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(keys, tie('tree'), { maxKeys: 5 }),
  ),
}))

describe('any files at all', () => {
  it('are read or refused with problems, and never break the reading', async () => {
    await inFolder({}, async (cwd) => {
      await fc.assert(
        fc.asyncProperty(fc.dictionary(keys, tree, { maxKeys: 6 }), tree, tree, async (plan, catalog, environment) => {
          await writeFile(join(cwd, 'plan.json'), JSON.stringify(plan))
          await writeFile(join(cwd, 'workflows.json'), JSON.stringify(catalog))
          await writeFile(join(cwd, 'env.json'), JSON.stringify(environment))
          const outcome: unknown = await loadPlan('plan.json', { cwd, env: {} }).catch((error: unknown) => error)
          if (outcome instanceof Error && !(outcome instanceof GreenloopError)) throw outcome
          const problems = outcome instanceof GreenloopError ? outcome.problems : []
          expect(problems.filter(({ message }) => message === '')).toEqual([])
        }),
        { numRuns: 60 },
      )
    })
  })
})
