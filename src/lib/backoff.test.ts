import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { askedWaitMs, backoffMs, readRateReset, readRetryAfter } from './backoff.ts'

const backoff = { backoffSeconds: 1, backoffMultiplier: 2, maxBackoffSeconds: 10, jitter: 'none' as const }

describe('a backoff', () => {
  it('grows by its factor up to its cap', () => {
    expect([1, 2, 3, 4, 5, 60, 1000].map((attempt) => backoffMs(attempt, backoff, () => 0.5))).toEqual([
      1000, 2000, 4000, 8000, 10_000, 10_000, 10_000,
    ])
  })

  it('is nothing where it begins with nothing, however often', () => {
    expect(backoffMs(5000, { ...backoff, backoffSeconds: 0, backoffMultiplier: 100 }, () => 0.5)).toBe(0)
  })

  it('with jitter is anything up to that, never more', () => {
    const full = { ...backoff, jitter: 'full' as const }
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, draw) => {
          const ms = backoffMs(attempt, full, () => draw)
          expect(ms).toBe(Math.round(draw * backoffMs(attempt, backoff, () => 0)))
        },
      ),
    )
  })
})

describe('a prescribed wait', () => {
  it('is honoured in full, with up to a fifth on top', () => {
    expect(askedWaitMs(1000, () => 0)).toBe(1000)
    expect(askedWaitMs(1000, () => 0.999_999)).toBe(1200)
  })
})

describe('Retry-After', () => {
  const nowMs = Date.UTC(2026, 0, 1)

  it.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'Retry-After': ' 1.5 ' }, 1500],
    [{ 'RETRY-AFTER': 3 }, 3000],
    [{ 'retry-after': ['4', '5'] }, 4000],
    [{ 'retry-after': new Date(nowMs + 9000).toUTCString() }, 9000],
    [{ 'retry-after': new Date(nowMs - 9000).toUTCString() }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-5x' }, undefined],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after': true, 'x-ratelimit-reset': '2' }, undefined],
    [{}, undefined],
  ])('%j is %j', (headers, ms) => {
    expect(readRetryAfter(headers, nowMs)).toBe(ms)
  })

  it('is read from the headers of fetch as well', () => {
    expect(readRetryAfter(new Headers({ 'Retry-After': '2' }), nowMs)).toBe(2000)
    expect(readRetryAfter(new Headers(), nowMs)).toBeUndefined()
  })
})

describe('a rate limit that is used up', () => {
  const nowMs = Date.UTC(2026, 0, 1)

  it.each([
    [{ 'x-ratelimit-reset': '2' }, 2000],
    [{ 'x-ratelimit-reset-requests': '6m0s', 'x-ratelimit-reset-tokens': '120ms' }, 360_000],
    [
      {
        'x-ratelimit-reset-requests': '1h',
        'x-ratelimit-remaining-requests': '12',
        'x-ratelimit-reset-tokens': '1.5s',
      },
      1500,
    ],
    [{ 'x-ratelimit-reset': String(nowMs / 1000 + 5) }, 5000],
    [{ 'x-ratelimit-reset': String(nowMs + 700) }, 700],
    [{ 'x-ratelimit-reset': '1000000000' }, 0],
    [{ 'x-ratelimit-reset': new Date(nowMs + 3000).toISOString() }, 3000],
    [{ 'x-ratelimit-reset': '1d2h' }, 93_600_000],
    [{ 'x-ratelimit-reset': 'never' }, undefined],
    [{ 'x-ratelimit-reset': '' }, undefined],
    [{ 'retry-after': '7' }, undefined],
  ])('%j is there again in %j', (headers, ms) => {
    expect(readRateReset(headers, nowMs)).toBe(ms)
  })
})
