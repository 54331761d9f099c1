import { GreenloopError } from '../domain/errors.ts'
import { sha256 } from '../lib/hash.ts'
import { broken } from './check-finding.ts'
import type { Finding } from './check-finding.ts'
import type { CheckOf, Judging } from './check-parts.ts'
import { textOf } from './check-subject.ts'
import { judgeByRubric } from './judge.ts'
import type { Judgement } from './judge.ts'
import { rubricPrompt } from './judge-prompt.ts'

/** What is judged, and who made it. */
export interface JudgedAnswer {
  readonly value: unknown
  readonly question: string
  /** Model under test, as its server named it. */
  readonly model?: string | undefined
}

/** `judge`: a model judges by a rubric. Without a verdict the check is broken, which is no failure of the answer. */
export async function checkJudge(check: CheckOf<'judge'>, answered: JudgedAnswer, judging: Judging): Promise<Finding> {
  const name = check.model ?? judging.parts.usual.judge
  const { rubric, reference, scale, threshold, samples } = check
  const asked = { rubric, question: answered.question, answer: textOf(answered.value), reference, scale }
  const judge = { name: name ?? '', model: modelOf(name, judging), spending: judging.spending, signal: judging.signal }
  const judgement = await judgeByRubric(judge, asked, samples)
  const details = {
    ...detailsOf(judgement, scale),
    ...warningOf(judgement, answered.model ?? judging.parts.targetModel),
  }
  const { score, reasoning } = judgement
  if (score === undefined) return broken(`the judge gave no verdict: ${faultsOf(judgement)}`, details)
  const reason = reasoning ?? `the judge gave ${score}`
  return { kind: 'judged', score, passed: score >= threshold, reason, telling: true, details }
}

function modelOf(name: string | undefined, { parts }: Judging) {
  const model = name === undefined || !Object.hasOwn(parts.models, name) ? undefined : parts.models[name]
  if (model !== undefined) return model
  throw new GreenloopError(
    'judge_failed',
    name === undefined
      ? 'no judge is named; set `model` of the check or `evaluation.judge`'
      : `there is no model ${name} for the judge in the environment`,
  )
}

function detailsOf({ agreement, samples }: Judgement, scale: CheckOf<'judge'>['scale']) {
  const models = [...new Set(samples.map(({ model }) => model))]
  return {
    templateSha256: templateHash(scale),
    promptSha256: samples[0]?.promptSha256,
    model: models.join(', '),
    verdicts: samples.map((sample) => ({
      order: sample.order,
      promptSha256: sample.promptSha256,
      repaired: sample.repaired,
      ...(sample.kind === 'none'
        ? { fault: sample.fault }
        : { verdict: sample.verdict, score: sample.score, reasoning: sample.reasoning }),
    })),
    ...(samples.length > 1 && agreement !== undefined ? { agreement } : {}),
  }
}

/** Hash of the wording alone: it tells whether two results were judged in the same words. */
function templateHash(scale: CheckOf<'judge'>['scale']): string {
  const { system, user } = rubricPrompt({ rubric: '', question: '', answer: '', scale }, 'best_first')
  return sha256(JSON.stringify([system, user]))
}

/** Models like what they write themselves. */
function warningOf({ samples }: Judgement, target: string | undefined) {
  const same = target !== undefined && samples.some(({ model }) => model.toLowerCase() === target.toLowerCase())
  return same ? { warning: `the judge is the model under test (${target}), and judges tend to prefer themselves` } : {}
}

function faultsOf({ samples }: Judgement): string {
  return [...new Set(samples.flatMap((sample) => (sample.kind === 'none' ? [sample.fault] : [])))].join('; ')
}
