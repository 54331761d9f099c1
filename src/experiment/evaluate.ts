import type { CheckSpec, Score } from '../domain/check.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Evaluation } from '../domain/experiment.ts'
import type { Embed, Provider } from '../domain/ports.ts'
import { createCompiled } from './check-compiled.ts'
import { createFunctionRunner } from './check-function.ts'
import type { ImportModule } from './check-function.ts'
import type { CheckParts } from './check-parts.ts'
import { checkProblems } from './check-problems.ts'
import { createPythonRunner } from './check-python.ts'
import { createSpending } from './check-spending.ts'
import type { PriceOf, Spent } from './check-spending.ts'
import type { Answered } from './check-view.ts'
import { evaluateCheck } from './evaluate-check.ts'
import type { PlacedCheck } from './evaluate-check.ts'
import { scoreTrial, standingOf } from './scoring.ts'
import type { Scored } from './scoring.ts'

/** What is checked. */
export interface EvaluatorSetup {
  readonly evaluation: Evaluation
  /** Absolute folder that files of checks are relative to. */
  readonly folder: string
  /** Model under test, where it is known; a judge of the same name is warned of. */
  readonly targetModel?: string | undefined
}

/** What the evaluator needs from outside. */
export interface EvaluatorParts {
  /** Models that judge, by their names in the environment. */
  readonly models: Readonly<Record<string, Provider>>
  readonly embed: Readonly<Record<string, Embed>>
  /** Interpreter of Python checks; `python3` unless set. */
  readonly python?: string | undefined
  /** Whole environment of the interpreter; that of this process unless set. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  readonly importModule?: ImportModule | undefined
  readonly priceOf?: PriceOf | undefined
}

/** What became of a trial. */
export interface Evaluated extends Scored {
  readonly scores: readonly Score[]
  /** What judges and embeddings used up. */
  readonly usage: Spent
}

/** Judges trials. */
export interface Evaluator {
  /** Never fails because of a check; throws the signal's reason when it aborts. */
  evaluate(trial: Answered, signal: AbortSignal): Promise<Evaluated>
  /** Ends what was started for the checks. */
  close(): Promise<void>
}

/**
 * Makes an evaluator. Throws `plan_invalid` with every check of the plan that can never work. A trial that was not
 * answered (server, time, limits) is not judged: it has no scores.
 */
export function createEvaluator(setup: EvaluatorSetup, parts: EvaluatorParts): Evaluator {
  const { evaluation, folder, targetModel } = setup
  const { models, embed } = parts
  const around = { models: Object.keys(models), embed: Object.keys(embed), evaluation, folder }
  const problems = checkProblems(evaluation.checks, around)
  if (problems.length > 0) throw new GreenloopError('plan_invalid', 'checks of the plan cannot be made', { problems })
  const python = createPythonRunner({ interpreter: parts.python, environment: parts.environment, folder })
  const checkParts: CheckParts = {
    compiled: createCompiled(),
    models,
    embed,
    functions: createFunctionRunner(folder, parts.importModule ?? ((url) => import(url))),
    python,
    usual: { judge: evaluation.judge, embeddings: evaluation.embeddings },
    targetModel,
  }
  return {
    evaluate: async (trial, signal) => {
      signal.throwIfAborted()
      if (standingOf(trial.status) === 'missing') return { scores: [], usage: { tokens: 0 } }
      const spending = createSpending(parts.priceOf)
      const judging = { parts: checkParts, spending, signal }
      const placed = checksOf(trial, evaluation.checks)
      const scores = await Promise.all(placed.map((check) => evaluateCheck(check, trial, judging)))
      return { scores, ...scoreTrial(scores, trial.status, evaluation.passShare), usage: spending.read() }
    },
    close: () => python.close(),
  }
}

/** Checks of the plan, then of the case, then of its turns. */
function checksOf({ case: { checks, turns = [] } }: Answered, ofPlan: readonly CheckSpec[]): readonly PlacedCheck[] {
  const ofTurns = turns.flatMap((turn, index) => turn.checks.map((check) => ({ check, ownTurn: index + 1 })))
  return [...[...ofPlan, ...checks].map((check) => ({ check })), ...ofTurns]
}
