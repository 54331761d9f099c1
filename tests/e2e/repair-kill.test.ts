import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  labKey,
  leftOn,
  nthPhase,
  openKillBench,
  replyOf,
  settled,
  statesOf,
  sumFiles,
} from '../support/repair-kill.ts'
import type { KillBench, KillEnd } from '../support/repair-kill.ts'
import { openLab } from '../support/repair-lab.ts'
import type { RepairLab } from '../support/repair-lab.ts'

let lab: RepairLab
beforeAll(async () => {
  lab = await openLab({ sandbox: 'off', concurrentJobs: 8 })
})
afterAll(() => lab[Symbol.asyncDispose]())

const fix = { text: replyOf('-', '+') }
/** Jobs of our branch wait for longer than any test. */
const slowFiles = new Map([
  ...sumFiles,
  [
    '.gitlab-ci.yml',
    'unit:\n  script:\n    - if [ "$CI_COMMIT_BRANCH" != main ]; then sleep 600; fi; bash tests/check.sh\n',
  ],
])
const once = {
  requests: ['opened Repair'],
  branches: 1,
  notes: [1],
  pipelines: 2,
  commitsWithPipelines: 2,
  statuses: ['success', 'failed'],
  asked: 1,
}

/** Phases that change something, on the host or on record; a process of the run is killed in each. */
const deadly: ReadonlySet<string> = new Set([
  'pushing',
  'mr_open',
  'waiting_pipeline',
  'polling',
  'diagnosing',
  'applying',
  'finishing',
  'done',
])

/** Every process of the run is killed in the first phase that none before it was killed in. */
async function killInEveryPhase(
  bench: KillBench,
): Promise<{ readonly killed: readonly string[]; readonly last: KillEnd }> {
  const killed = new Set<string>()
  let run = bench.begin()
  for (let life = 0; life < 40; life++) {
    const at = await run.until(
      (event) => event.kind === 'state' && deadly.has(event.state.phase) && !killed.has(keyOf(event.state)),
    )
    if (at?.kind !== 'state') return { killed: [...killed], last: await run.ended }
    killed.add(keyOf(at.state))
    run.kill('SIGKILL')
    await run.ended
    run = bench.resume()
  }
  throw new Error(`no end after being killed in ${[...killed].join(', ')}`)
}

function keyOf({
  phase,
  rounds,
}: {
  readonly phase: string
  readonly rounds: readonly { readonly outcome: string }[]
}): string {
  return [phase, ...rounds.map(({ outcome }) => outcome)].join(' ')
}

describe('a repair whose process is killed', () => {
  it('reaches the same end with nothing made twice, killed in every phase', async () => {
    await using bench = await openKillBench(lab, { name: 'phases', replies: [fix] })
    const { killed, last } = await killInEveryPhase(bench)
    // The last process may find that the run is over.
    expect([0, 3]).toContain(last.code)
    const phases = new Set(killed.map((key) => key.split(' ')[0]))
    expect(phases).toEqual(deadly)
    const { asked, ...left } = await leftOn(lab, bench)
    expect({ ...left, asked: 1 }).toEqual(once)
    // The process is killed when it begins to ask, so that the answer may be lost on its way; never one that is on record.
    expect(asked).toBeLessThanOrEqual(2)
    expect((await bench.start(['repair', 'status', bench.runId, '--json']).ended).stdout).toContain('"end":"succeeded"')
    const inGit = await readdir(join(bench.folder, 'git'), { recursive: true })
    expect(inGit.filter((name) => name.endsWith('.lock'))).toEqual([])
  }, 120_000)

  it('is taken up by one of two processes, and the other is told', async () => {
    await using bench = await openKillBench(lab, { name: 'two', replies: [{ ...fix, delayMs: 1500 }] })
    const run = bench.begin()
    await run.until(nthPhase('collecting', 1))
    run.kill('SIGKILL')
    await run.ended
    const first = bench.resume()
    await first.until((event) => event.kind === 'state')
    const second = await bench.start(['runs', 'resume', bench.runId]).ended
    expect(second.stderr).toContain('another process works on the run')
    expect((await first.ended).code).toBe(0)
    expect(await leftOn(lab, bench)).toEqual(once)
  })

  it('leaves the branch alone that a person closed the merge request of', async () => {
    await using bench = await openKillBench(lab, { name: 'closed', replies: [fix] })
    const run = bench.begin()
    const at = await run.until(nthPhase('diagnosing', 1))
    run.kill('SIGKILL')
    await run.ended
    const iid = at?.kind === 'state' ? at.state.mergeRequest?.iid : undefined
    await fetch(`${lab.server.url}/api/v4/projects/${bench.projectId}/merge_requests/${String(iid)}`, {
      method: 'PUT',
      headers: { 'private-token': lab.token, 'content-type': 'application/json' },
      body: JSON.stringify({ state_event: 'close' }),
    })
    const again = bench.resume()
    expect((await again.ended).code).toBe(130)
    expect(statesOf(again).at(-1)).toMatchObject({ end: 'cancelled', reason: expect.stringContaining('was closed') })
    expect(await leftOn(lab, bench)).toMatchObject({ pipelines: 1, asked: 0 })
  })
})

describe('a repair that is stopped', () => {
  it.each([
    ['by Ctrl-C', async (_: KillBench, kill: () => void) => kill()],
    ['from elsewhere', async (bench: KillBench) => void (await bench.start(['runs', 'cancel', bench.runId]).ended)],
  ])('ends cancelled, and its pipeline with it: %s', async (how, stop) => {
    await using bench = await openKillBench(lab, {
      name: how === 'by Ctrl-C' ? 'interrupted' : 'cancelled',
      replies: [fix],
      files: slowFiles,
    })
    const run = bench.begin()
    await run.until((event) => event.kind === 'pipeline' && event.status === 'running')
    await stop(bench, () => run.kill('SIGINT'))
    expect((await run.ended).code).toBe(130)
    const states = statesOf(run)
    expect(states.at(-1)).toMatchObject({ phase: 'done', end: 'cancelled' })
    // Each state is told once.
    expect(states.map(({ phase }) => phase)).toEqual([...new Set(states.map(({ phase }) => phase))])
    await settled(lab, bench.projectId)
    expect(await leftOn(lab, bench)).toMatchObject({ requests: ['opened Draft:'], statuses: ['canceled'], notes: [1] })
  })

  it('ends out of time while the model is silent', async () => {
    const config = 'retry_config: { retry_interval_time: 0.1, total_timeout: 5 }'
    await using bench = await openKillBench(lab, { name: 'late', replies: [{ hang: true }], config, repeat: true })
    const run = bench.begin()
    expect((await run.ended).code).toBe(6)
    expect(statesOf(run).at(-1)).toMatchObject({ end: 'timed_out' })
  })
})

describe('a model that is down', () => {
  it('ends the command with an advice; the run goes on when it is back, and no secret shows, however it came in', async () => {
    const encoded = Buffer.from(lab.token).toString('base64')
    const check = `echo "leak $(echo ${encoded} | base64 -d) ${encoded}"; ${sumFiles.get('tests/check.sh') ?? ''}`
    const leaky = {
      text: `${labKey} ${lab.token} ${replyOf('-', '+').replace('$1 + $2', `$1 + $2 + 0 * ${lab.token}`)}`,
    }
    await using bench = await openKillBench(lab, {
      name: 'down',
      replies: [{ status: 500, text: `sent ${lab.token}`, times: 3 }, leaky, fix],
      files: new Map([...sumFiles, ['tests/check.sh', check]]),
    })
    const run = bench.begin()
    const first = await run.ended
    expect(first.code).toBe(3)
    const advice: unknown = expect.stringContaining('repair resume')
    expect(statesOf(run).at(-1)).toMatchObject({ end: 'llm_unavailable', advice })
    const again = bench.resume()
    const second = await again.ended
    expect(second.code).toBe(0)
    expect(statesOf(again).at(-1)?.rounds).toMatchObject([
      { outcome: 'rejected', findings: [{ code: 'secret' }] },
      { outcome: 'green' },
    ])
    expect(await leftOn(lab, bench)).toEqual({ ...once, asked: 5 })
    const secrets = [lab.token, labKey, encoded, Buffer.from(`oauth2:${lab.token}`).toString('base64')]
    expect(await placesWith(bench, [first, second], secrets)).toEqual([])
    for (const secret of secrets) expect(JSON.stringify(bench.model.requests)).not.toContain(secret)
  })
})

/** Files of the bench, outputs and texts of the host that hold one of the secrets. */
async function placesWith(bench: KillBench, ends: readonly KillEnd[], secrets: readonly string[]): Promise<string[]> {
  const at = `/api/v4/projects/${bench.projectId}/merge_requests`
  const told = JSON.stringify([await lab.api(at), await lab.api(`${at}/1/notes`)])
  const texts = new Map([
    ['merge request', told],
    ...ends.flatMap(
      ({ stdout, stderr }) =>
        [
          ['stdout', stdout],
          ['stderr', stderr],
        ] as const,
    ),
  ])
  const entries = await readdir(bench.folder, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((each) => each.isFile() && each.name !== 'replies.json')) {
    const path = join(entry.parentPath, entry.name)
    texts.set(path, await readFile(path, 'latin1'))
  }
  return [...texts].flatMap(([place, text]) => (secrets.some((secret) => text.includes(secret)) ? [place] : []))
}
