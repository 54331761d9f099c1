import { startLlmServer, whole } from './llm-server.ts'
import type { LlmServer } from './llm-server.ts'
import type { Provider } from '../../src/domain/ports.ts'
import { openAiCompatible } from '../../src/llm/http.ts'
import { createSpending } from '../../src/experiment/check-spending.ts'
import type { Judge } from '../../src/experiment/judge-ask.ts'

/** A server that gives the replies in turn. */
export function judging(...replies: readonly unknown[]): Promise<LlmServer> {
  return startLlmServer(replies.map((reply) => whole(typeof reply === 'string' ? reply : JSON.stringify(reply))))
}

/** The model behind a server. */
export function modelAt(server: LlmServer): Provider {
  const timeouts = { connectMs: 20_000, firstByteMs: 20_000, idleMs: 20_000, totalMs: 20_000 }
  const config = { temperature: 0, maxTokens: 100, stream: false, maxAnswerBytes: 100_000 }
  return openAiCompatible({ endpoint: server.url, model: 'critic', headers: {}, timeouts, ...config })
}

/** A judge behind a server. */
export function judgeAt(server: LlmServer): Judge {
  return {
    name: 'critic',
    model: modelAt(server),
    spending: createSpending(),
    signal: new AbortController().signal,
  }
}

/** What a server was asked in its n-th call, from 0. */
export function userTextOf(server: LlmServer, call: number): string {
  const messages = server.requests[call]?.body['messages'] as readonly { readonly content: string }[] | undefined
  return messages?.[1]?.content ?? ''
}

/** Reasons before a verdict. */
export function verdict(said: string, reasoning = 'because'): unknown {
  return { reasoning, verdict: said }
}
