import type { ErrorCode } from '../domain/errors.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Generation, ModelCall, Script } from '../domain/generation.ts'
import type { Plan } from '../domain/plan.ts'
import type { Answer, Prompt, Provider } from '../domain/ports.ts'
import { checkScript } from './static-check.ts'
import { extractCode } from './extract.ts'
import { mendScript } from './mend.ts'
import { moduleBase } from './offline-callee.ts'
import { writeOffline } from './offline.ts'

/** What a generation needs beside the plan. */
export interface GenerationParts {
  readonly prompt: Prompt
  readonly provider: Provider
  /** The calls that the metered provider reports, filled while it works. */
  readonly calls: readonly ModelCall[]
  readonly signal: AbortSignal
  readonly onText?: ((piece: string) => void) | undefined
}

/**
 * Plan and prompt become a script. An answer that holds no usable test is a value (`status: failed`), because its
 * artifacts matter; a model that cannot be asked throws its own `llm_*` error. Of an answer that broke off, whole tests
 * are kept.
 */
export async function generateScript(plan: Plan, parts: GenerationParts): Promise<Generation> {
  const { prompt, provider, calls, signal, onText } = parts
  const answer = await provider.complete(prompt, { signal, onText }).catch(brokenAnswer)
  return { ...readAnswer(plan, answer), provider: answer.provider ?? provider.name, prompt, calls }
}

/** The offline generator in the place of a model. */
export function offlineProvider(plan: Plan): Provider {
  return {
    name: 'offline',
    complete: async () => ({
      text: writeOffline(plan).code,
      reasoning: '',
      finish: 'stop',
      model: 'offline',
      usage: { inputTokens: 0, outputTokens: 0, estimated: false },
      durationMs: 0,
    }),
  }
}

type AnswerText = Pick<Answer, 'text' | 'finish' | 'provider'>

/** What came before an answer broke off is an answer too, if a poor one. */
function brokenAnswer(error: unknown): AnswerText {
  const partial = error instanceof GreenloopError && error.code === 'llm_truncated' ? error.call?.partial : undefined
  if (partial === undefined || partial.trim() === '') throw error
  return { text: partial, finish: 'length' }
}

type Judged = Pick<Generation, 'status' | 'answer' | 'script' | 'how' | 'applied' | 'findings' | 'failure'>

function readAnswer(plan: Plan, answer: AnswerText): Judged {
  const { language, framework } = plan
  const extraction = extractCode(answer.text, { language, framework, symbols: symbolsOf(plan), finish: answer.finish })
  if (!extraction.found) {
    return rejected('answer_unusable', extraction.message, { answer: answer.text, how: extraction.reason })
  }
  const mended = mendScript(extraction.code, { language, framework })
  const judged = judgeScript(plan, {
    code: mended.code,
    how: `${extraction.how.method}, ${extraction.how.candidates} candidates`,
    applied: [...extraction.how.notes, ...mended.applied],
  })
  return { ...judged, answer: answer.text }
}

interface Draft {
  readonly code: string
  readonly how: string
  readonly applied: readonly string[]
}

function judgeScript(plan: Plan, { code, how, applied }: Draft): Judged {
  const { language, framework, scriptName: name } = plan
  const findings = checkScript(code, { language, framework, symbols: symbolsOf(plan) })
  const found = extractCode(code, { language, framework })
  const tests = found.found ? found.tests.map((test) => test.name) : []
  const script: Script = { name, code, language, framework, tests }
  const worst = findings.find(({ severity }) => severity === 'error')
  if (worst === undefined && tests.length > 0) {
    return { status: 'finished', answer: code, script, how, applied, findings }
  }
  const message = worst === undefined ? 'the script holds no test' : `line ${worst.line}: ${worst.message}`
  return { ...rejected('script_rejected', message, { answer: code, how }), script, applied, findings }
}

function rejected(code: ErrorCode, message: string, kept: { answer: string; how: string }): Judged {
  return { status: 'failed', applied: [], findings: [], failure: { code, message }, ...kept }
}

/** Names that a test of this plan has to mention: the module under test and what is called. */
function symbolsOf({ target, cases }: Plan): string[] {
  const calls = cases.flatMap(({ call }) => call?.split('.')[0] ?? [])
  return [...new Set([...(target.module === undefined ? [] : [moduleBase(target)]), ...calls])]
}
