import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { markExhausted } from '../lib/exhausted.ts'
import { classify } from './classify.ts'

const http = (fields: object): Error => Object.assign(new Error('answered'), fields)

describe('the meaning of an error', () => {
  it('is a system error that may pass where nothing else is known', () => {
    expect(classify(new Error('broken'))).toEqual({
      class: 'system_error',
      message: 'broken',
      retryable: true,
      overload: false,
    })
  })

  it.each([
    [new GreenloopError('llm_unreachable', 'gone'), true, false],
    [new GreenloopError('llm_rate_limited', 'slowly'), true, true],
    [new GreenloopError('llm_failed', 'bad', { call: { status: 400 } }), false, false],
    [new GreenloopError('llm_failed', 'bad', { call: { status: 502 } }), true, false],
    [new GreenloopError('llm_unauthorized', 'no key'), false, false],
    [new GreenloopError('target_failed', 'gone'), true, false],
    [new GreenloopError('target_rate_limited', 'slowly'), true, true],
    [new GreenloopError('target_refused', 'no key'), false, false],
    [new GreenloopError('target_quota', 'no more'), false, false],
    [new GreenloopError('target_unknown', 'who knows'), false, false],
    [new GreenloopError('suite_invalid', 'no suite'), false, false],
    [new GreenloopError('budget_reached', 'enough'), false, false],
    [http({ status: 404 }), false, false],
    [http({ status: 408 }), true, false],
    [http({ statusCode: 429 }), true, true],
    [http({ status: 500 }), true, false],
    [http({ status: 503 }), true, false],
    [http({ status: 503, headers: { 'retry-after': '1' } }), true, true],
    [http({ status: 529 }), true, true],
    [http({ response: { status: 401 } }), false, false],
    [http({ status: 500, isRetryable: false }), false, false],
    [http({ status: 400, isRetryable: true }), true, false],
    [http({ status: 200 }), true, false],
    [markExhausted(new Error('tried often')), false, false],
  ])('%s: may pass %s, overload %s', (error, retryable, overload) => {
    expect(classify(error)).toMatchObject({ class: 'system_error', retryable, overload })
  })

  it('is a timeout where it says so by its name or code', () => {
    expect(classify(new DOMException('late', 'TimeoutError'))).toMatchObject({ class: 'timeout', retryable: true })
    expect(classify(new GreenloopError('llm_timeout', 'late'))).toMatchObject({ class: 'timeout', code: 'llm_timeout' })
    expect(classify(new GreenloopError('target_timeout', 'late'))).toMatchObject({ class: 'timeout' })
    expect(classify(new DOMException('over', 'AbortError'))).toMatchObject({ class: 'system_error' })
  })

  it('has the code of the error, or of its cause', () => {
    expect(classify(http({ code: 'ECONNREFUSED' })).code).toBe('ECONNREFUSED')
    expect(classify(new TypeError('fetch failed', { cause: http({ code: 'ENOTFOUND' }) })).code).toBe('ENOTFOUND')
    expect(classify(http({ code: 7 }))).not.toHaveProperty('code')
  })

  it('tells how long to wait, wherever that stands', () => {
    const nowMs = Date.UTC(2026, 0, 1)
    const read = (fields: object): number | undefined => classify(http(fields), nowMs).retryAfterMs
    expect(read({ retryAfterMs: 5 })).toBe(5)
    expect(read({ retryAfterMs: -5, headers: { 'retry-after': '1' } })).toBeUndefined()
    expect(read({ retryAfterMs: Number.NaN })).toBeUndefined()
    expect(read({ headers: new Headers({ 'retry-after': new Date(nowMs + 4000).toUTCString() }) })).toBe(4000)
    expect(read({ responseHeaders: { 'retry-after': '2' } })).toBe(2000)
    expect(read({ response: { headers: { 'retry-after': '3' } } })).toBe(3000)
    expect(read({ headers: null })).toBeUndefined()
    expect(classify(new GreenloopError('llm_rate_limited', 'x', { call: { retryAfterMs: 9 } })).retryAfterMs).toBe(9)
  })

  it('takes the state of rate limits for a wait only where a limit was the reason', () => {
    const headers = { 'x-ratelimit-reset-requests': '6m0s' }
    expect(classify(http({ status: 429, headers })).retryAfterMs).toBe(360_000)
    expect(classify(http({ status: 500, headers })).retryAfterMs).toBeUndefined()
  })

  it.each([
    ['text', 'text'],
    ['', 'an error without a message'],
    [undefined, 'undefined'],
    [null, 'null'],
    [42, '42'],
    [{ why: 'no' }, "{ why: 'no' }"],
    [{ message: 'mine' }, 'mine'],
    [Object.create(null), '[Object: null prototype] {}'],
    [new TypeError(''), 'TypeError'],
  ])('has words for %j', (thrown, message) => {
    expect(classify(thrown).message).toBe(message)
  })

  it('does not keep a message of any length', () => {
    const { message } = classify(new Error('x'.repeat(1_000_000)))
    expect(message).toHaveLength(4000 + ' … (996000 more characters)'.length)
  })
})
