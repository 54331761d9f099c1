import { resolve } from 'node:path'
import { manifestsText } from '../config/manifest-text.ts'
import type { PatchedPlace } from '../domain/patch.ts'
import type { RunManifest } from '../domain/manifest.ts'
import type { CaseDesign } from '../experiment/cases.ts'
import { estimatePlan } from '../experiment/estimate.ts'
import type { PlanEstimate } from '../experiment/estimate.ts'
import { detectableDifference, detectablePassDifference } from '../experiment/power.ts'
import { applyPatches } from '../workflows/dify-dsl.ts'
import { diffDsl } from '../workflows/dify-dsl-diff.ts'
import { withDotEnv } from './dot-env.ts'
import { checkGates } from './experiment-report.ts'
import { preparePlan } from './experiment-prepare.ts'
import type { ExperimentOverrides } from './experiment-prepare.ts'
import type { Surroundings } from './surroundings.ts'
import { writeOut } from './write-out.ts'

/** What a plan would do, before anything is spent. */
export interface PlannedExperiment {
  readonly title: string
  readonly designs: readonly CaseDesign[]
  readonly manifests: readonly ManifestSummary[]
  readonly estimate: PlanEstimate
  readonly power: readonly PowerRow[]
  readonly warnings: readonly string[]
  /** What the patches of each variant change, as a unified diff, by manifest. */
  readonly diffs: Readonly<Record<string, string>>
}

/** A manifest in short. */
export interface ManifestSummary {
  readonly id: string
  readonly workflowId: string
  readonly variantId: string
  readonly cases: number
  readonly repeats: number
  readonly dslHash?: string | undefined
  readonly places: readonly PatchedPlace[]
}

/** What so many cases can show for one workflow. */
export interface PowerRow {
  readonly workflowId: string
  readonly cases: number
  readonly alpha: number
  readonly power: number
  /** Smallest difference of pass rates that is found, by the share of cases that go differently. */
  readonly passRate: readonly { readonly discordance: number; readonly difference?: number | undefined }[]
  /** Smallest difference of mean scores (0 to 1), for a standard deviation of differences of 0.3. */
  readonly score: number
}

/** Makes the cases and manifests of a plan and says what they would cost and could show. */
export async function planExperiment(
  path: string,
  overrides: ExperimentOverrides,
  where: Surroundings,
): Promise<PlannedExperiment> {
  const prepared = await preparePlan(path, overrides, await withDotEnv(where))
  const { manifests, places, designs, plan, warnings } = prepared
  checkGates(plan.experiment.gates, manifests)
  const diffs = manifests.flatMap((manifest) => {
    const source = plan.descriptions[manifest.workflowId]
    if (source === undefined || manifest.variant.patches.length === 0) return []
    const { text } = applyPatches(source, manifest.variant.patches, manifest.workflowId)
    return [[manifest.id, diffDsl(source, text, { before: manifest.workflowId, after: manifest.id })] as const]
  })
  return {
    title: plan.experiment.name,
    designs,
    manifests: manifests.map((manifest) => summaryOf(manifest, places[manifest.id] ?? [])),
    estimate: estimatePlan(manifests, designs),
    power: powerOf(manifests),
    warnings,
    diffs: Object.fromEntries(diffs),
  }
}

function summaryOf(manifest: RunManifest, places: readonly PatchedPlace[]): ManifestSummary {
  const { id, workflowId, variantId, cases, repeats, dsl } = manifest
  return { id, workflowId, variantId, cases: cases.length, repeats, dslHash: dsl?.hash, places }
}

/** Shares of cases that go differently under two variants, from much alike to much different. */
const discordances = [0.1, 0.3, 0.5]
const scoreDeviation = 0.3

function powerOf(manifests: readonly RunManifest[]): PowerRow[] {
  return [...Map.groupBy(manifests, ({ workflowId }) => workflowId)].flatMap(([workflowId, group]) => {
    const [first] = group
    if (first === undefined || group.length < 2) return []
    const { alpha, power } = first.evaluation
    // As many comparisons as there are variants beside the baseline: the first of them has to pass alpha divided by all.
    const single = alpha / (group.length - 1)
    const cases = first.cases.length
    return {
      workflowId,
      cases,
      alpha: single,
      power,
      passRate: discordances.map((discordance) => ({
        discordance,
        difference: detectablePassDifference({ cases, discordance }, { alpha: single, power }),
      })),
      score: detectableDifference({ alpha: single, power, variance: scoreDeviation ** 2 }, cases),
    }
  })
}

/** Builds the manifests of a plan and writes them to a file, relative to the working folder. */
export async function buildManifestFile(
  path: string,
  { out, overrides }: { readonly out: string; readonly overrides: ExperimentOverrides },
  where: Surroundings,
): Promise<{ readonly file: string; readonly manifests: readonly ManifestSummary[] }> {
  const { manifests, places, warnings } = await preparePlan(path, overrides, await withDotEnv(where))
  for (const warning of warnings) where.onStep?.(warning)
  const file = resolve(where.cwd, out)
  await writeOut(file, manifestsText(manifests, file.endsWith('.json') ? 'json' : 'yaml'))
  return { file, manifests: manifests.map((manifest) => summaryOf(manifest, places[manifest.id] ?? [])) }
}
