import type { RunManifest, TrialSpec } from '../domain/manifest.ts'
import type { Policy } from '../domain/policy.ts'
import type { Task } from '../domain/task.ts'
import { createRandom } from '../lib/random.ts'
import { groupManifests } from './order-blocks.ts'
import type { BlockGroup } from './order-blocks.ts'
import { shuffle } from './order-shuffle.ts'

/**
 * The trials of some manifests as tasks, in randomised complete blocks: a block is one repeat of one case by every variant
 * that has it, so that the time of day cannot pass for an effect of a variant. All cases come once before any comes
 * again; the order of the blocks is another one in each round, and the order inside a block in each block. The seed of
 * the first manifest decides, and each iteration gives the same order. Blocks are numbered from 1. Throws
 * `manifest_invalid` for manifests or cases that stand twice.
 */
export function trialTasks(manifests: readonly RunManifest[]): Iterable<Task<TrialSpec>> {
  const groups = groupManifests(manifests)
  return { [Symbol.iterator]: () => tasksOf(manifests, groups) }
}

function* tasksOf(manifests: readonly RunManifest[], groups: readonly BlockGroup[]): Generator<Task<TrialSpec>> {
  const random = createRandom(manifests[0]?.seed ?? 1)
  const order = Int32Array.from({ length: groups.reduce((sum, { cases }) => sum + cases, 0) }, (_, index) => index)
  const rounds = manifests.reduce((most, { repeats }) => Math.max(most, repeats), 0)
  let block = 1
  for (let repeat = 1; repeat <= rounds; repeat++) {
    for (const index of shuffle(order, random)) {
      const trials = trialsOf(groups, index, repeat)
      yield* shuffle(trials, random).flatMap((trial) => taskOf(manifests, { ...trial, repeat, block }))
      if (trials.length > 0) block++
    }
  }
}

function find(groups: readonly BlockGroup[], index: number): { readonly group?: BlockGroup; readonly at: number } {
  let at = index
  for (const group of groups) {
    if (at < group.cases) return { group, at }
    at -= group.cases
  }
  return { at }
}

interface Trial {
  readonly manifest: number
  /** Index of the case in the manifest. */
  readonly place: number
}

/** The trials of a block, by its number among the cases of all groups. */
function trialsOf(groups: readonly BlockGroup[], index: number, repeat: number): Trial[] {
  const { group, at } = find(groups, index)
  return (group?.members ?? []).flatMap(({ manifest, repeats, places }) => {
    const place = places === undefined ? at : (places[at] ?? -1)
    return place === -1 || repeat > repeats ? [] : [{ manifest, place }]
  })
}

type Placed = Trial & Pick<TrialSpec, 'repeat' | 'block'>

function taskOf(manifests: readonly RunManifest[], { manifest, place, repeat, block }: Placed): Task<TrialSpec>[] {
  const owner = manifests[manifest]
  const spec = owner?.cases[place]
  if (owner === undefined || spec === undefined) return []
  const id = `${owner.workflowId}/${owner.variantId}/${spec.id}/${repeat}`
  return [{ id, payload: { manifest, repeat, block, case: spec } }]
}

/**
 * The batch size of a policy, rounded up to whole blocks, so that no batch ends between the variants of a case. Where
 * workflows have different numbers of variants, whole blocks of the largest.
 */
export function batchSizeFor(
  { batchSize }: Pick<Policy, 'batchSize'>,
  manifests: readonly Pick<RunManifest, 'workflowId'>[],
): number | undefined {
  if (batchSize === undefined) return undefined
  const counts = Array.from(Map.groupBy(manifests, ({ workflowId }) => workflowId).values(), (group) => group.length)
  const block = Math.max(1, ...counts)
  return Math.ceil(batchSize / block) * block
}
