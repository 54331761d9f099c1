import { z } from 'zod'
import { runSchema } from './api-run.ts'

/** One round of a repair. */
const repairRoundSchema = z.object({
  number: z.int(),
  pipelineId: z.int(),
  failing: z.array(
    z.object({
      name: z.string(),
      stage: z.string(),
      status: z.string(),
      failureReason: z.string().optional(),
      webUrl: z.string().optional(),
    }),
  ),
  strategy: z.string(),
  outcome: z.string(),
  explanation: z.string(),
  diff: z.string(),
  findings: z.array(
    z.object({ code: z.string(), path: z.string().optional(), message: z.string(), blocks: z.boolean() }),
  ),
  commit: z.string().optional(),
  localProof: z.string().optional(),
  tokens: z.number(),
  costUsd: z.number(),
})

/** A repair as it stands. */
export const repairViewSchema = z.object({
  run: runSchema,
  phase: z.string().optional(),
  end: z.string().optional(),
  project: z.string(),
  targetBranch: z.string().optional(),
  branch: z.string().optional(),
  mergeRequest: z.object({ iid: z.int(), webUrl: z.string() }).optional(),
  pipelineId: z.int().optional(),
  rounds: z.array(repairRoundSchema),
  /** Manual jobs that wait for a person, where it waits or ended for them. */
  gates: z.array(z.string()),
  flaky: z.array(z.string()),
  /** What a person can do now: one line. */
  advice: z.string().optional(),
  /** What people should know, in words. */
  notes: z.array(z.string()),
  tokens: z.number(),
  costUsd: z.number(),
  /** What is allowed, where it is known: rounds, seconds, tokens, dollars; and how much of rounds and seconds is used up. */
  budget: z.object({
    rounds: z.int().optional(),
    usedRounds: z.int(),
    seconds: z.number().optional(),
    usedSeconds: z.number().optional(),
    tokens: z.int().optional(),
    costUsd: z.number().optional(),
  }),
})

/** A repair as it stands. */
export type ApiRepair = z.output<typeof repairViewSchema>

/** `POST /v1/repairs/{id}/gate`: a person lets a manual job go on. */
export const gateBodySchema = z.strictObject({ job: z.string().min(1).max(255) })
