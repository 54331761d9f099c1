import { join } from 'node:path'
import { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import { durationMs } from './ci-duration.ts'
import { baseOf, mergedText, readExpanded } from './ci-document.ts'
import type { CiDocument } from './ci-document.ts'
import { needsProblems } from './ci-needs.ts'
import { problemsOf } from './ci-problems.ts'
import { runCi, stateDir } from './ci-process.ts'
import { openScratch } from './ci-scratch.ts'
import type { CiPlace } from './ci-process.ts'
import { fieldsOf, isRecord, numbersOf, textsOf } from './ci-values.ts'
import type { Fields } from './ci-values.ts'
import type { CiContext, CiJob, CiPlan } from './ci.ts'

/** A plan with the description that it was made from, or what is wrong with it. */
export type Described =
  | { readonly plan: CiPlan; readonly document: CiDocument }
  | { readonly errors: readonly string[] }

const listedSchema = z.array(
  z.object({
    name: z.string(),
    stage: z.string(),
    when: z.enum(['on_success', 'on_failure', 'always', 'manual', 'delayed', 'never']),
    allow_failure: z.union([z.boolean(), z.object({ exit_codes: z.unknown() })]),
    needs: z.array(z.object({ job: z.string(), optional: z.boolean().default(false) })).nullish(),
    rules: z.array(z.unknown()).nullish(),
  }),
)

/** A job as gitlab-ci-local lists it, its rules evaluated. */
type ListedJob = z.infer<typeof listedSchema>[number]

/** Apart from that of jobs, each of which writes its own description. */
const planDir = `${stateDir}/plan`
const planTimeoutMs = 60_000
const maxListBytes = 16 * 1024 * 1024
/** Includes from other places are not fetched: nothing answers here. */
const noNetwork = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', GIT_ALLOW_PROTOCOL: 'none' }

/** Has gitlab-ci-local read the description. */
export async function describe(context: CiContext, place: CiPlace, signal: AbortSignal): Promise<Described> {
  const scratch = await openScratch()
  try {
    const end = await runCi({ ...context, scratch, argv: ['--list-json'], env: noNetwork, state: planDir }, place, {
      outputCapBytes: maxListBytes,
      signal,
      timeoutMs: planTimeoutMs,
    })
    signal.throwIfAborted()
    if (end.spawnError !== undefined) {
      throw new GreenloopError('ci_failed', `gitlab-ci-local cannot be started: ${end.spawnError.message}`, {
        cause: end.spawnError,
      })
    }
    if (end.endedBy === 'timeout')
      return { errors: ['reading the description of the pipeline took longer than a minute'] }
    if (end.exitCode !== 0) return { errors: problemsOf(end.stderr.text, context.folder) }
    return await planned(end.stdout.text, context)
  } finally {
    await scratch.discard()
  }
}

async function planned(stdout: string, { folder }: CiContext): Promise<Described> {
  const listed = listedJobs(stdout)
  const document = await readExpanded(join(folder, planDir, 'expanded-gitlab-ci.yml'))
  if (listed === undefined || document === undefined)
    return { errors: ['the description of the pipeline is too large'] }
  if (document.jobs.size === 0) return { errors: ['jobs config should contain at least one visible job'] }
  if (listed.every((job) => job.when === 'never')) {
    return {
      errors: [
        'Pipeline will not run for the selected trigger. The rules configuration prevented any jobs from being added to the pipeline.',
      ],
    }
  }
  const errors = needsProblems(listed)
  if (errors.length > 0) return { errors }
  const jobs = listed.map((job) => jobOf(job, listed, document))
  return { plan: { stages: document.stages, jobs, merged: mergedText(document) }, document }
}

/** Warnings may stand before the list. */
function listedJobs(stdout: string): readonly ListedJob[] | undefined {
  const start = stdout.startsWith('[') ? 0 : stdout.indexOf('\n[') + 1
  try {
    const parsed = listedSchema.safeParse(JSON.parse(stdout.slice(start)))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

function jobOf(listed: ListedJob, all: readonly ListedJob[], document: CiDocument): CiJob {
  const entry = document.jobs.get(baseOf(document, listed.name) ?? '') ?? {}
  const usual = fieldsOf(document.root, 'default') ?? {}
  const { allow_failure: allowed, when } = listed
  const isManual = when === 'manual' && entry['rules'] === undefined && entry['allow_failure'] === undefined
  const timeout = entry['timeout'] ?? usual['timeout']
  return {
    name: listed.name,
    stage: listed.stage,
    when,
    allowFailure: isManual || allowed !== false,
    allowedExitCodes: typeof allowed === 'boolean' ? [] : numbersOf(allowed.exit_codes),
    needs: listed.needs?.flatMap((need) => instancesOf(need.job, all)),
    timeoutMs: typeof timeout === 'string' ? durationMs(timeout) : undefined,
    retry: retryOf(entry['retry'] ?? usual['retry']),
    startInMs: when === 'delayed' ? startIn(entry) : undefined,
    junit: textsOf(fieldsOf(fieldsOf(entry, 'artifacts'), 'reports')?.['junit']),
    trigger: triggerOf(entry['trigger']),
  }
}

/** Names of the jobs that a need means: several where it has `parallel`. */
function instancesOf(need: string, all: readonly ListedJob[]): string[] {
  const there = all.filter((job) => job.when !== 'never').map((job) => job.name)
  return there.includes(need) ? [need] : there.filter((name) => name.startsWith(`${need}: [`))
}

function retryOf(retry: unknown): CiJob['retry'] {
  const max = isRecord(retry) ? retry['max'] : retry
  const when = isRecord(retry) ? textsOf(retry['when']) : []
  return {
    max: typeof max === 'number' ? Math.min(2, Math.max(0, Math.floor(max))) : 0,
    when: when.length > 0 ? when : ['always'],
  }
}

function startIn(entry: Fields): number | undefined {
  const rules = Array.isArray(entry['rules']) ? entry['rules'] : []
  const rule: unknown = rules.find((one) => isRecord(one) && typeof one['start_in'] === 'string')
  const text = entry['start_in'] ?? (isRecord(rule) ? rule['start_in'] : undefined)
  return typeof text === 'string' ? durationMs(text) : undefined
}

function triggerOf(trigger: unknown): CiJob['trigger'] {
  if (!isRecord(trigger)) return undefined
  const includes: unknown = trigger['include']
  const local = (Array.isArray(includes) ? includes : [includes])
    .map((one: unknown) => (isRecord(one) ? one['local'] : one))
    .find((one) => typeof one === 'string')
  if (local === undefined) return undefined
  return { include: local.replace(/^\/+/, ''), isDepended: ['depend', 'mirror'].includes(String(trigger['strategy'])) }
}
