import { z } from 'zod'

const text = z.string()
const count = z.number().int()
const optionalText = text.optional()
const optionalTime = z.number().optional()

/** What a project does unlike others, set through `POST /_dev/projects/:id/options`. */
export const devOptions = z.object({
  noPipelineOnPush: z.boolean().optional(),
  stuckPending: z.boolean().optional(),
  mrPipelines: z.boolean().optional(),
  invisible: z.boolean().optional(),
  archived: z.boolean().optional(),
  onlyAllowMergeIfPipelineSucceeds: z.boolean().optional(),
  ciConfigPath: optionalText,
  /** Failures of a job before its first success, by name. */
  flakyJobs: z.record(text, count).optional(),
  /** Failures of the runner itself before a job really runs, by name. */
  runnerFailures: z.record(text, count).optional(),
  /** What pipelines say they are, one word for each time one is asked. */
  statusScript: z.array(text).optional(),
})

const project = z.object({
  id: count,
  path: text,
  visibility: text,
  createdAt: z.number(),
  defaultBranch: text,
  /** Folder of git's own files. */
  gitDirectory: text,
  protectedBranches: z.array(z.object({ name: text, pushLevel: count })),
  options: devOptions,
  /** Merge requests so far; the next gets the number above. */
  mergeRequests: count,
})

const mergeRequest = z.object({
  id: count,
  iid: count,
  projectId: count,
  title: text,
  description: text,
  state: z.enum(['opened', 'closed', 'merged', 'locked']),
  sourceBranch: text,
  targetBranch: text,
  sha: text,
  author: text,
  createdAt: z.number(),
  updatedAt: z.number(),
  /** When its commit last changed; merge status and head pipeline follow later where the host is awkward. */
  changedAt: z.number(),
  mergeCommit: optionalText,
})

const note = z.object({
  id: count,
  projectId: count,
  iid: count,
  body: text,
  author: text,
  isSystem: z.boolean(),
  createdAt: z.number(),
  updatedAt: z.number(),
})

const pipeline = z.object({
  id: count,
  projectId: count,
  sha: text,
  ref: text,
  source: text,
  status: text,
  file: text,
  variables: z.record(text, text),
  yamlErrors: optionalText,
  /** Order of stages as the description gives it. */
  stages: z.array(text),
  mergeRequest: count.optional(),
  /** Bridge that has started it. */
  parentJob: count.optional(),
  user: text,
  createdAt: z.number(),
  updatedAt: z.number(),
  startedAt: optionalTime,
  finishedAt: optionalTime,
})

const job = z.object({
  id: count,
  projectId: count,
  pipelineId: count,
  name: text,
  stage: text,
  status: text,
  when: z.enum(['on_success', 'on_failure', 'always', 'manual', 'delayed', 'never']),
  allowFailure: z.boolean(),
  allowedExitCodes: z.array(count),
  needs: z.array(text).optional(),
  timeoutMs: optionalTime,
  retry: z.object({ max: count, when: z.array(text) }),
  startInMs: optionalTime,
  trigger: z.object({ include: text, isDepended: z.boolean() }).optional(),
  downstream: count.optional(),
  failureReason: optionalText,
  exitCode: count.optional(),
  isRetried: z.boolean(),
  /** Tries of the runner itself before this one. */
  tries: count,
  user: text,
  createdAt: z.number(),
  startedAt: optionalTime,
  finishedAt: optionalTime,
  scheduledAt: optionalTime,
})

const token = z.object({
  id: count,
  /** SHA-256 of the token. */
  hash: text,
  username: text,
  accessLevel: count,
  scopes: z.array(text),
  expiresOn: optionalText,
  isRevoked: z.boolean(),
})

const group = z.object({ id: count, path: text })
const push = z.object({ projectId: count, branch: text, before: optionalText, after: optionalText, user: text })

/** All that a test GitLab knows, as its file has it. */
export const devState = z.object({
  version: z.literal(1),
  /** Number that was given last to anything but a merge request's `iid`. */
  lastId: count,
  groups: z.array(group),
  projects: z.array(project),
  mergeRequests: z.array(mergeRequest),
  notes: z.array(note),
  pipelines: z.array(pipeline),
  jobs: z.array(job),
  tokens: z.array(token),
  pushes: z.array(push),
})

/** All that a test GitLab knows. */
export type DevState = z.infer<typeof devState>
/** A project. */
export type DevProject = z.infer<typeof project>
/** A merge request. */
export type DevMergeRequest = z.infer<typeof mergeRequest>
/** A comment on a merge request. */
export type DevNote = z.infer<typeof note>
/** A pipeline. */
export type DevPipeline = z.infer<typeof pipeline>
/** A job, or a bridge where it has a trigger. */
export type DevJob = z.infer<typeof job>
/** A token, known by its hash alone. */
export type DevToken = z.infer<typeof token>
