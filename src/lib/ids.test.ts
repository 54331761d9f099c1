import { expect, it } from 'vitest'
import { createRunId } from './ids.ts'

it('gives ids that sort by time and fit into a Python module name', () => {
  const early = createRunId(new Date('2026-01-02T03:04:05Z'), Uint8Array.of(255, 255))
  const late = createRunId(new Date('2026-01-02T03:04:06Z'), Uint8Array.of(0, 0))
  expect(early).toBe('20260102_030405_ffff')
  expect(early < late).toBe(true)
  expect(`generated_${late}`).toMatch(/^[a-z_][a-z0-9_]*$/)
})
