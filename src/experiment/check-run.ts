import type { CheckSpec } from '../domain/check.ts'
import { contextOf } from './check-context.ts'
import { checkCost, checkLatency, checkRange, checkTokens } from './check-figures.ts'
import { broken, holds } from './check-finding.ts'
import type { Finding } from './check-finding.ts'
import { checkIsJson, checkJsonPath, checkJsonSchema } from './check-json.ts'
import { checkJudge } from './check-judge.ts'
import type { CheckOf, Compiled, Judging } from './check-parts.ts'
import { checkSimilarity } from './check-similarity.ts'
import { textOf } from './check-subject.ts'
import { checkContains, checkEquals, checkStartsWith } from './check-text.ts'
import type { Answered, View } from './check-view.ts'

/** What one check looks at. */
export interface Look {
  readonly trial: Answered
  readonly view: View
  /** What `on` names; nothing for checks of figures. */
  readonly value: unknown
}

/**
 * Makes one check whose placeholders are filled. Throws `judge_failed` and `llm_*` where the check itself breaks down,
 * and the signal's reason when it aborts.
 */
export async function runCheck(check: CheckSpec, look: Look, judging: Judging): Promise<Finding> {
  const { value, view, trial } = look
  const { compiled, functions, python } = judging.parts
  switch (check.type) {
    case 'equals':
      return checkEquals(check, value)
    case 'contains':
      return checkContains(check, value)
    case 'starts_with':
      return checkStartsWith(check, value)
    case 'regex':
      return checkRegex(check, value, compiled)
    case 'is_json':
      return checkIsJson(value)
    case 'json_schema':
      return checkJsonSchema(check, value, compiled)
    case 'json_path':
      return checkJsonPath(check, value, compiled)
    case 'range':
      return checkRange(check, value, compiled)
    case 'latency':
      return checkLatency(check, view)
    case 'cost':
      return view.turn === undefined
        ? checkCost(check, trial.cost)
        : broken('a price is known for the whole conversation only; set `on: conversation`')
    case 'tokens':
      return checkTokens(check, view)
    case 'similarity':
      return await checkSimilarity(check, value, judging)
    case 'function': {
      const context = contextOf(trial, view, check.options)
      return await functions(check, { answer: value, context, signal: judging.signal })
    }
    case 'python':
      return await python.run(check, { answer: value, context: contextOf(trial, view), signal: judging.signal })
    case 'judge':
      return await checkJudge(check, { value, question: view.question, model: trial.model }, judging)
  }
}

function checkRegex({ pattern, flags }: CheckOf<'regex'>, value: unknown, compiled: Compiled): Finding {
  const matches = compiled.regex(pattern, flags).test(textOf(value))
  return holds(matches, matches ? `it matches /${pattern}/` : `it does not match /${pattern}/`)
}
