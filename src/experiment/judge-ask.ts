import type { Prompt, Provider } from '../domain/ports.ts'
import { sha256 } from '../lib/hash.ts'
import type { Spending } from './check-spending.ts'
import { repairPrompt } from './judge-prompt.ts'
import { readVerdict } from './judge-verdict.ts'
import type { Verdict, VerdictKind } from './judge-verdict.ts'

/** A model that judges, under its name in the environment. */
export interface Judge {
  readonly name: string
  readonly model: Provider
  readonly spending: Spending
  readonly signal: AbortSignal
}

/** One verdict with what is needed to repeat it, or why there is none. */
export type Asked = AskedCommon &
  (({ readonly kind: 'verdict' } & Verdict) | { readonly kind: 'none'; readonly fault: string })

interface AskedCommon {
  /** Hash of system and user text. */
  readonly promptSha256: string
  /** Model as the server named it. */
  readonly model: string
  /** Whether the first reply could not be read. */
  readonly repaired: boolean
}

/**
 * Asks for a verdict, once more when the reply cannot be read. Failures of the model itself are thrown as they are
 * (`llm_*`).
 */
export async function askJudge(judge: Judge, prompt: Prompt, kind: VerdictKind): Promise<Asked> {
  const promptSha256 = sha256(JSON.stringify([prompt.system, prompt.user]))
  const first = await ask(judge, prompt)
  const read = readVerdict(first.text, kind)
  if ('verdict' in read) return { kind: 'verdict', ...read.verdict, promptSha256, model: first.model, repaired: false }
  const second = await ask(judge, repairPrompt(prompt, first.text, read.fault))
  const again = readVerdict(second.text, kind)
  const common = { promptSha256, model: second.model, repaired: true }
  if ('verdict' in again) return { kind: 'verdict', ...again.verdict, ...common }
  return { kind: 'none', fault: again.fault, ...common }
}

async function ask({ name, model, spending, signal }: Judge, prompt: Prompt) {
  const answer = await model.complete(prompt, { signal })
  spending.add(name, answer.usage)
  return answer
}
