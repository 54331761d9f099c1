import { expect, test } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import type { ManifestHead } from '../domain/manifest.ts'
import { createRefusals } from '../experiment/trial-refusals.ts'
import { tellingWaits } from './experiment-patience.ts'

test('a long wait that a server asks for is told once', () => {
  const told: string[] = []
  const refusals = tellingWaits(createRefusals(), (text) => told.push(text))
  const head = { id: 'bot/a', workflowId: 'bot', workflow: { server: 'default' } } as ManifestHead
  const busy = (retryAfterMs: number) => new GreenloopError('target_rate_limited', 'busy', { call: { retryAfterMs } })
  refusals.note(head, busy(1000))
  refusals.note(head, new Error('something else'))
  expect(told).toEqual([])
  refusals.note(head, busy(3_600_000))
  refusals.note(head, busy(3_599_000))
  expect(told).toEqual(['the server of bot asks to be left alone for 3600 s'])
})
