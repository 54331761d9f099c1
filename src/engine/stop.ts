import { GreenloopError } from '../domain/errors.ts'
import type { Policy } from '../domain/policy.ts'
import type { StopReason, TaskStatistics } from '../domain/task.ts'
import type { Tally } from './statistics.ts'

/** Decides whether another attempt may begin. */
export interface Gate {
  /** `wait`: those that are running may use up what is left. */
  check(tally: Tally, inFlight: number): 'go' | 'wait' | StopReason
  /** Why nothing may begin any more, whatever those that are running use. */
  reached(tally: Tally): StopReason | undefined
}

/** What stop conditions look at. */
type Sums = Pick<Tally, 'attempts' | 'tokens' | 'costUsd' | 'bad'>

interface Budget {
  readonly kind: 'token_budget' | 'cost_budget'
  readonly most: number
  readonly used: (sums: Sums) => number
  readonly words: (amount: number) => string
}

/**
 * The stop conditions that follow from counts. For attempts in flight the mean use of those that are over is set aside,
 * so a budget is passed by about one attempt at most. What an earlier process of the same run has used counts as well.
 */
export function createGate(
  { maxFailures = Infinity, maxTokens, maxCostUsd }: Policy['stop'],
  earlier?: TaskStatistics,
): Gate {
  const isOpen = maxFailures === Infinity && maxTokens === undefined && maxCostUsd === undefined
  if (isOpen) return { check: () => 'go', reached: () => undefined }
  const budgets = [tokenBudget(maxTokens), costBudget(maxCostUsd)].filter((budget) => budget !== undefined)
  const reachedBy = (sums: Sums): StopReason | undefined => {
    if (sums.bad >= maxFailures) return { kind: 'max_failures', message: failuresMessage(sums.bad) }
    const spent = budgets.find(({ used, most }) => used(sums) >= most)
    return spent === undefined ? undefined : { kind: spent.kind, message: spentMessage(spent, sums) }
  }
  return {
    reached: (tally) => reachedBy(sumsOf(tally, earlier)),
    check(tally, inFlight) {
      const sums = sumsOf(tally, earlier)
      const reason = reachedBy(sums)
      if (reason !== undefined) return reason
      const { attempts } = sums
      const isSetAside = budgets.some(({ used, most }) => used(sums) * (1 + inFlight / Math.max(1, attempts)) >= most)
      return isSetAside && inFlight > 0 ? 'wait' : 'go'
    },
  }
}

function sumsOf(tally: Tally, earlier: TaskStatistics | undefined): Sums {
  if (earlier === undefined) return tally
  const { attempts, tokens, costUsd, failed, timeout, error } = earlier
  return {
    attempts: tally.attempts + attempts,
    tokens: tally.tokens + tokens,
    costUsd: tally.costUsd + costUsd,
    bad: tally.bad + failed + timeout + error,
  }
}

function tokenBudget(most: number | undefined): Budget | undefined {
  if (most === undefined) return undefined
  return { kind: 'token_budget', most, used: ({ tokens }) => tokens, words: (amount) => `${amount} tokens` }
}

function costBudget(most: number | undefined): Budget | undefined {
  if (most === undefined) return undefined
  const words = (amount: number): string => `${Number(amount.toPrecision(6))} US dollars`
  return { kind: 'cost_budget', most, used: ({ costUsd }) => costUsd, words }
}

function failuresMessage(count: number): string {
  return count === 1 ? '1 task ended badly, which is the limit' : `${count} tasks ended badly, which is the limit`
}

function spentMessage({ words, used, most }: Budget, sums: Sums): string {
  return `the budget of ${words(most)} is used up: ${words(used(sums))}`
}

/** What the caller's abort means for a run. */
export function reasonOfAbort(reason: unknown): StopReason {
  const isLost = reason instanceof GreenloopError && reason.code === 'lease_lost'
  return { kind: isLost ? 'lease_lost' : 'cancelled', message: wordsOf(reason) }
}

/** An abort without a reason of its own says nothing worth repeating. */
function wordsOf(reason: unknown): string {
  if (typeof reason === 'string' && reason !== '') return reason
  const isSpeaking = reason instanceof Error && reason.name !== 'AbortError' && reason.message !== ''
  return isSpeaking ? reason.message : 'the run was cancelled'
}

/** What a run of too many seconds is stopped with. */
export function reasonOfTimeout(seconds: number): StopReason {
  return { kind: 'timeout', message: `the run took longer than ${seconds} s` }
}
