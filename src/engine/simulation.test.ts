import { describe, expect, it } from 'vitest'
import { explain, fingerprint, judge } from '../../tests/simulation/oracle.ts'
import { simulate } from '../../tests/simulation/simulate.ts'
import { createWorld } from '../../tests/simulation/world.ts'

/** Seeds that are tried; `SIMULATION_SEEDS=100000` tries more. */
const seeds = Number(process.env['SIMULATION_SEEDS'] ?? 3000)
const parts = 6
const share = Math.ceil(seeds / parts)
/** Findings that are shown in full. */
const shown = 3

/** The first breach in the world of a seed, in words. */
async function problemOf(seed: number): Promise<string | undefined> {
  try {
    const simulation = await simulate(createWorld(seed))
    const [finding] = judge(simulation)
    return finding === undefined ? undefined : explain(simulation, finding)
  } catch (error) {
    return `seed ${seed}: ${String(error)}`
  }
}

describe('the scheduler, in simulated worlds', { timeout: 60_000 + seeds * 50 }, () => {
  it.each(Array.from({ length: parts }, (_, part) => [part * share, (part + 1) * share - 1] as const))(
    'keeps every invariant for the seeds %i to %i',
    async (from, to) => {
      const broken: string[] = []
      for (let seed = from; seed <= to; seed++) {
        const problem = await problemOf(seed)
        if (problem !== undefined) broken.push(problem)
      }
      expect(broken.length === 0 ? '' : `${broken.length} seeds\n${broken.slice(0, shown).join('\n\n')}`).toBe('')
    },
  )

  it('does the same again for the same seed, to the last event', async () => {
    for (let seed = 0; seed < seeds; seed += 20) {
      const [first, second] = [await simulate(createWorld(seed)), await simulate(createWorld(seed))]
      expect(`${seed} ${fingerprint(second)}`).toBe(`${seed} ${fingerprint(first)}`)
    }
  })

  it('is not led astray by a wall clock that jumps by hours', async () => {
    const hourMs = 3_600_000
    const wallErrorMs = (atMs: number): number => (Math.floor(atMs / 700) % 3) * 2 * hourMs - 3 * hourMs
    for (let seed = 0; seed < seeds; seed += 20) {
      const world = createWorld(seed)
      const [first, second] = [await simulate(world), await simulate(world, { wallErrorMs })]
      expect(`${seed} ${fingerprint(second, { dates: false })}`).toBe(`${seed} ${fingerprint(first, { dates: false })}`)
    }
  })
})
