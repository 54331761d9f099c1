import type { Sandbox, SandboxPolicy } from '../domain/ports.ts'
import type { Clock } from '../lib/clock.ts'
import { describe } from './ci-plan.ts'
import type { Described } from './ci-plan.ts'
import { prepareFolder, requireTools } from './ci-process.ts'
import { runJob } from './ci-job.ts'
import type { CiContext, CiRunner } from './ci.ts'

/** How jobs are run. */
export interface CiRunnerConfig {
  /** The whole environment of jobs, without secrets; needs `PATH`. */
  readonly env: Readonly<Record<string, string>>
  /** The box that jobs run in; absent: plain processes. What {@link ciReadOnlyPaths} gives is added to the policy. */
  readonly sandbox?: { readonly sandbox: Sandbox; readonly policy: (folder: string) => SandboxPolicy } | undefined
  readonly clock: Clock
}

/** Working copies that are remembered: their plan, and that they were made ready. */
const maxFolders = 256

/**
 * Runs pipelines with gitlab-ci-local, each job in a process of its own. Throws `ci_failed` where that is not possible here.
 * A folder belongs to one pipeline and its children; its path is not used again for another.
 */
export function createCiRunner(config: CiRunnerConfig): CiRunner {
  const { env, sandbox } = config
  const place = { env, sandbox }
  const ready = new Map<string, Promise<void>>()
  const descriptions = new Map<string, Described>()
  /** Once only: whatever ran in a folder may have laid links there. */
  const prepare = async (folder: string): Promise<void> => {
    try {
      await (ready.get(folder) ?? remember(ready, folder, prepareFolder(folder, place)))
    } catch (error) {
      ready.delete(folder)
      throw error
    }
  }
  const read = async (context: CiContext, signal: AbortSignal): Promise<Described> => {
    signal.throwIfAborted()
    requireTools(env)
    await prepare(context.folder)
    return remember(descriptions, keyOf(context), await describe(context, place, signal))
  }
  return {
    plan: async (context, signal) => {
      const described = await read(context, signal)
      return 'errors' in described ? described : { plan: described.plan }
    },
    run: async (job, onOutput, signal) => {
      const described = descriptions.get(keyOf(job)) ?? (await read(job, signal))
      return runJob({ job, described, onOutput }, { ...place, clock: config.clock }, signal)
    },
  }
}

function keyOf({ folder, file }: CiContext): string {
  return `${folder}\0${file}`
}

function remember<T>(memory: Map<string, T>, key: string, value: T): T {
  memory.delete(key)
  memory.set(key, value)
  for (const old of memory.keys()) if (memory.size > maxFolders) memory.delete(old)
  return value
}
