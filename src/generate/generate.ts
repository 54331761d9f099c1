import type { ErrorCode } from '../domain/errors.ts'
import type { Generation, ModelCall, Script } from '../domain/generation.ts'
import type { Plan } from '../domain/plan.ts'
import type { Answer, Prompt, Provider } from '../domain/ports.ts'
import { checkScript } from './static-check.ts'
import { extractCode } from './extract.ts'
import { mendScript } from './mend.ts'
import { writeOffline } from './offline.ts'

/** What a generation needs beside the plan. */
export interface GenerationParts {
  readonly prompt: Prompt
  /** The model; without one the offline generator writes. */
  readonly provider: Provider | undefined
  /** The calls that the metered provider reports, filled while it works. */
  readonly calls: readonly ModelCall[]
  readonly signal: AbortSignal
  readonly onText?: ((piece: string) => void) | undefined
}

/**
 * Plan and prompt become a script. An answer that holds no usable test is a value (`status: failed`), because its
 * artifacts matter; a model that cannot be asked throws its own `llm_*` error.
 */
export async function generateScript(plan: Plan, parts: GenerationParts): Promise<Generation> {
  const { prompt, provider, calls, signal, onText } = parts
  if (provider === undefined) return writeWithoutModel(plan, prompt)
  const answer = await provider.complete(prompt, { signal, onText })
  return { ...readAnswer(plan, answer), provider: provider.name, prompt, calls }
}

/** The offline generator in the shape of every other generation. */
export function writeWithoutModel(plan: Plan, prompt: Prompt): Generation {
  const { code, notes } = writeOffline(plan)
  return {
    ...judgeScript(plan, { code, how: 'written offline from the plan', applied: [...notes] }),
    provider: 'offline',
    prompt,
    calls: [],
    answer: code,
  }
}

type Judged = Pick<Generation, 'status' | 'answer' | 'script' | 'how' | 'applied' | 'findings' | 'failure'>

function readAnswer(plan: Plan, answer: Answer): Judged {
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
  return [...new Set([...(target.module === undefined ? [] : [target.module]), ...calls])]
}
