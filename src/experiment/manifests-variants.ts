import type { Experiment, Variant } from '../domain/experiment.ts'
import type { RunManifest } from '../domain/manifest.ts'
import { canonicalJson } from './cases-id.ts'

/** The variants that a workflow is tried with: those that its entry in the plan names, or all. */
export function variantsFor({ workflows, variants }: Experiment, workflowId: string): readonly Variant[] {
  const named = workflows?.find(({ id }) => id === workflowId)?.variants
  return named === undefined ? variants : variants.filter(({ id }) => named.includes(id))
}

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

/** Checks of the cost find nothing where no price is known, and trials that they cannot judge count as missing. */
export function withoutPrice({ id, workflow, variant, prices, evaluation }: RunManifest): readonly string[] {
  const model = workflow.target === 'openai' ? (variant.model ?? workflow.model) : undefined
  const asksCost = evaluation.primary === 'cost' || evaluation.checks.some(({ type }) => type === 'cost')
  if (model === undefined || model.includes('${') || !asksCost || Object.hasOwn(prices.models, model)) return []
  return [`\`${id}\` is judged by its cost, which nobody knows: add \`${model}\` to \`prices\` of the environment`]
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
