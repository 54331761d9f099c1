import { z } from 'zod'
import { caseSchema } from '../domain/case.ts'
import type { CaseSpec } from '../domain/case.ts'
import type { LoadedPlan, Variant } from '../domain/experiment.ts'
import { manifestSchema } from '../domain/manifest.ts'
import type { RunManifest } from '../domain/manifest.ts'
import type { Patch, PatchedDsl, PatchedPlace } from '../domain/patch.ts'
import type { ServerConfig, Workflow } from '../domain/workflow.ts'
import type { GeneratedCases } from './cases.ts'
import { createManifestFindings } from './manifests-findings.ts'
import type { ManifestFindings } from './manifests-findings.ts'
import { keyOf } from './manifests-keys.ts'
import { modelsFor } from './manifests-models.ts'
import type { NeededModels } from './manifests-models.ts'
import { environmentFile, rebased } from './manifests-paths.ts'
import { policyOn } from './manifests-policy.ts'
import { bareServer } from './manifests-secrets.ts'
import { unfilledPlaceholders } from './manifests-unfilled.ts'
import {
  indistinct,
  sharedWarnings,
  variantsFor,
  variedInVain,
  withoutEffect,
  withoutPrice,
} from './manifests-variants.ts'

/** Applies the patches of a variant to a description; `file` names it in messages. Throws `patch_invalid`. */
export type ApplyPatches = (dsl: string, patches: readonly Patch[], file: string) => PatchedDsl

/** Manifests of a plan, ready to be run. */
export interface BuiltManifests {
  readonly manifests: readonly RunManifest[]
  /** What patches changed, by the id of the manifest. */
  readonly places: Readonly<Record<string, readonly PatchedPlace[]>>
  readonly warnings: readonly string[]
}

/**
 * Builds one manifest for each workflow and variant, with the patched description, and checks all of them before anything
 * runs. No secret is in them: keys stay `${NAME}`, and those that a file writes out are left there. Throws `patch_invalid`
 * or `plan_invalid` with every problem.
 */
export function buildManifests(
  plan: LoadedPlan,
  cases: GeneratedCases,
  parts: { readonly patch: ApplyPatches },
): BuiltManifests {
  const findings = createManifestFindings(plan.files.plan)
  const manifests: RunManifest[] = []
  const places: [string, readonly PatchedPlace[]][] = []
  for (const [workflowId, specs] of Object.entries(cases.byWorkflow)) {
    const workflow = plan.catalog.workflows.find(({ id }) => id === workflowId)
    if (workflow === undefined) {
      findings.problem(`the catalog has no workflow \`${workflowId}\``)
      continue
    }
    checkCases(specs, workflowId, findings)
    const needed = modelsFor(plan, specs, findings)
    const scope = { plan, workflow, specs, server: serverOf(plan, workflow), needed, findings, patch: parts.patch }
    const built = variantsFor(plan.experiment, workflowId).flatMap((variant) => buildOne(variant, scope) ?? [])
    const own = built.map(({ manifest }) => manifest)
    const effects = [
      ...own.flatMap(withoutEffect),
      ...own.flatMap(variedInVain),
      ...own.flatMap(withoutPrice),
      ...indistinct(own),
    ]
    const unfilled = unfilledPlaceholders(own)
    for (const text of unfilled.problems) findings.problem(text)
    for (const text of [...sharedWarnings(built), ...effects, ...unfilled.warnings]) findings.warning(text)
    for (const each of built) places.push([each.manifest.id, each.places])
    manifests.push(...own)
  }
  findings.throwProblems()
  return { manifests, places: Object.fromEntries(places), warnings: findings.warnings }
}

/** Cases are checked once for all variants, and shared by their manifests. */
function checkCases(specs: readonly CaseSpec[], workflowId: string, findings: ManifestFindings): void {
  const checked = z.array(caseSchema).safeParse(specs)
  if (!checked.success) findings.schemaProblems(`cases of \`${workflowId}\``, checked.error)
}

function serverOf({ environment }: LoadedPlan, { server }: Workflow): ServerConfig | undefined {
  return Object.hasOwn(environment.servers, server) ? environment.servers[server] : undefined
}

interface Scope {
  readonly plan: LoadedPlan
  readonly workflow: Workflow
  readonly specs: readonly CaseSpec[]
  readonly server: ServerConfig | undefined
  readonly needed: NeededModels
  readonly findings: ManifestFindings
  readonly patch: ApplyPatches
}

function buildOne(variant: Variant, scope: Scope) {
  const { plan, workflow, specs, server, needed, findings } = scope
  const id = `${workflow.id}/${variant.id}`
  const patched = patchedDsl(variant, scope)
  const key = keyOf(plan, workflow, variant)
  for (const problem of key.problems) findings.problem(problem)
  const bare = server === undefined ? undefined : bareServer(server)
  const { experiment, environment, folders } = plan
  const head = {
    id,
    experiment: experiment.name,
    workflowId: workflow.id,
    variantId: variant.id,
    ...rebased({ workflow, server: bare?.value }, folders),
    variant,
    ...(bare?.removed === true || needed.isRemoved ? { envFile: environmentFile(plan) } : {}),
    baseFolder: folders.plan,
    keyRef: key.ref,
    dsl: patched && { hash: patched.hash, text: patched.text, published: variant.versions[workflow.id] },
    models: needed.models,
    prices: environment.prices,
    cases: [],
    repeats: experiment.repeats,
    seed: experiment.seed ?? 1,
    execution: policyOn(experiment.execution, server),
    evaluation: experiment.evaluation,
    gates: experiment.gates,
    metadata: experiment.metadata,
  }
  const parsed = manifestSchema.safeParse(defined(head))
  if (!parsed.success) return findings.schemaProblems(`manifest \`${id}\``, parsed.error)
  const manifest: RunManifest = { ...parsed.data, cases: [...specs] }
  return { manifest, places: patched?.places ?? [], warnings: patched?.warnings ?? [] }
}

/** The description with the patches of the variant; without a description there is nothing to patch. */
function patchedDsl(variant: Variant, { plan, workflow, findings, patch }: Scope): PatchedDsl | undefined {
  const dsl = Object.hasOwn(plan.descriptions, workflow.id) ? plan.descriptions[workflow.id] : undefined
  if (dsl !== undefined) {
    const file = workflow.dsl ?? workflow.id
    return findings.trying(`variant \`${variant.id}\``, () => patch(dsl, variant.patches, file))
  }
  if (variant.patches.length > 0)
    findings.problem(`variant \`${variant.id}\` patches \`${workflow.id}\`, which has no \`dsl\` in the catalog`)
  return undefined
}

function defined(head: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(head).filter(([, value]) => value !== undefined))
}
