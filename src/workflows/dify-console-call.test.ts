import { describe, expect, it } from 'vitest'
import { raw, startLlmServer } from '../../tests/support/llm-server.ts'
import type { Reply } from '../../tests/support/llm-server.ts'
import { adminCall } from './dify-console-call.ts'
import type { AdminRequest } from './dify-console-call.ts'
import { createHttpClient } from '../lib/http-client.ts'

const drop: Reply = (response) => void response.destroy()

/** Sends one request to a server that answers so; gives what came of it, and what was waited. */
async function called(
  replies: readonly Reply[],
  method: AdminRequest['method'],
  signal = new AbortController().signal,
) {
  await using server = await startLlmServer(replies)
  const waits: number[] = []
  const sleep = (ms: number): Promise<void> => Promise.resolve(void waits.push(ms))
  const parts = { http: createHttpClient(), signal, sleep, now: () => Date.parse('2026-01-01T00:00:00Z') }
  const request = { method, url: new URL(server.url), headers: {}, secrets: ['hush'] }
  const outcome = await adminCall(request, parts).catch((error: unknown) => error)
  return { outcome, waits, sent: server.requests.length }
}

describe('adminCall', () => {
  it('waits out a busy server: by Retry-After as seconds or as a date, otherwise longer each time', async () => {
    const busy = (after?: string) => raw('{}', 429, after === undefined ? {} : { 'retry-after': after })
    const replies = [busy('3'), busy('Thu, 01 Jan 2026 00:00:09 GMT'), busy(), busy('99999'), raw('{"ok":true}')]
    const { outcome, waits } = await called(replies, 'POST')
    expect(outcome).toMatchObject({ status: 200, body: { ok: true } })
    expect(waits).toEqual([3000, 9000, 2000, 60_000])
  })

  it('gives up on a server that stays busy', async () => {
    const { outcome, sent } = await called([raw('{}', 429)], 'POST')
    expect(outcome).toMatchObject({ code: 'target_rate_limited' })
    expect(sent).toBe(5)
  })

  it.each([
    ['GET', raw('down', 502), 'target_failed', 5],
    ['POST', raw('down', 502), 'target_failed', 1],
    ['GET', drop, 'target_failed', 5],
    ['POST', drop, 'target_unknown', 1],
    ['DELETE', raw('', 403), 'target_refused', 1],
    ['GET', raw('<html>sign in</html>'), 'target_garbled', 1],
  ] as const)('%s: what only reads is tried again, what writes is not', async (method, reply, code, times) => {
    const { outcome, sent } = await called([reply], method)
    expect(outcome).toMatchObject({ code })
    expect(sent).toBe(times)
  })

  it('quotes the server, but no secret', async () => {
    const { outcome } = await called([raw('{"message":"hush is no key"}', 400)], 'POST')
    expect(outcome).toMatchObject({
      message: expect.stringMatching(/answered POST \/ with 400: .*\*\*\* is no key/u) as string,
    })
  })

  it('throws the reason of an abort', async () => {
    const reason = new Error('enough')
    const { outcome } = await called([raw('{}')], 'GET', AbortSignal.abort(reason))
    expect(outcome).toBe(reason)
  })
})
