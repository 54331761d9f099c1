import { z } from 'zod'
import { policySchema } from './policy.ts'

const share = z.number().min(0).max(1)
const seconds = z.number().min(0).max(86_400)

/** What a stub does with one task. */
export const stubBehaviours = ['success', 'failure', 'timeout', 'error'] as const

/** Settings of a stub for all tasks. What the rates leave of 1 succeeds. */
export const stubSchema = z
  .strictObject({
    delaySeconds: z
      .union([seconds, z.tuple([seconds, seconds])])
      .default(0)
      .describe('Duration of an attempt, or the shortest and the longest.'),
    failureRate: share.default(0).describe('Share of attempts that end with a business failure.'),
    errorRate: share.default(0).describe('Share of attempts that end with a system error.'),
    timeoutRate: share.default(0).describe('Share of attempts that never answer.'),
    outputBytes: z.int().min(0).max(1_048_576).default(0).describe('Size of the text each success gives.'),
    seed: z.int().min(0).default(1).describe('The same seed gives every attempt the same fate, in whatever order.'),
  })
  .refine(({ failureRate, errorRate, timeoutRate }) => failureRate + errorRate + timeoutRate <= 1, {
    message: 'failureRate, errorRate and timeoutRate are more than 1 together',
  })
  .describe('A system that is not there: trial runs of a policy without a server.')

/** A stub as callers write it. */
export type StubInput = z.input<typeof stubSchema>

const wishes = {
  behaviour: z.enum(stubBehaviours).optional().describe('What becomes of the task, in place of the rates.'),
  errorsBefore: z
    .int()
    .min(0)
    .optional()
    .describe('The first attempts that end with a system error before the behaviour shows.'),
  delaySeconds: seconds.optional().describe('Duration of an attempt at this task.'),
  output: z.unknown().optional().describe('What a success gives back.'),
}

/** What one task wishes of the stub. */
export const stubPayloadSchema = z.looseObject(wishes)

const taskSchema = z.strictObject({
  id: z.string().min(1).max(512).describe('Unique in the manifest.'),
  timeoutSeconds: seconds.gt(0).optional().describe('Limit of one attempt at this task.'),
  weight: z.number().gt(0).optional().describe('Tokens of the rate limit that one attempt takes; 1 unless set.'),
  ...wishes,
})

/** Manifest of a trial run. */
export const trialSchema = z
  .strictObject({
    $schema: z.string().optional(),
    title: z.string().min(1).max(200).default('trial').describe('What lists of runs call it.'),
    tasks: z
      .union([z.int().min(0).max(10_000_000), z.array(taskSchema)])
      .default(100)
      .describe('Number of tasks, or the tasks one by one.'),
    stub: stubSchema.prefault({}),
    execution: policySchema.prefault({}),
  })
  .describe('A trial run: tasks that a stub pretends to work on, under a real policy.')

/** A manifest of a trial run with every default filled. */
export type Trial = z.output<typeof trialSchema>
