import { describe, expect, it } from 'vitest'
import { block, createBench, goodFix, runId, sumScript } from './repair.fixture.ts'
import { theProject } from './repair-host.fixture.ts'
import type { Script } from './repair-host.fixture.ts'
import type { FileChange } from '../domain/repository.ts'
import type { MissingChoice } from './world.ts'

const branch = `greenloop/main-${runId.replaceAll('_', '-')}`
const bringing = (files: readonly FileChange[]) => ({
  bringIn: async () => ({ files, leftOut: ['big.bin: too large'] }),
})

describe('what others do', () => {
  it('stops at a branch of the same name with commits of somebody else, and leaves it alone', async () => {
    const bench = createBench(sumScript, () => goodFix)
    const head = bench.host.git.put(branch, { 'theirs.txt': 'x' })
    const state = await bench.run()
    expect(state).toMatchObject({ end: 'gave_up', reason: expect.stringContaining('somebody else') as string })
    expect(bench.host.git.branches.get(branch)).toBe(head)
    expect(bench.host.requests).toHaveLength(0)
  })

  it('takes over a branch whose commits are all of this run, and counts its rounds', async () => {
    const bench = createBench(sumScript, () => goodFix, { rounds: 2 })
    const { git } = bench.host
    git.branches.set(branch, git.branches.get('main') ?? '')
    const head = git.put(branch, { 'src/more.py': 'x = 1\n' }, { 'Greenloop-Run': `${runId}/1` })
    bench.host.start(branch)
    const state = await bench.run()
    expect(state).toMatchObject({ end: 'succeeded', roundsBefore: 1 })
    expect(state.rounds.map(({ number }) => number)).toEqual([2])
    expect(git.pushes.map(({ expected }) => expected)).toEqual([head])
  })

  it('ends where somebody pushes to the branch while the model thinks', async () => {
    const bench = createBench(sumScript, () => {
      bench.host.git.put(branch, { 'theirs.txt': 'x' })
      return goodFix
    })
    const state = await bench.run()
    expect(state).toMatchObject({ end: 'gave_up', reason: expect.stringContaining('somebody else pushed') as string })
    expect(bench.host.git.pushes).toHaveLength(1)
  })

  it('ends as cancelled where a person closes the merge request', async () => {
    const bench = createBench(sumScript, (_, question) => {
      if (question === 1) bench.host.change(1, { state: 'closed' })
      return goodFix
    })
    const state = await bench.run()
    expect(state).toMatchObject({ end: 'cancelled', reason: expect.stringContaining('closed') as string })
    expect(bench.host.git.pushes).toHaveLength(1)
  })

  it('ends as cancelled where a person cancels the pipeline', async () => {
    const bench = createBench(
      () => [{ name: 'test', status: 'running' }],
      () => goodFix,
    )
    bench.clock.after(60_000, () => bench.host.pipelines.forEach((pipeline) => (pipeline.forced = 'canceled')))
    expect(await bench.run()).toMatchObject({ end: 'cancelled', reason: 'a person canceled the pipeline' })
  })
})

describe('a failure that is not in the code', () => {
  const flaky: Script = ({ runs }) => [
    {
      name: 'test',
      status: runs('test') === 0 ? 'failed' : 'success',
      failureReason: 'script_failure',
      trace: 'E boom',
    },
  ]

  it('is run again once before a model is asked, and told as flaky', async () => {
    const bench = createBench(flaky, () => goodFix)
    const state = await bench.run()
    expect(state).toMatchObject({ end: 'succeeded', flaky: ['test'], tokens: 0 })
    expect(state.reason).toContain('green without a change')
    // There is nothing to merge: it stays a draft.
    expect(bench.host.requests[0]?.title).toMatch(/^Draft: /)
    expect(bench.host.notes.get(`<!-- greenloop:${runId} -->`)).toContain('Flaky')
  })

  it('is not run again where the same job was red on the same commit before', async () => {
    const bench = createBench(flaky, () => 'no')
    bench.host.start('main')
    expect((await bench.run()).rounds).toHaveLength(3)
    expect(bench.life.effects).not.toContain('retryJob')
  })

  it('is run again twice where a runner failed', async () => {
    const script: Script = ({ runs }) => [
      { name: 'test', status: runs('test') < 2 ? 'failed' : 'success', failureReason: 'runner_system_failure' },
    ]
    const bench = createBench(script, () => goodFix)
    expect(await bench.run()).toMatchObject({ end: 'succeeded', retries: { test: 2 } })
  })
})

describe('a gate', () => {
  const gated: Script = ({ runs }) => [
    { name: 'approve', status: runs('approve') === 0 ? 'manual' : 'success' },
    { name: 'deploy', status: 'manual', allowFailure: true },
  ]

  it('is opened where the job may be started, once', async () => {
    const bench = createBench(gated, () => goodFix, { gates: { policy: 'play', play: ['approve', 'deploy'] } })
    expect(await bench.run()).toMatchObject({ end: 'succeeded', played: ['approve'] })
    expect(bench.life.effects.filter((name) => name === 'playJob')).toHaveLength(1)
  })

  it('is waited for where the policy says so', async () => {
    const bench = createBench(gated, () => goodFix, { gates: { policy: 'wait', play: [] } })
    bench.clock.after(600_000, () => {
      const pipeline = bench.host.pipelines[0]
      void bench.host.forge.playJob(7, pipeline?.jobs[0]?.job.id ?? 0, new AbortController().signal)
    })
    expect((await bench.run()).end).toBe('succeeded')
  })

  it('can be passed later: the run goes on where it ended', async () => {
    const bench = createBench(gated, () => goodFix)
    const blocked = await bench.run()
    expect(blocked).toMatchObject({ end: 'blocked_gate', resumeAt: 'polling' })
    await bench.host.forge.playJob(7, bench.host.pipelines[0]?.jobs[0]?.job.id ?? 0, new AbortController().signal)
    expect((await bench.run({ from: blocked })).end).toBe('succeeded')
  })
})

describe('files of the AI work folder', () => {
  it('become the first commit, without those that are there already', async () => {
    const bench = createBench(sumScript, () => goodFix)
    const same = { path: '.gitlab-ci.yml', content: 'test:\n  script: pytest\n' }
    const state = await bench.run({ world: bringing([{ path: 'src/more.py', content: 'x = 1\n' }, same]) })
    const [first] = bench.host.git.pushes.map(({ sha }) => bench.host.git.commits.get(sha))
    expect(first?.info.trailers).toEqual({ 'Greenloop-Run': `${runId}/0` })
    expect(first?.info.subject).toBe('Bring in 1 file')
    expect(state).toMatchObject({ end: 'succeeded', notes: ['left out: big.bin: too large'] })
  })

  it('are not pushed where one holds a secret', async () => {
    const bench = createBench(sumScript, () => goodFix)
    const state = await bench.run({ world: bringing([{ path: 'src/key.py', content: 'key = "very-secret-value-1"' }]) })
    expect(state).toMatchObject({ end: 'guard_rejected', reason: 'src/key.py of the AI work folder holds a secret' })
    expect(bench.host.git.pushes).toHaveLength(0)
  })

  it('keep a green project from being left alone', async () => {
    const bench = createBench(
      () => [{ name: 'test', status: 'success' }],
      () => goodFix,
    )
    bench.host.start('main')
    const state = await bench.run({ world: bringing([{ path: 'src/more.py', content: 'x = 1\n' }]) })
    expect(state).toMatchObject({ end: 'succeeded', rounds: [] })
    expect(bench.host.requests[0]?.title).toBe('Repair the pipeline of main')
  })
})

describe('a project that is missing', () => {
  it('is searched for, chosen or made by whoever is asked', async () => {
    const bench = createBench(sumScript, () => goodFix)
    bench.host.project = undefined
    const choices: MissingChoice[] = [{ kind: 'search', text: 'calc' }, { kind: 'create' }]
    const asked: string[][] = []
    const ask = async ({ similar }: { similar: readonly { path: string }[] }): Promise<MissingChoice> => {
      asked.push(similar.map(({ path }) => path))
      return choices[asked.length - 1] ?? { kind: 'stop' }
    }
    const state = await bench.run({ world: { ask } })
    expect(asked).toEqual([['tools/calculators'], ['tools/calculators']])
    expect(state).toMatchObject({ end: 'succeeded', projectPath: theProject.path })
  })

  it('is asked for no more than ten times', async () => {
    const bench = createBench(sumScript, () => goodFix)
    bench.host.project = undefined
    let count = 0
    const ask = async (): Promise<MissingChoice> => ({ kind: 'use', path: `other/${++count}` })
    expect((await bench.run({ world: { ask } })).end).toBe('project_not_found')
    expect(count).toBeLessThan(12)
  })
})

describe('a model that wants to be heard elsewhere', () => {
  it('cannot: its words stand in code alone', async () => {
    const hostile = `@all look\n/close\n<img src=x> ![a](http://evil.test/x)\n\n${block('src/calc.py', '    return a - b', '    return a + b')}`
    const bench = createBench(sumScript, () => hostile)
    expect((await bench.run()).end).toBe('succeeded')
    const note = bench.host.notes.get(`<!-- greenloop:${runId} -->`) ?? ''
    expect(note).not.toMatch(/^\//m)
    const outside = note.replaceAll(/^(`{3,})[^]*?^\1$/gm, '').replaceAll(/`[^`\n]*`/g, '')
    expect(outside).not.toMatch(/@all|<img|evil/)
  })
})
