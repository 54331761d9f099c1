import { describe, expect, it } from 'vitest'
import { createBench, goodFix, runId, sumScript } from './repair.fixture.ts'

describe('a repair', () => {
  it('goes from a red pipeline over a patch to a green one', async () => {
    const bench = createBench(sumScript, () => goodFix)
    bench.host.start('main')
    const state = await bench.run()
    expect(state).toMatchObject({ phase: 'done', end: 'succeeded' })
    expect(bench.host.requests).toHaveLength(1)
    expect(bench.host.requests[0]).toMatchObject({ title: 'Repair the pipeline of main', state: 'opened' })
    expect(bench.host.git.pushes.map(({ sha }) => sha)).toEqual([state.baseSha, state.pushedSha])
    expect(bench.prompts).toHaveLength(1)
    expect(state.rounds.map(({ outcome }) => outcome)).toEqual(['green'])
    expect(bench.host.notes.get(`<!-- greenloop:${runId} -->`)).toContain('the pipeline is green')
    expect([...bench.saved.keys()]).toContain('rounds/1/diff.patch')
  })
})
