import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Runner, RunnerInfo, RunnerJob, Selection, TestEvent } from '../../src/domain/ports.ts'
import type { CollectedTest, Outcome } from '../../src/domain/run.ts'
import type { Framework } from '../../src/domain/suite.ts'
import { startProcess } from '../../src/lib/process.ts'
import { runners } from '../../src/runners/runner-table.ts'

/** A plain environment: that of this test run would tell the frameworks that they run inside vitest. */
const env = Object.fromEntries(
  ['PATH', 'HOME', 'LANG', 'TMPDIR'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
)
const never = new AbortController().signal

interface Told {
  readonly events: readonly TestEvent[]
  readonly collected: readonly CollectedTest[]
  readonly exitCode: number | null
  finish(id: string): Extract<TestEvent, { event: 'test_finish' }>
  /** Outcomes of all attempts at a test, in order. */
  outcomes(id: string): Outcome[]
  of<K extends TestEvent['event']>(kind: K): Extract<TestEvent, { event: K }>[]
}

/** A framework in a copy of its fixture project. */
interface Bench {
  readonly runner: Runner
  readonly info: RunnerInfo
  readonly cwd: string
  run(select: Selection, more?: Partial<RunnerJob>, stop?: (event: TestEvent) => boolean): Promise<Told>
  close(): Promise<void>
}

async function openBench(framework: Framework): Promise<Bench> {
  const runner = runners[framework]()
  const folder = await mkdtemp(join(tmpdir(), `greenloop-${framework}-`))
  const cwd = join(folder, 'project')
  await cp(join(import.meta.dirname, '..', 'fixtures', framework), cwd, { recursive: true })
  const info = await runner.probe({ cwd, env }, never)
  const run: Bench['run'] = async (select, more = {}, stop = () => false) => {
    const scratchDir = await mkdtemp(join(folder, 'scratch-'))
    const basis = { cwd, scratchDir, select, collectOnly: false, args: [], env, testTimeoutMs: 1500, workers: 1 }
    const { command } = await runner.launch({ ...basis, benchmark: false, ...more }, info)
    const events: TestEvent[] = []
    const process = startProcess(command, {
      outputCapBytes: 65_536,
      signal: never,
      timeoutMs: 50_000,
      onChannelLine: (line) => {
        const event = JSON.parse(line) as TestEvent
        events.push(event)
        if (stop(event)) process.kill()
      },
    })
    return told(events, (await process.ended).exitCode)
  }
  return { runner, info, cwd, run, close: () => rm(folder, { recursive: true, force: true }) }
}

function told(events: readonly TestEvent[], exitCode: number | null): Told {
  const of: Told['of'] = (kind) => events.filter((event) => event.event === kind) as never
  const finishes = (id: string) => of('test_finish').filter((event) => event.id === id)
  return {
    events,
    exitCode,
    of,
    collected: of('collected').flatMap((event) => event.tests),
    outcomes: (id) => finishes(id).map((event) => event.outcome),
    finish: (id) => {
      const last = finishes(id).at(-1)
      if (last === undefined) throw new Error(`${id} never ended; ended: ${of('test_finish').map((event) => event.id)}`)
      return last
    },
  }
}

const paths = (...names: string[]): Selection => ({ kind: 'paths', paths: names })

/** What the fixture projects have in common, by the id that each framework gives it. */
const names = {
  pytest: {
    sample: 'test_sample.py',
    exit: 'test_exit.py',
    broken: 'test_broken.py',
    empty: 'test_empty.py',
    id: (...parts: string[]) => ['test_sample.py', ...parts].join('::'),
    passes: 'test_passes',
    fails: 'test_fails',
    skipped: 'test_skipped',
    setup: ['test_setup_breaks'],
    slow: 'test_slow',
    prints: 'test_prints',
    nested: ['TestOuter', 'TestInner', 'test_nested'],
    rows: ['test_row[1]', 'test_row[2]'],
    unicode: 'test_größe_漢字',
  },
  vitest: scripted('exit.test.ts'),
  node: scripted('exit.test.ts'),
}

function scripted(exit: string) {
  return {
    sample: 'sample.test.ts',
    exit,
    broken: 'broken.test.ts',
    empty: 'empty.test.ts',
    id: (...parts: string[]) => ['sample.test.ts', ...parts].join(' > '),
    passes: 'passes',
    fails: 'fails',
    skipped: 'skipped',
    setup: ['broken', 'setup breaks'],
    slow: 'slow',
    prints: 'prints',
    nested: ['outer', 'inner', 'nested'],
    rows: ['row 1', 'row 2'],
    unicode: 'größe 漢字 (a+b)*',
  }
}

const frameworks = ['pytest', 'vitest', 'node'] as const
const found = new Map<Framework, Bench>()
for (const framework of frameworks) {
  const bench = await openBench(framework).catch((error: unknown) => {
    console.warn(`skipped: ${framework} is not here: ${String(error)}`)
    return undefined
  })
  if (bench !== undefined) found.set(framework, bench)
}
afterAll(async () => {
  for (const bench of found.values()) await bench.close()
})

function benchOf(framework: Framework): Bench {
  const bench = found.get(framework)
  if (bench === undefined) throw new Error(`${framework} is not here`)
  return bench
}

describe.each(frameworks.filter((framework) => found.has(framework)))('%s', (framework) => {
  const bench = benchOf(framework)
  const its = names[framework]
  let sample: Told

  beforeAll(async () => {
    sample = await bench.run(paths(its.sample))
  })

  it('says what was found where', () => {
    expect(bench.info).toMatchObject({ framework, executable: expect.stringMatching(/^\//) })
    expect(bench.info.version).toMatch(/^\d+\.\d+/)
    expect(bench.info.readOnlyPaths.length).toBeGreaterThan(0)
  })

  it('begins with the session and ends with the exit code of the process', () => {
    expect(sample.events[0]).toMatchObject({ event: 'session_start', version: bench.info.version })
    expect(sample.events.at(-1)).toEqual({ event: 'session_end', exitCode: sample.exitCode })
    expect(sample.exitCode).toBe(1)
  })

  it('collects each test once, with its file, line and suite', () => {
    const ids = sample.collected.map((test) => test.id)
    expect(new Set(ids).size).toBe(ids.length)
    const nested = sample.collected.find((test) => test.id === its.id(...its.nested))
    expect(nested).toMatchObject({ file: its.sample, line: expect.any(Number), suite: its.nested.slice(0, -1) })
  })

  it('gives every collected test a beginning and then an end', () => {
    for (const { id } of sample.collected) {
      const begins = sample.events.findIndex((event) => event.event === 'test_start' && event.id === id)
      const ends = sample.events.findIndex((event) => event.event === 'test_finish' && event.id === id)
      expect(begins, id).toBeGreaterThan(0)
      expect(ends, id).toBeGreaterThan(begins)
    }
  })

  it('tells passed, failed, skipped, broken set-up and too slow apart', () => {
    const outcome = (...parts: string[]) => sample.finish(its.id(...parts)).outcome
    expect(outcome(its.passes)).toBe('passed')
    expect(outcome(its.fails)).toBe('failed')
    expect(outcome(its.skipped)).toBe('skipped')
    expect(outcome(...its.setup)).toBe('errored')
    expect(outcome(its.slow)).toBe('timed_out')
    expect(outcome(...its.nested)).toBe('passed')
    expect(its.rows.map((row) => outcome(row))).toEqual(['passed', 'failed'])
    expect(outcome(its.unicode)).toBe('passed')
  })

  it('says what a failing assertion expected and got, and where', () => {
    const { failure } = sample.finish(its.id(its.fails))
    expect(failure).toMatchObject({ phase: 'call', type: 'AssertionError', file: its.sample, expected: '3' })
    expect(failure?.line).toBeGreaterThan(1)
    expect(failure?.trace).toContain(its.sample)
  })

  it('names the reason of a broken set-up', () => {
    expect(sample.finish(its.id(...its.setup)).failure).toMatchObject({ phase: 'setup', message: 'no database' })
  })

  it('keeps the output of a test with the test', () => {
    const { stdout, stderr } = sample.finish(its.id(its.prints))
    expect(stdout).toContain('to the output')
    expect(stderr).toContain('to the errors')
    expect(sample.finish(its.id(its.passes)).stdout ?? '').toBe('')
  })

  it('runs exactly the tests that were named, and lets only these decide the exit code', async () => {
    const ids = [its.id(its.passes), its.id(...its.nested), its.id(its.unicode), its.id(its.rows[0] ?? '')]
    const result = await bench.run({ kind: 'ids', ids })
    expect(result.collected.map((test) => test.id).sort()).toEqual([...ids].sort())
    expect(ids.map((id) => result.outcomes(id))).toEqual(ids.map(() => ['passed']))
    expect(result.exitCode).toBe(0)
  })

  it('only collects when no more is wanted', async () => {
    const result = await bench.run(paths(its.sample), { collectOnly: true })
    expect(result.of('test_start')).toEqual([])
    const ids = result.collected.map((test) => test.id)
    const outer = sample.collected.map((test) => test.id).filter((id) => !id.endsWith('> inside'))
    expect(ids.sort()).toEqual(outer.sort())
    expect(result.exitCode).toBe(0)
  })

  it('reports a file that cannot be loaded, and runs the others', async () => {
    const result = await bench.run({ kind: 'paths', paths: [its.broken, its.exit] }, { args: [] })
    const errors = result.of('collect_error')
    expect(errors.map((event) => event.file)).toEqual([its.broken])
    expect(errors[0]?.failure).toMatchObject({ phase: 'collection', type: expect.stringMatching(/Error$/), line: 1 })
    expect(result.of('test_start').length).toBeGreaterThan(0)
  })

  it('finds nothing in an empty file', async () => {
    const result = await bench.run(paths(its.empty))
    expect(result.collected).toEqual([])
    expect(result.of('session_end')).toHaveLength(1)
  })

  it('never shows a test as passed that ended its own process', async () => {
    const result = await bench.run(paths(its.exit))
    const last = result.of('test_start').at(-1)?.id ?? ''
    expect(last).toMatch(/ends.the.process$/)
    expect(result.outcomes(last).filter((outcome) => outcome !== 'crashed')).toEqual([])
    expect(result.outcomes(last).length === 1 || result.of('session_end').length === 0).toBe(true)
  })

  it('divides the tests among shards without loss or overlap', async () => {
    const parts: string[] = []
    for (const index of [0, 1]) {
      const shard = { index, of: 2 }
      const select: Selection = { kind: 'paths', paths: [its.sample, its.exit], shard }
      parts.push(...(await bench.run(select, { collectOnly: true })).collected.map((test) => test.id))
    }
    const whole = await bench.run(paths(its.sample, its.exit), { collectOnly: true })
    expect(parts.sort()).toEqual(whole.collected.map((test) => test.id).sort())
  })

  it('runs its tests on several workers', async () => {
    const result = await bench.run(paths(its.sample), { workers: 2 })
    expect(result.collected.map((test) => test.id).sort()).toEqual(sample.collected.map((test) => test.id).sort())
    for (const { id } of sample.collected) expect(result.outcomes(id), id).toEqual(sample.outcomes(id))
  })
})

describe.each(['vitest', 'node'] as const)('%s beyond the common', (framework) => {
  const bench = benchOf(framework)

  it('names a test that never gives control back while it runs', async () => {
    const hangs = (event: TestEvent) => event.event === 'test_start' && event.id.includes('never gives')
    const result = await bench.run(paths('hang.test.ts'), {}, hangs)
    expect(result.outcomes('hang.test.ts > before').at(0) ?? 'passed').toBe('passed')
    expect(result.of('test_start').at(-1)?.id).toBe('hang.test.ts > never gives back control')
  })

  it('keeps two tests of the same name apart', async () => {
    const ids = ['sample.test.ts > twins > same #2']
    const result = await bench.run({ kind: 'ids', ids })
    expect(result.collected.map((test) => test.id)).toEqual(ids)
    expect(result.finish(ids[0] ?? '').failure).toMatchObject({ type: 'TypeError', message: 'the second' })
  })
})

describe('vitest beyond the common', () => {
  it('reports the attempts that vitest made itself', async () => {
    const id = 'sample.test.ts > tried again'
    const result = await benchOf('vitest').run({ kind: 'ids', ids: [id] })
    expect(result.outcomes(id)).toEqual(['failed', 'passed'])
  })
})

describe('node beyond the common', () => {
  it.each(['collect', 'run'])('loses no event of a name with a line separator: %s', async (what) => {
    const result = await benchOf('node').run(paths('separator.test.ts'), { collectOnly: what === 'collect' })
    expect(result.collected.map((test) => test.name)).toEqual(['a name with \u2028 in it'])
  })

  it('runs a test inside a test on its own', async () => {
    const id = 'sample.test.ts > with a test inside > inside'
    const result = await benchOf('node').run({ kind: 'ids', ids: [id] })
    expect(result.outcomes(id)).toEqual(['passed'])
  })

  it('measures the lines of the project', async () => {
    const result = await benchOf('node').run(paths('sample.test.ts'), { coverage: { sources: ['.'], branches: true } })
    expect(result.of('coverage')).toHaveLength(1)
  })
})

describe.skipIf(!found.has('pytest'))('pytest beyond the common', () => {
  const bench = found.get('pytest') as Bench
  const id = (name: string) => `test_sample.py::${name}`

  it('reads case, tags and labels from the marks', async () => {
    const { collected } = await bench.run(paths('test_sample.py'), { collectOnly: true })
    expect(collected.find((test) => test.id === id('test_passes'))).toMatchObject({
      caseId: 'CASE-1',
      tags: ['smoke'],
      labels: { feature: 'Checkout' },
    })
  })

  it('tells a broken teardown and a known defect apart from a failure', async () => {
    const select: Selection = { kind: 'ids', ids: [id('test_teardown_breaks'), id('test_known_defect')] }
    const result = await bench.run(select)
    expect(result.finish(id('test_teardown_breaks'))).toMatchObject({
      outcome: 'errored',
      failure: { phase: 'teardown' },
    })
    expect(result.finish(id('test_known_defect'))).toMatchObject({
      outcome: 'skipped',
      skipReason: 'expected failure: known defect',
    })
  })

  it('counts what the arguments of the user leave out, once', async () => {
    const args = ['-k', 'test_passes']
    const counts: number[] = []
    for (const index of [0, 1]) {
      const result = await bench.run({ kind: 'paths', paths: ['.'], shard: { index, of: 2 } }, { args })
      counts.push(...result.of('deselected').map((event) => event.count))
    }
    expect(counts).toEqual([16])
  })

  it.skipIf(bench?.info.plugins['coverage'] === undefined)('measures lines and branches, also on workers', async () => {
    for (const workers of [1, 2]) {
      const coverage = { sources: ['.'], branches: true }
      const result = await bench.run(
        { kind: 'ids', ids: [id('test_passes'), id('test_prints')] },
        { coverage, workers },
      )
      const sample = result.of('coverage')[0]?.files.find((file) => file.file === 'test_sample.py')
      expect(Object.values(sample?.lines ?? {})).toContain(1)
    }
  })

  it.skipIf(bench?.info.plugins['xdist'] === undefined)('names the test with which a worker died', async () => {
    const result = await bench.run(paths('test_exit.py'), { workers: 2 })
    expect(result.outcomes('test_exit.py::test_ends_the_process')).toEqual(['crashed'])
  })

  it('takes the python behind a pytest script, and nothing else, when that is named', async () => {
    const script = join(dirname(bench.info.executable), 'pytest')
    const info = await bench.runner.probe({ cwd: bench.cwd, executable: script, env }, never)
    expect(dirname(info.executable)).toBe(dirname(bench.info.executable))
  })

  it.skipIf(bench?.info.plugins['xdist'] === undefined)(
    'runs one test after the other although the project asks for workers',
    async () => {
      await writeFile(join(bench.cwd, 'pytest.ini'), '[pytest]\naddopts = -n 2 --dist loadfile -q\n')
      const result = await bench.run(paths('test_exit.py'))
      await rm(join(bench.cwd, 'pytest.ini'))
      expect(result.of('test_start').map((event) => event.id.split('::')[1])).toEqual([
        'test_before',
        'test_ends_the_process',
      ])
    },
  )

  it('goes on telling when a test closes every descriptor in sight', async () => {
    const result = await bench.run(paths('test_descriptors.py'))
    expect(result.of('test_finish').map((event) => event.id)).toEqual([
      'test_descriptors.py::test_closes_descriptors',
      'test_descriptors.py::test_after',
    ])
    expect(result.of('session_end')).toHaveLength(1)
  })

  it('leaves nothing behind in the project', async () => {
    const files = (await readdir(bench.cwd)).filter((name) => name !== '__pycache__')
    expect(files.sort()).toEqual([
      'test_broken.py',
      'test_descriptors.py',
      'test_empty.py',
      'test_exit.py',
      'test_sample.py',
    ])
  })
})

describe('a framework that is not there', () => {
  it.each(frameworks)('says for %s what was tried', async (framework) => {
    const place = { cwd: tmpdir(), executable: '/no/such/program', env }
    await expect(runners[framework]().probe(place, never)).rejects.toMatchObject({ code: 'framework_missing' })
  })
})
