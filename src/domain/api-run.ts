import { z } from 'zod'
import { pageQuerySchema, problemEntrySchema, timeSchema } from './api-common.ts'

/** Where a run is as people see it. */
export const runStatuses = ['queued', 'running', 'finished', 'failed', 'cancelled', 'interrupted'] as const

/** Kinds of runs in the API. */
export const apiRunKinds = ['generate', 'execute', 'pipeline', 'experiment', 'repair', 'trial'] as const

/** Tests or trials of a run by where they are. */
export const runProgressSchema = z.object({
  total: z.int().describe('Known so far.'),
  done: z.int(),
  passed: z.int(),
  failed: z.int(),
  flaky: z.int(),
  skipped: z.int(),
  /** Ids of what runs at this moment, at most 16. */
  running: z.array(z.string()).default([]),
})

/** Tests or trials of a run by where they are. */
export type RunProgress = z.output<typeof runProgressSchema>

/** A run in lists. */
export const runSchema = z.object({
  id: z.string(),
  kind: z.enum(apiRunKinds),
  title: z.string(),
  status: z.enum(runStatuses),
  verdict: z.string().optional().describe('What it concluded: passed, failed, incomplete, empty, cancelled …'),
  exitCode: z.int().optional(),
  reason: z.string().optional().describe('Why it failed or ended before its time.'),
  createdAt: timeSchema,
  startedAt: timeSchema.optional(),
  finishedAt: timeSchema.optional(),
  cancelRequested: z.string().optional(),
  progress: runProgressSchema.optional(),
  /** Who started it: the name of a token, `page`, or absent for the command line. */
  startedBy: z.string().optional(),
})

/** A run in lists. */
export type ApiRun = z.output<typeof runSchema>

/** A file that a run left. */
export const artifactSchema = z.object({
  id: z.string().describe('Opaque; goes into the address of the download.'),
  name: z.string().describe('Path below the folder of the run, for people.'),
  bytes: z.int(),
  mediaType: z.string(),
  modifiedAt: timeSchema,
  /** What it is: `script`, `report`, `log`, `prompt`, `answer`, `bundle`, `other`. */
  role: z.enum(['script', 'report', 'log', 'prompt', 'answer', 'bundle', 'other']),
})

/** A file that a run left. */
export type ApiArtifact = z.output<typeof artifactSchema>

/** How the script of a run came to be. */
export const generatedBySchema = z.object({
  provider: z.string(),
  how: z.string().describe('How the script was found in the answer.'),
  script: z.object({
    name: z.string(),
    framework: z.string(),
    language: z.string(),
    tests: z.array(z.string()),
    artifactId: z.string().optional(),
  }),
  digest: z.string().describe('SHA-256 of the script.'),
  calls: z.array(
    z.object({
      provider: z.string(),
      model: z.string(),
      outcome: z.string(),
      inputTokens: z.number(),
      outputTokens: z.number(),
      durationMs: z.number(),
      error: z.string().optional(),
    }),
  ),
  applied: z.array(z.string()).describe('Rules that changed the answer.'),
  findings: z.array(z.object({ severity: z.string(), kind: z.string(), message: z.string(), line: z.int() })),
})

/** How the script of a run came to be. */
export type GeneratedBy = z.output<typeof generatedBySchema>

/** One run with everything that is small. */
export const runDetailSchema = runSchema.extend({
  error: z
    .object({
      message: z.string(),
      code: z.string().optional(),
      help: z.string().optional().describe('What mends it.'),
      problems: z.array(problemEntrySchema).optional(),
    })
    .optional()
    .describe('Why it failed, where it did.'),
  artifacts: z.array(artifactSchema),
  generatedBy: generatedBySchema.optional(),
  sandbox: z.object({ tier: z.string(), gaps: z.array(z.string()) }).optional(),
  framework: z.object({ name: z.string(), version: z.string() }).optional(),
  problems: z.array(z.object({ kind: z.string(), message: z.string(), file: z.string().optional() })),
  /** Lines of coverage in per cent, where it was measured. */
  coverage: z.object({ linePercent: z.number().optional(), branchPercent: z.number().optional() }).optional(),
  durationMs: z.number().optional(),
  tokens: z.number().optional(),
  costUsd: z.number().optional(),
  /** Newest number of its events, to follow from. */
  lastEventSeq: z.int(),
  mode: z.string().optional().describe('offline, mock, local or http.'),
  canRetry: z.boolean(),
  canResume: z.boolean(),
})

/** One run with everything that is small. */
export type ApiRunDetail = z.output<typeof runDetailSchema>

/** Which runs. */
export const runsQuerySchema = pageQuerySchema.extend({
  kind: z.enum(apiRunKinds).optional(),
  status: z.enum(runStatuses).optional(),
  search: z.string().max(200).optional().describe('Part of the title or of the id.'),
})

/** How a test or trial stands, in the words of its kind. */
export const taskVerdicts = [
  'pending',
  'running',
  'passed',
  'failed',
  'flaky',
  'skipped',
  'errored',
  'cancelled',
] as const

/** A test or trial in lists. */
export const taskSchema = z.object({
  seq: z.int().describe('Number in its run, from 0.'),
  id: z.string(),
  name: z.string(),
  verdict: z.enum(taskVerdicts),
  /** Outcome of the last attempt: passed, failed, errored, skipped, timed_out, crashed … */
  outcome: z.string().optional(),
  file: z.string().optional(),
  line: z.int().optional(),
  suite: z.array(z.string()),
  attempts: z.int(),
  durationMs: z.number().optional(),
  message: z.string().optional().describe('First line of the failure, at most 300 characters.'),
  fingerprint: z.string().optional(),
  caseId: z.string().optional(),
})

/** A test or trial in lists. */
export type ApiTask = z.output<typeof taskSchema>

/** Which tests. */
export const tasksQuerySchema = pageQuerySchema.extend({
  verdict: z.enum(taskVerdicts).optional(),
  search: z.string().max(200).optional().describe('Part of the id.'),
})

const failureSchema = z.object({
  phase: z.string(),
  type: z.string(),
  message: z.string(),
  trace: z.string(),
  file: z.string().optional(),
  line: z.int().optional(),
  expected: z.string().optional(),
  actual: z.string().optional(),
})

/** One try at a test or trial. Texts are cut at 64 KiB in the middle. */
export const attemptSchema = z.object({
  number: z.int(),
  outcome: z.string(),
  startedAt: timeSchema,
  durationMs: z.number(),
  phasesMs: z.record(z.string(), z.number()).optional(),
  failure: failureSchema.optional(),
  skipReason: z.string().optional(),
  stdout: z.string().optional(),
  stderr: z.string().optional(),
  /** Of trials: what was sent, what came back, what checks said. */
  output: z.unknown().optional(),
  tokens: z.number().optional(),
  costUsd: z.number().optional(),
})

/** One try at a test or trial. */
export type ApiAttempt = z.output<typeof attemptSchema>

/** What became of the same test in an earlier run. */
export const pastOutcomeSchema = z.object({
  runId: z.string(),
  at: timeSchema,
  verdict: z.string(),
  durationMs: z.number().optional(),
  seq: z.int(),
})

/** A test or trial with its attempts. */
export const taskDetailSchema = taskSchema.extend({
  runId: z.string(),
  attemptList: z.array(attemptSchema),
  tags: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
  /** Lines of the script around the place of the failure, where the script is there. */
  frame: z.object({ file: z.string(), firstLine: z.int(), lines: z.array(z.string()), line: z.int() }).optional(),
  /** For a person to hand to a model: the failure with what is known of it. */
  prompt: z.string(),
  /** Command that runs this test again. */
  rerun: z.string().optional(),
  payload: z.unknown().optional(),
  previousSeq: z.int().optional(),
  nextSeq: z.int().optional(),
  history: z.array(pastOutcomeSchema).describe('Up to 50 earlier outcomes, newest first.'),
})

/** A test or trial with its attempts. */
export type ApiTaskDetail = z.output<typeof taskDetailSchema>

/** Something that happened in a run. */
export const runEventSchema = z.object({
  seq: z.int().describe('Grows strictly; the same as the id in the stream.'),
  at: timeSchema,
  kind: z.string(),
  data: z.unknown(),
})

/** Something that happened in a run. */
export type ApiRunEvent = z.output<typeof runEventSchema>

/** Which events. */
export const eventsQuerySchema = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
})

/** A part of a log. */
export const logSchema = z.object({
  name: z.string(),
  /** Bytes of the whole log at this moment. */
  bytes: z.int(),
  from: z.int().describe('Offset of the text in bytes.'),
  next: z.int().describe('Offset behind the text: where to go on from.'),
  text: z.string(),
  /** Bytes between head and tail that are not in `text`; where it is above 0, `head` holds the beginning. */
  omitted: z.int(),
  head: z.string().optional(),
  isOver: z.boolean().describe('Nothing is added any more.'),
})

/** A part of a log. */
export type ApiLog = z.output<typeof logSchema>

/** Names of the logs of a run. */
export const logNames = ['stdout', 'stderr', 'framework', 'greenloop'] as const
