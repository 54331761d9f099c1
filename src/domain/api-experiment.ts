import { z } from 'zod'
import { pageQuerySchema } from './api-common.ts'

/** What one variant did with one case, all repeats together. */
export const matrixCellSchema = z.object({
  trials: z.int(),
  passed: z.int(),
  failed: z.int(),
  /** Without a verdict: broken off, refused, not begun. */
  errored: z.int(),
  pending: z.int(),
  score: z.number().optional().describe('Mean, 0 to 1.'),
  latencyMs: z.number().optional().describe('Median.'),
  tokens: z.number().optional().describe('Mean of a trial.'),
  costUsd: z.number().optional().describe('Mean of a trial.'),
  /** Beginning of the first answer, at most 200 characters. */
  excerpt: z.string().optional(),
  /** Why it failed, at most 200 characters. */
  why: z.string().optional(),
  seqs: z.array(z.int()).describe('Numbers of the trials, for `/v1/runs/{id}/tasks/{seq}`.'),
})

/** What one variant did with one case. */
export type MatrixCell = z.output<typeof matrixCellSchema>

/** Cases down, variants across. */
export const matrixSchema = z.object({
  columns: z.array(
    z.object({ key: z.string(), workflowId: z.string(), variantId: z.string(), isBaseline: z.boolean() }),
  ),
  items: z.array(
    z.object({
      caseId: z.string(),
      name: z.string(),
      workflowId: z.string(),
      parameters: z.record(z.string(), z.unknown()),
      isDifferent: z.boolean().describe('Variants do not agree on it.'),
      cells: z.record(z.string(), matrixCellSchema).describe('By key of the column.'),
    }),
  ),
  nextCursor: z.string().optional(),
})

/** Cases down, variants across. */
export type ApiMatrix = z.output<typeof matrixSchema>

/** Which rows. */
export const matrixQuerySchema = pageQuerySchema.extend({
  different: z.enum(['true', 'false']).default('false').describe('Only cases on which variants do not agree.'),
  workflow: z.string().max(200).optional().describe('Only cases and variants of this workflow.'),
})

const intervalSchema = z.object({ low: z.number(), high: z.number(), level: z.number(), method: z.string() })

/** What an experiment concludes, as far as it has come. */
export const comparisonSchema = z.object({
  isFinal: z.boolean(),
  baseline: z.string(),
  alpha: z.number(),
  metrics: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      better: z.enum(['higher', 'lower']),
      primary: z.boolean(),
      unit: z.string(),
    }),
  ),
  summaries: z.array(
    z.object({
      workflowId: z.string(),
      variantId: z.string(),
      trials: z.int(),
      scored: z.int(),
      estimates: z.array(
        z.object({
          metric: z.string(),
          value: z.number().optional(),
          interval: intervalSchema.optional(),
          cases: z.int(),
          trials: z.int(),
        }),
      ),
    }),
  ),
  pairs: z.array(
    z.object({
      workflowId: z.string(),
      baseline: z.string(),
      variant: z.string(),
      metric: z.string(),
      cases: z.int(),
      difference: z.number().optional(),
      ratio: z.number().optional(),
      interval: intervalSchema.optional(),
      test: z.string(),
      p: z.number().optional(),
      adjustedP: z.number().optional(),
      verdict: z.string(),
      note: z.string().optional(),
    }),
  ),
  gates: z.array(z.object({ gate: z.string(), passed: z.boolean(), reason: z.string() })),
  suspects: z.array(
    z.object({
      workflowId: z.string(),
      variantId: z.string(),
      parameters: z.record(z.string(), z.unknown()),
      failed: z.int(),
      passed: z.int(),
      explains: z.boolean(),
    }),
  ),
  winners: z.record(z.string(), z.string()),
  findings: z.array(z.string()),
  trials: z.object({ expected: z.int(), done: z.int(), missing: z.int() }),
})

/** What an experiment concludes. */
export type ApiComparison = z.output<typeof comparisonSchema>
