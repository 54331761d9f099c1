import { setImmediate } from 'node:timers/promises'
import { GreenloopError } from '../domain/errors.ts'
import { monotonic } from '../lib/clock.ts'
import { prepare } from './conflict.ts'
import { Meter, type Limits } from './engine-meter.ts'
import { excludedClauses, givenRows } from './engine-rows.ts'
import { withForbidden } from './engine-part.ts'
import { coverAll, type Whole } from './engine-whole.ts'
import type { Model } from './model.ts'
import { enumerate } from './naive.ts'
import type { Combination, CombineOptions } from './options.ts'
import { startRival } from './portfolio.ts'
import { createSolver } from './solver.ts'

/** Largest strength that can be asked for. */
const mostStrength = 6
/** Without a limit, all searches together end after this. */
const usualMs = 800
/** How long the thread is kept from others at a stretch. */
const breathMs = 20
/** Time limits above this are worth a second thread, which may end so much later. */
const leastRivalSeconds = 1
const rivalGraceMs = 400

/**
 * Makes an array of valid rows in which every feasible combination of values stands: of each set of parameters of the
 * strength, and of each set of a sub-model of its own. Rows without a negative value hold the combinations of the other
 * values. Gives way to other work now and then. Throws `model_invalid` and `model_contradictory` for models that have no
 * rows, `rows_invalid` for given rows that do not fit, `usage_invalid` for options, `cancelled` on an abort.
 */
export async function combine(model: Model, options: CombineOptions = {}): Promise<Combination> {
  const { engine = 'best', fast = false, maxSteps, timeLimitSeconds = 0 } = options
  const hasRival = engine === 'best' && !fast && maxSteps === undefined && timeLimitSeconds > leastRivalSeconds
  if (!hasRival) return giveWay(model, options)
  const rival = startRival(model, options)
  try {
    const own = await giveWay(model, options)
    if (own.stopped !== 'time_limit') return own
    const other = await rival.result(rivalGraceMs)
    return other !== undefined && other.rows.length < own.rows.length ? other : own
  } finally {
    await rival.stop()
  }
}

async function giveWay(model: Model, options: CombineOptions): Promise<Combination> {
  const work = combining(model, options)
  const clock = options.clock ?? monotonic
  for (let last = clock(); ;) {
    const { done, value } = work.next()
    if (done === true) return value
    if (clock() - last < breathMs) continue
    await setImmediate()
    last = clock()
  }
}

/** The same without giving way. */
export function combineNow(model: Model, options: CombineOptions = {}): Combination {
  const work = combining(model, options)
  while (true) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}

function* combining(model: Model, options: CombineOptions): Generator<undefined, Combination> {
  const { engine = 'best' } = options
  const strength = strengthOf(model, options)
  const { compiled, solver } = prepared(model, options)
  const meter = new Meter(limitsOf(options))
  meter.look()
  const { fixed, dropped } = givenRows(compiled, solver, options)
  const whole: Whole = { compiled, solver, wanted: { strength, subModels: model.subModels } }
  const found =
    engine === 'naive' ? enumerate(model, whole, options) : yield* coverAll(whole, { fixed, meter, options })
  return {
    parameters: model.parameters.map(({ name }) => name),
    rows: found.rows,
    strength,
    engine: found.method,
    tuples: found.tuples,
    lowerBound: found.bound,
    stopped: found.stopped ?? meter.stopped,
    dropped,
  }
}

function prepared(model: Model, options: CombineOptions) {
  const { compiled, solver } = prepare(model)
  const excluded = excludedClauses(compiled, options)
  if (excluded.length === 0) return { compiled, solver }
  const rest = withForbidden(compiled, excluded)
  const restSolver = createSolver(rest)
  if (!restSolver.isFeasible([]))
    throw new GreenloopError('rows_invalid', 'the excluded rows leave no row', { help: 'exclude fewer or fuller rows' })
  return { compiled: rest, solver: restSolver }
}

function strengthOf(model: Model, options: CombineOptions): number {
  const strength = options.strength ?? model.strength ?? 2
  if (Number.isInteger(strength) && strength >= 1 && strength <= mostStrength) return strength
  throw new GreenloopError('usage_invalid', `the strength ${strength} is not a whole number from 1 to ${mostStrength}`)
}

function limitsOf({ timeLimitSeconds, maxSteps, signal, clock = monotonic }: CombineOptions): Limits {
  const limits = { maxSteps, signal, clock, isPatient: true }
  if (timeLimitSeconds !== undefined) return { ...limits, deadline: clock() + timeLimitSeconds * 1000 }
  return maxSteps === undefined ? { ...limits, searchMs: usualMs } : limits
}
