import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import type { ExperimentOverrides } from '../app/experiment-prepare.ts'
import { collect, oneOf, seconds, wholeNumber } from './options.ts'

/** Options of commands that read a plan, as commander gives them. */
export interface PlanFlags {
  workflow?: string[]
  variant?: string[]
  mode?: ExperimentOverrides['mode']
  maxCases?: number
  strength?: number
  engine?: ExperimentOverrides['engine']
  repeats?: number
  seed?: number
}

/** Options of commands that run trials. */
export interface TrialFlags {
  gate?: string[]
  baseline?: string
  concurrency?: number
  perMinute?: number
  burst?: number
  maxAttempts?: number
  taskTimeout?: number
  timeout?: number
  maxFailures?: number
  maxTokens?: number
  maxCost?: number
}

const modes = ['scenario_only', 'pairwise', 'cartesian'] as const
const engines = ['best', 'PICT', 'IPO', 'naive'] as const

/** Adds what decides which trials there are. */
export function addPlanOptions(command: Command): Command {
  return command
    .option('--workflow <id>', 'only this workflow; repeat for more', collect)
    .option('--variant <id>', 'only this variant; repeat for more', collect)
    .option('--mode <name>', modes.join(', '), oneOf(modes))
    .option('--max-cases <n>', 'most cases of `cartesian`', wholeNumber(1))
    .option('--strength <n>', 'values that meet in every combination (2)', wholeNumber(1))
    .option('--engine <name>', engines.join(', '), oneOf(engines))
    .option('--repeats <n>', 'trials of each case and variant', wholeNumber(1))
    .option('--seed <n>', 'seed of combinations, order and bootstrap', wholeNumber(0))
}

/** Adds what decides how trials are run and judged. */
export function addTrialOptions(command: Command): Command {
  return command
    .option('--gate <condition>', 'exit code 1 unless it holds: "B >= A - 0.02"; repeat for more', collect)
    .option('--baseline <variant>', 'variant that the others are compared with')
    .option('--concurrency <n>', 'trials at a time', wholeNumber(1))
    .option('--per-minute <n>', 'trials that begin in a minute', positive)
    .option('--burst <n>', 'trials that may begin at once', wholeNumber(1))
    .option('--max-attempts <n>', 'attempts at one trial', wholeNumber(1))
    .option('--task-timeout <seconds>', 'limit of one trial', seconds)
    .option('--timeout <seconds>', 'limit of the whole run', seconds)
    .option('--max-failures <n>', 'trials that may end badly before the rest is cancelled', wholeNumber(1))
    .option('--max-tokens <n>', 'budget of tokens', positive)
    .option('--max-cost <dollars>', 'budget in US dollars', positive)
}

/** What the options put before the plan. */
export function overridesOf(flags: PlanFlags & TrialFlags): ExperimentOverrides {
  const { workflow: workflows, variant: variants, gate: gates, maxCost: maxCostUsd, ...rest } = flags
  const { mode, maxCases, strength, engine, repeats, seed, baseline } = rest
  const { concurrency, perMinute, burst, maxAttempts, taskTimeout, timeout, maxFailures, maxTokens } = rest
  return {
    ...{ workflows, variants, gates, maxCostUsd, mode, maxCases, strength, engine, repeats, seed, baseline },
    ...{ concurrency, perMinute, burst, maxAttempts, taskTimeout, timeout, maxFailures, maxTokens },
  }
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('A number above 0 is wanted.')
  return value
}
