import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { storeHint, storeSurroundings } from '../flags.ts'
import { addStoreOptions, seconds, wholeNumber } from '../options.ts'
import type { StoreOptions } from '../options.ts'
import type { Session } from '../session.ts'
import { printTrial, trialProgress } from '../trial-lines.ts'

interface TrialOptions extends StoreOptions {
  tasks?: number
  delay?: number
  failureRate?: number
  errorRate?: number
  timeoutRate?: number
  outputBytes?: number
  seed?: number
  concurrency?: number
  perMinute?: number
  burst?: number
  maxAttempts?: number
  taskTimeout?: number
  batchSize?: number
  maxFailures?: number
  timeout?: number
  runId?: string
  detach?: boolean
}

/** `greenloop trial [MANIFEST]`: a policy tried on tasks that a stub works on. */
export function registerTrial(program: Command, session: Session): void {
  const command = program
    .command('trial')
    .argument('[manifest]', 'manifest of a trial run, JSON or YAML')
    .description('try an execution policy without a server: a stub pretends to work on the tasks')
    .option('--tasks <n>', 'number of tasks (100)', wholeNumber(0))
    .option('--delay <seconds>', 'duration of an attempt (0)', span)
    .option('--failure-rate <share>', 'share of attempts that fail, 0 to 1', share)
    .option('--error-rate <share>', 'share of attempts that break down', share)
    .option('--timeout-rate <share>', 'share of attempts that fall silent', share)
    .option('--output-bytes <n>', 'size of the text that each success gives', wholeNumber(0))
    .option('--seed <n>', 'seed of the fates', wholeNumber(0))
    .option('--concurrency <n>', 'tasks at a time (8)', wholeNumber(1))
    .option('--per-minute <n>', 'attempts that begin in a minute', rate)
    .option('--burst <n>', 'attempts that may begin at once', wholeNumber(1))
    .option('--max-attempts <n>', 'attempts at one task (1)', wholeNumber(1))
    .option('--task-timeout <seconds>', 'limit of one attempt', seconds)
    .option('--batch-size <n>', 'tasks of a batch', wholeNumber(1))
    .option('--max-failures <n>', 'tasks that may end badly before the rest is cancelled', wholeNumber(1))
    .option('--timeout <seconds>', 'limit of the whole run', seconds)
    .option('--run-id <id>', 'name of the run; made from the time where it is left out')
    .option('--detach', 'on a shared database: hand the run to the workers and do not wait')
  addStoreOptions(command).action(async (manifest: string | undefined, options: TrialOptions) => {
    const { runTrial } = await import('../../app/trial.ts')
    const progress = trialProgress(session)
    const { runId, detach } = options
    const input = { manifest, runId, detach, overrides: overridesOf(options) }
    const result = await runTrial(input, storeSurroundings(session, options), progress.onResult).finally(progress.close)
    printTrial(result, session, storeHint(options))
  })
}

function overridesOf(options: TrialOptions) {
  const { delay, failureRate, errorRate, timeoutRate, outputBytes, seed } = options
  return {
    tasks: options.tasks,
    stub: { delaySeconds: delay, failureRate, errorRate, timeoutRate, outputBytes, seed },
    execution: {
      concurrency: options.concurrency,
      timeoutSeconds: options.taskTimeout,
      batchSize: options.batchSize,
    },
    retry: { maxAttempts: options.maxAttempts },
    rateLimit: { perMinute: options.perMinute, burst: options.burst },
    stop: { maxFailures: options.maxFailures, timeoutSeconds: options.timeout },
  }
}

function share(text: string): number {
  const value = Number(text)
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('A share from 0 to 1 is wanted.')
  return value
}

function rate(text: string): number {
  const value = Number(text)
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('A number above 0 is wanted.')
  return value
}

function span(text: string): number {
  const value = Number(text)
  if (!(value >= 0) || !Number.isFinite(value)) throw new InvalidArgumentError('A number of seconds is wanted.')
  return value
}
