import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repairViewSchema } from '../domain/api-repair.ts'
import type { RunStore } from '../domain/stored-run.ts'
import type { TestHost } from '../forges/dev-gitlab.fixture.ts'
import { openHost, play, brokenSum, goodSum, surroundings, unit } from '../../tests/e2e/repair-faults.ts'
import type { Played } from '../../tests/e2e/repair-faults.ts'
import { resumeRepairById } from './repair.ts'
import { playRepairGate, repairView } from './repair-view.ts'
import type { ServiceContext } from './service-context.ts'
import { namedStore, openRunStore } from './store.ts'

const limit = { timeout: 60_000 }
let host: TestHost
const stores: RunStore[] = []

beforeAll(async () => {
  host = await openHost()
})

afterAll(async () => {
  for (const store of stores) await store.close()
  await host.close()
})

/** A service on the folder of a scenario; it goes on with runs by itself. */
async function serviceOf(played: Played): Promise<ServiceContext & { readonly resumed: string[] }> {
  const where = surroundings(played)
  const storeAt = await namedStore(where)
  const store = await openRunStore(storeAt)
  stores.push(store)
  const resumed: string[] = []
  const resume = async (id: string) => {
    resumed.push(id)
    await resumeRepairById(id, {}, where)
    const run = await store.find(id)
    if (run === undefined) throw new Error('the run is gone')
    return run
  }
  const runs = { resume } as unknown as ServiceContext['runs']
  const root = played.folder
  return { store, storeAt, root, artifacts: join(root, 'artifacts'), key: Buffer.alloc(32), where, runs, resumed }
}

const approve = 'approve:\n  stage: approve\n  when: manual\n  script: "true"\n'
const ci = `stages: [approve, test]\n${approve}${unit}`

describe('a repair that waits at a gate', limit, () => {
  it('names the job, and goes on behind it when a person lets it', async () => {
    const played = await play(host, { history: [{ '.gitlab-ci.yml': ci, 'app.js': goodSum }], runId: 'gated' })
    expect(played.result?.end).toBe('blocked_gate')
    const service = await serviceOf(played)
    const waiting = repairViewSchema.parse(await repairView(service, 'gated'))
    expect(waiting).toMatchObject({ end: 'blocked_gate', gates: ['approve'], run: { status: 'interrupted' } })
    expect(waiting.advice).toContain('Start the job')

    await expect(playRepairGate(service, 'gated', { job: 'unit', by: 'ann' })).rejects.toMatchObject({
      code: 'run_conflict',
      why: 'no manual job of its pipeline has this name',
    })
    expect(service.resumed).toEqual([])
    expect(await playRepairGate(service, 'gated', { job: 'approve', by: 'ann' })).toContain('/-/jobs/')
    expect(service.resumed).toEqual(['gated'])
    expect(await repairView(service, 'gated')).toMatchObject({
      end: 'succeeded',
      gates: [],
      run: { status: 'finished' },
    })
    await expect(playRepairGate(service, 'gated', { job: 'approve', by: 'ann' })).rejects.toMatchObject({
      code: 'run_conflict',
      why: 'it is over: succeeded',
    })
  })
})

describe('the view of a repair', limit, () => {
  it('tells rounds, evidence and budget, and does without the configuration', async () => {
    const played = await play(host, { runId: 'told', config: { budget: '{ max_tokens: 5000 }' } })
    const service = await serviceOf(played)
    const found = repairViewSchema.parse(await repairView(service, 'told'))
    expect(found).toMatchObject({
      phase: 'done',
      end: 'succeeded',
      project: played.path,
      mergeRequest: { iid: 1 },
      budget: { rounds: 3, usedRounds: 1, seconds: 110, tokens: 5000 },
      rounds: [{ number: 1, outcome: 'green', failing: [{ name: 'unit', status: 'failed' }], findings: [] }],
    })
    expect(found.rounds[0]?.diff).toContain(`-${brokenSum}`)
    expect(found.budget.usedSeconds).toBeGreaterThan(0)

    await rm(join(played.folder, 'config.yaml'))
    const later = await repairView(service, 'told')
    expect(later.budget).toMatchObject({ rounds: undefined, usedRounds: 1 })
    await writeFile(join(played.folder, 'config.yaml'), 'project: 7\n')
    expect((await repairView(service, 'told')).budget.rounds).toBeUndefined()
    await expect(repairView(service, 'nowhere')).rejects.toMatchObject({ code: 'run_unknown' })
  })
})
