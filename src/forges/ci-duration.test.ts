import { describe, expect, it } from 'vitest'
import { durationMs, runnerDuration } from './ci-duration.ts'

describe('durations', () => {
  it.each([
    ['1h 30m', 5_400_000],
    ['90 seconds', 90_000],
    ['3 mins 4 sec', 184_000],
    ['1 day and 2 hours', 93_600_000],
    ['1 month', 2_592_000_000],
    ['42', 42_000],
    ['soon', undefined],
    ['3 parsecs', undefined],
  ])('of GitLab: %s', (text, ms) => {
    expect(durationMs(text)).toBe(ms)
  })

  it.each([
    [60_000, '1m0s'],
    [3_600_000, '1h0m0s'],
    [5000, '5s'],
    [3_725_000, '1h2m5s'],
  ])('of the runner: %s', (ms, text) => {
    expect(runnerDuration(ms)).toBe(text)
  })
})
