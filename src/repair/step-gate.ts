import { endWith, move } from './repair-state.ts'
import type { RepairContext } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'
import type { Watched } from './watch.ts'

type Gate = Extract<Watched, { kind: 'gate' }>

/** What follows from a job that waits for a person. */
export async function afterGate(state: RepairState, gate: Gate, context: RepairContext): Promise<RepairState> {
  const { gates } = context.world.policy
  switch (gates.policy) {
    case 'report':
      return blocked(state, gate)
    case 'wait':
      await waitForPerson(context)
      return move(state, 'polling')
    case 'play': {
      const played = new Set(state.played)
      const names = [...new Set(gate.waiting.filter(({ status }) => status === 'manual').map(({ name }) => name))]
      const mayPlay = names.filter((name) => gates.play.includes(name) && !played.has(name))
      if (mayPlay.length === 0) return blocked(state, gate)
      return move(state, 'infra_retry', { toPlay: mayPlay, played: [...played, ...mayPlay] })
    }
  }
}

/** Waits the longest time between two looks, or until the host has something to tell. */
async function waitForPerson({ world, signal }: RepairContext): Promise<void> {
  const either = new AbortController()
  const stop = (): void => either.abort(signal.reason)
  signal.throwIfAborted()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await Promise.race([world.clock.sleep(world.policy.polling.longestMs, either.signal), world.woken(either.signal)])
  } finally {
    signal.removeEventListener('abort', stop)
    either.abort(new Error('one of two waits is over'))
  }
}

function blocked(state: RepairState, gate: Gate): RepairState {
  return endWith(state, {
    end: 'blocked_gate',
    reason: `a person has to decide: ${gate.waiting.map(({ name }) => name).join(', ') || 'a job'} waits`,
    advice: 'Start the job in the pipeline, then `greenloop repair resume ID`; or set `gates.policy`.',
    resumeAt: 'polling',
  })
}
