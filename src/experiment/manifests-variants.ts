import type { RunManifest } from '../domain/manifest.ts'
import { canonicalJson } from './cases-id.ts'

/** Variants of one workflow that are sent alike: comparing them would compare chance. */
export function indistinct(manifests: readonly RunManifest[]): readonly string[] {
  const byEffect = Map.groupBy(manifests, effectOf)
  return [...byEffect.values()].flatMap((same) => {
    const [first] = same
    if (first === undefined || same.length === 1) return []
    const names = same.map(({ variantId }) => `\`${variantId}\``)
    return [`nothing distinguishes ${names.join(' and ')} on \`${first.workflowId}\``]
  })
}

function effectOf({ dsl, variant, workflow }: RunManifest): string {
  const { inputs, prompt, model, sampling, versions, keys } = variant
  const [version, key] = [versions[workflow.id], keys[workflow.id]]
  return canonicalJson({ hash: dsl?.hash, inputs, prompt, model, sampling, version, key })
}

/** A patched description that no server gets to see changes nothing. */
export function withoutEffect({ id, variant, workflow, server }: RunManifest): readonly string[] {
  const isPublished = server !== undefined && server.publish.route !== 'none'
  const isPlaced = variant.versions[workflow.id] !== undefined || variant.keys[workflow.id] !== undefined
  if (variant.patches.length === 0 || isPublished || isPlaced) return []
  return [
    `the patches of \`${id}\` reach no server: set \`publish.route\` of \`${workflow.server}\`, or name the version that holds them`,
  ]
}

/** A parameter that cases vary and a variant sets: the same call would be made and paid for several times. */
export function variedInVain({ id, variant, cases }: RunManifest): readonly string[] {
  return Object.keys(variant.inputs).flatMap((name) => {
    const values = new Set(
      cases.flatMap(({ parameters }) => (Object.hasOwn(parameters, name) ? [parameters[name]] : [])),
    )
    if (values.size < 2) return []
    return [`\`${id}\` sets \`${name}\`, which its cases vary: ${values.size} values come to the same call`]
  })
}

/** A manifest with what is surprising about its description. */
interface Warned {
  readonly manifest: RunManifest
  readonly warnings: readonly string[]
}

/** Warnings of the variants of one workflow: what all of them have in common is told once. */
export function sharedWarnings(built: readonly Warned[]): readonly string[] {
  const told = built.flatMap(({ manifest, warnings }) => warnings.map((text) => ({ text, manifest })))
  return Array.from(Map.groupBy(told, ({ text }) => text).values()).flatMap((same) => {
    const isShared = same.length === built.length && same.length > 1
    const names = isShared
      ? same.slice(0, 1).map(({ manifest }) => manifest.workflowId)
      : same.map(({ manifest }) => manifest.id)
    return names.map((name) => `\`${name}\`: ${same[0]?.text ?? ''}`)
  })
}
