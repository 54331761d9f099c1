import { describe, expect, it } from 'vitest'
import type { CaseSpec } from '../domain/case.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Target, TargetCall, TargetReply } from '../domain/target.ts'
import type { TrialOutput } from '../domain/test-result.ts'
import { systemClock } from '../lib/clock.ts'
import { aCase } from './evaluate.fixture.ts'
import { manifestHead } from './report.fixture.ts'
import { trialHandler, userOf } from './trial.ts'
import type { TrialNote, TrialParts, TrialProgress } from './trial.ts'
import { createRefusals } from './trial-refusals.ts'

function reply(members: Partial<TargetReply> = {}): TargetReply {
  const common = { outputs: null, timing: { totalMs: 1 }, nodes: [], ids: {}, nodeRetries: 0, recovered: false }
  return { status: 'succeeded', text: 'hello', ...common, ...members }
}

const head = manifestHead('support-bot', 'a')
const gone = new GreenloopError('target_failed', 'the server is away')
const talk = aCase({ turns: ['a', 'b', 'c'].map((query) => ({ query, inputs: {}, files: [], checks: [] })) })

interface Stage {
  readonly target: Partial<Target> & Pick<Target, 'call'>
  readonly known?: TrialProgress
}

/** A trial whose target is a function; tells what happened in its order. */
function stage({ target, known }: Stage) {
  const happened: string[] = []
  const notes: (readonly [string, TrialNote])[] = []
  const calls: TargetCall[] = []
  const progress = new Map(known === undefined ? [] : [['t', known]])
  const whole: Target = {
    name: 'function',
    close: async () => {},
    ...target,
    call: (call, options) => {
      happened.push(`call ${call.query}`)
      calls.push(call)
      return target.call(call, options)
    },
  }
  const parts: TrialParts = {
    runId: 'r',
    heads: [head],
    clock: systemClock,
    refusals: createRefusals(),
    target: () => Promise.resolve(whole),
    evaluate: () => Promise.resolve({ scores: [], passed: true, usage: undefined } as never),
    note: (kind, data) => {
      happened.push(kind)
      notes.push([kind, data])
    },
    settled: async () => void happened.push('settled'),
    progress,
    keep: (output) => Promise.resolve(output),
  }
  const handler = trialHandler(parts)
  const attempt = async (spec: CaseSpec, number = 1): Promise<TrialOutput> => {
    const payload = { manifest: 0, repeat: 1, block: 1, case: spec }
    const context = { attempt: number, key: 'r/t', signal: new AbortController().signal }
    const made = await handler({ id: 't', payload }, context)
    return (made as { readonly output?: TrialOutput }).output ?? (made as TrialOutput)
  }
  return { happened, notes, calls, progress, attempt }
}

describe('a trial', () => {
  it('is on record before each of its calls is sent', async () => {
    const { happened, attempt } = stage({ target: { call: async () => reply() } })
    await attempt(talk)
    expect(happened).toEqual(['settled', 'call a', 'turn', 'settled', 'call b', 'turn', 'settled', 'call c'])
  })

  it('does not wait for that where a call may be sent twice', async () => {
    const { happened, attempt } = stage({ target: { call: async () => reply(), isRepeatable: true } })
    await attempt(aCase({ query: 'a' }))
    expect(happened).toEqual(['call a'])
  })

  it('goes on with a conversation where it stood, under the same user', async () => {
    let isAway = true
    const call = async ({ query }: TargetCall): Promise<TargetReply> => {
      if (query === 'b' && isAway) throw gone
      return reply({ ids: { conversationId: 'c1' } })
    }
    const { happened, calls, attempt } = stage({ target: { call } })
    await expect(attempt(talk)).rejects.toBe(gone)
    isAway = false
    await attempt(talk, 2)
    expect(happened.filter((each) => each.startsWith('call'))).toEqual(['call a', 'call b', 'call b', 'call c'])
    expect(new Set(calls.map(({ user }) => user))).toEqual(new Set([userOf('r', 't', 1)]))
    expect(calls.at(-1)).toMatchObject({ conversationId: 'c1', history: [{ query: 'a' }, { query: 'b' }] })
  })

  it('starts a conversation anew where a turn was begun and broke', async () => {
    let isAway = true
    const call: Target['call'] = async ({ query }, { onIds }) => {
      onIds?.({ messageId: 'm' })
      if (query === 'b' && isAway) throw gone
      return reply()
    }
    const { calls, attempt } = stage({ target: { call } })
    await expect(attempt(talk)).rejects.toBe(gone)
    isAway = false
    await attempt(talk, 2)
    expect(calls.map(({ query }) => query)).toEqual(['a', 'b', 'a', 'b', 'c'])
    expect(calls[2]?.user).toBe(userOf('r', 't', 2))
  })

  it('ends a conversation whose turn fails', async () => {
    const call = async () => reply({ status: 'app_failed' as const, error: { message: 'no' } })
    const { calls, attempt } = stage({ target: { call } })
    await attempt(talk)
    expect(calls).toHaveLength(1)
  })
})

describe('a trial whose process ended while a call was under way', () => {
  const begun = { ids: { runId: 'x' }, startedAt: 5 }
  const known = { user: 'gl-before', replies: [], begun }

  it('is looked up, not sent', async () => {
    const recover = async () => reply({ recovered: true })
    const { happened, notes, attempt } = stage({ target: { call: async () => reply(), recover }, known })
    expect((await attempt(aCase({ query: 'a' }), 2)).recovered).toBe(true)
    expect(happened).toEqual(['call'])
    // Whoever looks for it after this process knows where and since when.
    expect(notes).toEqual([['call', { task: 't', attempt: 2, user: 'gl-before', ...begun }]])
  })

  it('is sent under the same user where there is no trace of it', async () => {
    const { calls, attempt } = stage({ target: { call: async () => reply(), recover: async () => undefined }, known })
    await attempt(aCase({ query: 'a' }), 2)
    expect(calls.map(({ user }) => user)).toEqual(['gl-before'])
  })

  it('is looked up again where the server was away, and never sent in between', async () => {
    let times = 0
    const recover = async (): Promise<TargetReply> => {
      if (++times === 1) throw gone
      return reply({ recovered: true })
    }
    const { calls, progress, attempt } = stage({ target: { call: async () => reply(), recover }, known })
    await expect(attempt(aCase({ query: 'a' }), 2)).rejects.toBe(gone)
    expect(progress.get('t')).toEqual(known)
    await attempt(aCase({ query: 'a' }), 3)
    expect(calls).toEqual([])
    expect(progress.size).toBe(0)
  })
})
