import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Observation } from '../../src/domain/comparison.ts'
import { compareVariants } from '../../src/experiment/compare.ts'
import { generateCases, loadPlan } from '../../src/index.ts'
import { createRandom } from '../../src/lib/random.ts'
import { root } from './cli.ts'

const examples = join(root, 'examples', 'experiments')
const { answer } = (await import(join(examples, 'workflow-server.mjs'))) as {
  answer: (
    request: object,
    seed: number,
  ) => { readonly answer: string; readonly tokens: { readonly input: number; readonly output: number } }
}
const plan = await loadPlan(join(examples, 'test_plan.yaml'))
const cases = (await generateCases(plan))['order-reply'] ?? []
// Fewer draws than usual: what is counted here is claims, not digits.
const evaluation = { ...plan.experiment.evaluation, metrics: ['score', 'latency', 'tokens'], draws: 400 }

interface Trying {
  readonly variantId: string
  readonly prompt: string
  readonly seed: number
}

/** One trial of every case, with a server whose luck hangs on the seed. */
function tried({ variantId, prompt, seed }: Trying): readonly Observation[] {
  const random = createRandom(seed)
  return cases.map(({ id, inputs, parameters }, block) => {
    const { answer: text, tokens } = answer({ ...inputs, prompt }, seed)
    const passed = text.includes(String(inputs['order'])) ? 1 : 0
    const latency = 40 * (0.5 + random()) ** 2
    const values = { pass_rate: passed, score: passed, latency, tokens: tokens.input + tokens.output }
    return { workflowId: 'order-reply', variantId, caseId: id, repeat: 1, parameters, block, values }
  })
}

function compared(seed: number, { plain, careful }: { readonly plain: string; readonly careful: string }) {
  const observations = [
    ...tried({ variantId: 'plain', prompt: plain, seed: 2 * seed }),
    ...tried({ variantId: 'careful', prompt: careful, seed: 2 * seed + 1 }),
  ]
  return compareVariants(observations, { evaluation, gates: [], variants: ['plain', 'careful'], seed })
}

const [plain = '', careful = ''] = plan.experiment.variants.map(({ prompt }) => prompt ?? '')

describe('the example, over many seeds', () => {
  it('claims a difference between variants with the same prompt in 5 % of the runs at most', () => {
    const runs = 200
    const claims = Array.from({ length: runs }, (_, seed) => compared(seed, { plain, careful: plain })).filter(
      ({ pairs, winners }) =>
        Object.keys(winners).length > 0 || pairs.some(({ verdict }) => verdict === 'better' || verdict === 'worse'),
    )
    expect(claims.length).toBeLessThanOrEqual(0.05 * runs)
  })

  it('finds the variant that is better, with an interval that excludes zero', () => {
    const runs = 40
    const found = Array.from({ length: runs }, (_, seed) => compared(1000 + seed, { plain, careful })).filter(
      ({ winners, pairs }) =>
        winners['order-reply'] === 'careful' &&
        (pairs.find(({ metric }) => metric === 'pass_rate')?.interval?.low ?? 0) > 0,
    )
    expect(found.length).toBeGreaterThanOrEqual(38)
  })
})
