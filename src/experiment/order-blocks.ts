import { GreenloopError } from '../domain/errors.ts'
import type { RunManifest } from '../domain/manifest.ts'

/** The manifests of one workflow with the cases that any of them holds. */
export interface BlockGroup {
  readonly members: readonly GroupMember[]
  /** Number of different cases. */
  readonly cases: number
}

/** One manifest of a group. */
interface GroupMember {
  /** Index of the manifest. */
  readonly manifest: number
  readonly repeats: number
  /** Index of the group's case in the manifest, or -1; absent where both have the same cases in the same order. */
  readonly places?: Int32Array | undefined
}

/**
 * Puts manifests of the same workflow together. Variants of a plan share their cases, so that this needs no memory for
 * them. Throws `manifest_invalid` with every case that stands twice in a manifest and every manifest that is there twice.
 */
export function groupManifests(manifests: readonly RunManifest[]): readonly BlockGroup[] {
  checkUnique(manifests)
  const indices = Map.groupBy(manifests.keys(), (index) => manifests[index]?.workflowId)
  return Array.from(indices.values(), (group) => groupOf(group, manifests))
}

function groupOf(indices: readonly number[], manifests: readonly RunManifest[]): BlockGroup {
  const first = manifests[indices[0] ?? 0]?.cases ?? []
  const known = new Map<string, number>()
  for (const index of indices)
    for (const { id } of manifests[index]?.cases ?? []) if (!known.has(id)) known.set(id, known.size)
  const members = indices.map((manifest): GroupMember => {
    const { cases, repeats } = manifests[manifest] ?? { cases: [], repeats: 0 }
    const isSame = cases.length === known.size && cases.every(({ id }, at) => first[at]?.id === id)
    if (isSame) return { manifest, repeats }
    const places = new Int32Array(known.size).fill(-1)
    for (const [at, { id }] of cases.entries()) places[known.get(id) ?? -1] = at
    return { manifest, repeats, places }
  })
  return { members, cases: known.size }
}

function checkUnique(manifests: readonly RunManifest[]): void {
  const names = new Set<string>()
  const messages = manifests.flatMap(({ id, workflowId, variantId, cases }) => {
    const name = `${workflowId}/${variantId}`
    const isTwice = names.has(name)
    names.add(name)
    const doubles = repeated(cases.map((each) => each.id))
    return [
      ...(isTwice ? [`there are two manifests of \`${name}\``] : []),
      ...doubles.map((each) => `case ${each} stands twice in manifest \`${id}\``),
    ]
  })
  const [first] = messages
  if (first === undefined) return
  const problems = messages.map((message) => ({ message }))
  throw new GreenloopError('manifest_invalid', messages.length === 1 ? first : `${messages.length} problems`, {
    problems,
  })
}

function repeated(ids: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  return ids.filter((id) => seen.size === seen.add(id).size)
}
