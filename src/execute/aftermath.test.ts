import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { conclude } from './aftermath.ts'
import type { Ending } from './aftermath.ts'
import { createLedger } from './ledger.ts'
import { createSession, hear } from './session.ts'
import type { Session } from './session.ts'
import { overdueAt } from './watch.ts'

const ids = ['a.py::t0', 'a.py::t1', 'a.py::t2', 'b.py::t3']

/** A session that has collected four tests, finished some and left some open. */
function sessionOf(finished: readonly string[], open: readonly string[], exitCode?: number): Session {
  let tick = 0
  const session = createSession({
    number: 1,
    ledger: createLedger(),
    onProgress: () => {},
    now: () => 0,
    tick: () => tick++,
    log: () => {},
  })
  const send = (event: object): void => hear(session, JSON.stringify(event))
  const tests = ids.map((id) => ({ id, name: id, file: id.split('::')[0], suite: [], tags: [], labels: {} }))
  send({ event: 'collected', tests })
  for (const id of [...finished, ...open]) send({ event: 'test_start', id, at: 0 })
  for (const id of finished) send({ event: 'test_finish', id, outcome: 'passed', durationMs: 1 })
  if (exitCode !== undefined) send({ event: 'session_end', exitCode })
  return session
}

const died: Ending = { exitCode: 0, signal: null, stopped: false }
const usual = { testTimeoutSeconds: 60, stopsAtFailure: false }

describe('the end of a process', () => {
  it('loses and doubles no test: each is finished, blamed, suspected or left for another process', () => {
    const anyOverdue = fc.constantFrom(
      undefined,
      { kind: 'idle' } as const,
      { kind: 'tests', ids: ['a.py::t1'] } as const,
    )
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('finished', 'open', 'waiting'), { minLength: 4, maxLength: 4 }),
        anyOverdue,
        (states, overdue) => {
          const those = (state: string): string[] => ids.filter((_, at) => states[at] === state)
          const session = sessionOf(those('finished'), those('open'))
          const { casualties, suspects, remainder } = conclude(session, { ending: { ...died, overdue }, ...usual })
          const all = [...those('finished'), ...casualties.map(({ id }) => id), ...suspects, ...remainder]
          expect(all.sort()).toEqual(ids.toSorted())
        },
      ),
    )
  })

  it('blames the only test that ran', () => {
    const { casualties, remainder } = conclude(sessionOf(['a.py::t0'], ['a.py::t1']), { ending: died, ...usual })
    expect(casualties).toMatchObject([{ id: 'a.py::t1', outcome: 'crashed' }])
    expect(remainder).toEqual(['a.py::t2', 'b.py::t3'])
  })

  it('names the signal, also where a sandbox reports it as an exit code', () => {
    const ending = { ...died, exitCode: 139 }
    const [casualty] = conclude(sessionOf([], ['a.py::t1']), { ending, ...usual }).casualties
    expect(casualty?.message).toContain('killed by signal 11')
  })

  it('only suspects several tests that ran together', () => {
    const { casualties, suspects } = conclude(sessionOf([], ['a.py::t0', 'a.py::t1']), { ending: died, ...usual })
    expect(casualties).toEqual([])
    expect(suspects).toEqual(['a.py::t0', 'a.py::t1'])
  })

  it('only suspects several tests that are silent for the same time', () => {
    const overdue = { kind: 'tests', ids: ['a.py::t0', 'a.py::t1'] } as const
    const session = sessionOf([], [...overdue.ids])
    expect(conclude(session, { ending: { ...died, overdue }, ...usual })).toMatchObject({
      casualties: [],
      suspects: overdue.ids,
    })
  })

  it('follows nothing up when the run was stopped', () => {
    const ending = { ...died, signal: 'SIGTERM', stopped: true }
    expect(conclude(sessionOf(['a.py::t0'], ['a.py::t1']), { ending, ...usual })).toMatchObject({
      casualties: [{ id: 'a.py::t1', outcome: 'cancelled' }],
      remainder: [],
      problems: [],
    })
  })

  it('has no problem with a whole session', () => {
    expect(conclude(sessionOf(ids, [], 0), { ending: died, ...usual })).toMatchObject({ remainder: [], problems: [] })
  })

  it.each([
    [{ ...died, exitCode: 1 }, 'exit_code'],
    [{ ...died, exitCode: null, signal: 'SIGSEGV' }, 'process_crashed'],
    [{ ...died, exitCode: null, signal: 'SIGKILL', overdue: { kind: 'exit' } as const }, 'note'],
  ])('finds what is wrong with the end of a whole session: %j', (ending, kind) => {
    expect(conclude(sessionOf(ids, [], 0), { ending, ...usual }).problems).toMatchObject([{ kind }])
  })
})

describe('silence', () => {
  const silence = { testMs: 100, idleMs: 300, exitMs: 50 }

  it('is allowed for a while, longer without a running test, and shorter after the end', () => {
    const running = sessionOf([], ['a.py::t0'])
    expect(overdueAt(running, silence, running.lastTick + 100)).toBeUndefined()
    expect(overdueAt(running, silence, running.lastTick + 101)).toEqual({ kind: 'tests', ids: ['a.py::t0'] })
    const idle = sessionOf(['a.py::t0'], [])
    expect(overdueAt(idle, silence, idle.lastTick + 300)).toBeUndefined()
    expect(overdueAt(idle, silence, idle.lastTick + 301)).toEqual({ kind: 'idle' })
    const over = sessionOf(ids, [], 0)
    expect(overdueAt(over, silence, over.lastTick + 51)).toEqual({ kind: 'exit' })
  })
})
