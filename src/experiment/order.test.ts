import { array, assert, integer, nat, property, record, uniqueArray } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { manifestSchema } from '../domain/manifest.ts'
import type { RunManifest, TrialSpec } from '../domain/manifest.ts'
import type { Task } from '../domain/task.ts'
import { batchSizeFor, trialTasks } from './order.ts'

interface Wish {
  readonly workflow: string
  readonly variant: string
  readonly cases: readonly number[]
  readonly repeats?: number
  readonly seed?: number
}

function manifest({ workflow, variant, cases, repeats = 1, seed = 1 }: Wish): RunManifest {
  return manifestSchema.parse({
    id: `${workflow}/${variant}`,
    experiment: 'test',
    workflowId: workflow,
    variantId: variant,
    workflow: { id: workflow, target: 'stub' },
    variant: { id: variant },
    cases: cases.map((number) => ({
      id: number.toString(16).padStart(16, '0'),
      name: `case ${number}`,
      dataset: 'd',
      inputs: { number },
    })),
    repeats,
    seed,
  })
}

function idsOf(manifests: readonly RunManifest[]): readonly string[] {
  return Array.from(trialTasks(manifests), ({ id }) => id)
}

const cases = uniqueArray(nat(30), { maxLength: 12 })
const someManifests = array(record({ workflow: nat(2), cases, repeats: integer({ min: 1, max: 3 }) }), {
  minLength: 1,
  maxLength: 6,
}).chain((wishes) =>
  nat().map((seed) =>
    wishes.map((wish, at) => manifest({ ...wish, workflow: `w${wish.workflow}`, variant: `v${at}`, seed })),
  ),
)

describe('trialTasks', () => {
  it('gives every trial of every manifest exactly once', () => {
    const check = property(someManifests, (manifests) => {
      const wanted = manifests.flatMap(({ id, cases, repeats }) =>
        cases.flatMap((spec) => Array.from({ length: repeats }, (_, at) => `${id}/${spec.id}/${at + 1}`)),
      )
      expect([...idsOf(manifests)].sort()).toEqual(wanted.sort())
    })
    assert(check, { numRuns: 200 })
  })

  it('keeps the trials of a block together, numbered from 1, one of each variant that has the case', () => {
    const check = property(someManifests, (manifests) => {
      const tasks = [...trialTasks(manifests)]
      const blocks = Map.groupBy(tasks, ({ payload }) => payload.block)
      expect([...blocks.keys()]).toEqual(Array.from(blocks.keys(), (_, at) => at + 1))
      expect([...blocks.values()].flat()).toEqual(tasks)
      for (const block of blocks.values()) {
        const [first] = block
        const holders = manifests.flatMap((each, index) => (isOf(each, first, manifests) ? [index] : []))
        expect(block.map(({ payload }) => payload.manifest).sort((a, b) => a - b)).toEqual(holders)
        expect(new Set(block.map(({ payload }) => `${payload.case.id} ${payload.repeat}`)).size).toBe(1)
      }
    })
    assert(check, { numRuns: 200 })
  })

  it('takes all cases once before any case comes again, each round in an order of its own', () => {
    const both = ['a', 'b'].map((variant) =>
      manifest({ workflow: 'w', variant, cases: [...Array.from({ length: 40 }).keys()], repeats: 3 }),
    )
    const tasks = [...trialTasks(both)]
    const rounds = [1, 2, 3].map((round) =>
      tasks
        .filter(({ payload }) => payload.repeat === round && payload.manifest === 0)
        .map(({ payload }) => payload.case.id),
    )
    expect(tasks.map(({ payload }) => payload.repeat)).toEqual(
      [1, 2, 3].flatMap((round) => Array.from({ length: 80 }, () => round)),
    )
    expect(rounds[0]).not.toEqual(rounds[1])
    expect(rounds[1]).not.toEqual(rounds[2])
    expect(rounds[0]).not.toEqual(both[0]?.cases.map(({ id }) => id))
  })

  it('gives the same order for the same seed, as often as it is asked, and another one for another seed', () => {
    const make = (seed: number): readonly RunManifest[] =>
      ['a', 'b', 'c'].map((variant) => manifest({ workflow: 'w', variant, cases: [1, 2, 3, 4, 5, 6, 7], seed }))
    const tasks = trialTasks(make(7))
    expect([...tasks]).toEqual([...tasks])
    expect(idsOf(make(7))).toEqual(idsOf(make(7)))
    expect(idsOf(make(8))).not.toEqual(idsOf(make(7)))
  })

  it('favours no variant with a place in its blocks', () => {
    const variants = ['a', 'b', 'c']
    const counts = new Map<string, number>()
    for (let seed = 0; seed < 300; seed++) {
      const manifests = variants.map((variant) =>
        manifest({ workflow: 'w', variant, cases: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], seed }),
      )
      for (const [at, { payload }] of [...trialTasks(manifests)].entries()) {
        const key = `${payload.manifest} at ${at % 3}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
    }
    // 3,000 blocks: a thousand for each variant and place, give or take 4 standard deviations of 25.8.
    expect([...counts.values()].every((count) => Math.abs(count - 1000) < 104)).toBe(true)
    expect(counts.size).toBe(9)
  })

  it('begins at once with a hundred thousand cases', () => {
    const many = manifest({ workflow: 'w', variant: 'a', cases: [1] })
    const specs = Array.from({ length: 100_000 }, (_, at) => ({
      ...many.cases[0],
      id: at.toString(16).padStart(16, '0'),
    }))
    const manifests = ['a', 'b', 'c'].map((variantId) => ({ ...many, variantId, cases: specs as RunManifest['cases'] }))
    let count = 0
    for (const { payload } of trialTasks(manifests)) count += payload.repeat
    expect(count).toBe(300_000)
  })

  it('refuses manifests and cases that are there twice', () => {
    const twice = manifest({ workflow: 'w', variant: 'a', cases: [1, 2, 1] })
    const again = manifest({ workflow: 'w', variant: 'a', cases: [3] })
    expect(() => trialTasks([twice, again])).toThrow(
      expect.objectContaining({
        code: 'manifest_invalid',
        problems: [
          { message: 'case 0000000000000001 stands twice in manifest `w/a`' },
          { message: 'there are two manifests of `w/a`' },
        ],
      }),
    )
  })
})

function isOf(each: RunManifest, task: Task<TrialSpec> | undefined, manifests: readonly RunManifest[]): boolean {
  if (task === undefined) return false
  const { manifest, repeat, case: spec } = task.payload
  return (
    each.workflowId === manifests[manifest]?.workflowId &&
    each.repeats >= repeat &&
    each.cases.some(({ id }) => id === spec.id)
  )
}

describe('batchSizeFor', () => {
  it('rounds up to whole blocks', () => {
    const three = [{ workflowId: 'a' }, { workflowId: 'a' }, { workflowId: 'a' }, { workflowId: 'b' }]
    expect(batchSizeFor({ batchSize: 10 }, three)).toBe(12)
    expect(batchSizeFor({ batchSize: 12 }, three)).toBe(12)
    expect(batchSizeFor({ batchSize: 1 }, three)).toBe(3)
    expect(batchSizeFor({}, three)).toBeUndefined()
    expect(batchSizeFor({ batchSize: 5 }, [])).toBe(5)
  })
})
