import type { Answer, Prompt } from '../domain/ports.ts'
import type { RepairPolicy } from '../domain/repair-config.ts'
import type { RepairState } from '../domain/repair.ts'
import { createRedactor } from '../lib/redact.ts'
import { createVirtualClock } from '../lib/virtual-clock.ts'
import type { VirtualClock } from '../lib/virtual-clock.ts'
import { createHost } from './repair-host.fixture.ts'
import type { Script, ScriptedHost } from './repair-host.fixture.ts'
import { runRepair, startState } from './repair.ts'
import type { RepairWorld } from './world.ts'

export const runId = '20261121_120000_abcd'

/** How the scripted model answers the n-th question (from 1). */
export type Model = (prompt: Prompt, question: number) => string | Answer | Promise<string>

/** A run on scripted ports: the world, what it made, and its records. */
export interface Bench {
  readonly host: ScriptedHost
  readonly clock: VirtualClock
  readonly world: RepairWorld
  readonly records: RepairState[]
  readonly prompts: Prompt[]
  readonly saved: Map<string, string>
  /** What was done, and where the process dies. */
  readonly life: Life
  /** Goes from a state, or the start, to the end, while the clock runs. */
  readonly run: (options?: RunOptions) => Promise<RepairState>
}

interface RunOptions {
  readonly from?: RepairState
  readonly signal?: AbortSignal
  readonly world?: Partial<RepairWorld>
  readonly target?: { readonly ref?: string; readonly mergeRequest?: number }
}

export const defaultPolicy: RepairPolicy = {
  rounds: 3,
  totalTimeoutMs: 3_600_000,
  budget: { inputUsdPerMillion: 1, outputUsdPerMillion: 1 },
  gates: { policy: 'report', play: [] },
  guards: { maxFiles: 5, maxChangedLines: 200, maxNewFiles: 0, allow: [], deny: [] },
  validation: { sandbox: 'best_effort', commands: {}, timeoutMs: 60_000 },
  polling: { firstMs: 3000, longestMs: 30_000, appearMs: 20_000, pendingMs: 900_000 },
  setup: { create: false, visibility: 'private', protect: false },
}

/** The process is dead: nothing it does afterwards has an effect. */
export class Died extends Error {}

/** Effects of a process that may die. */
interface Life {
  /** Names of the effects that were done, in order. */
  readonly effects: string[]
  /** The process dies at this effect or record (from 1), before or after it happened. */
  dieAt: { readonly number: number; readonly when: 'before' | 'after' } | undefined
  readonly act: <T>(name: string, effect: () => T) => Promise<T>
  /** Forgets that the process died. */
  readonly revive: () => void
}

function createLife(): Life {
  let isDead = false
  let calls = 0
  const life: Life = {
    effects: [],
    dieAt: undefined,
    act: async (name, effect) => {
      const death = life.dieAt?.number === ++calls ? life.dieAt.when : undefined
      if (isDead || death === 'before') {
        isDead = true
        throw new Died(`before ${name}`)
      }
      const result = effect()
      life.effects.push(name)
      if (death !== 'after') return result
      isDead = true
      throw new Died(`after ${name}`)
    },
    revive: () => {
      isDead = false
      life.dieAt = undefined
    },
  }
  return life
}

const startFiles = {
  'src/calc.py': 'def add(a, b):\n    return a - b\n\n\ndef double(a):\n    return a * 2\n',
  'tests/test_calc.py': 'from src.calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n',
  '.gitlab-ci.yml': 'test:\n  script: pytest\n',
}

/** Three files and a pipeline on `main`, a host that runs `script`, a model that answers with `model`. */
export function createBench(script: Script, model: Model, policy: Partial<RepairPolicy> = {}): Bench {
  const clock = createVirtualClock(Date.UTC(2026, 10, 21, 12))
  const life = createLife()
  const kept = { records: [] as RepairState[], prompts: [] as Prompt[], saved: new Map<string, string>() }
  const host = createHost(life.act, script)
  host.git.put('main', startFiles)
  const world: RepairWorld = {
    runId,
    forge: host.forge,
    repository: async () => host.git,
    provider: {
      name: 'scripted',
      complete: async (prompt) => {
        const number = await life.act('ask', () => kept.prompts.push(prompt))
        const answer = await model(prompt, number)
        return typeof answer === 'string' ? answered(answer) : answer
      },
    },
    policy: { ...defaultPolicy, ...policy },
    clock,
    random: () => 0.5,
    redactor: createRedactor(['very-secret-value-1']),
    box: { missing: 'none is needed here' },
    record: (state) => life.act('record', () => void kept.records.push(structuredClone(state))),
    emit: () => undefined,
    save: async (name, text) => void kept.saved.set(name, text),
    woken: (signal) => clock.sleep(1e9, signal),
  }
  return { host, clock, life, world, ...kept, run: (options) => runOn(world, clock, options) }
}

async function runOn(world: RepairWorld, clock: VirtualClock, options: RunOptions = {}): Promise<RepairState> {
  const { from = startState('tools/calculator'), signal = new AbortController().signal, target = {} } = options
  const work = runRepair(from, { ...world, ...options.world }, { signal, target })
  const watch = { isOver: false }
  work.then(
    () => (watch.isOver = true),
    () => (watch.isOver = true),
  )
  while (!watch.isOver) await clock.run({ untilMs: clock.now() + 500 })
  return work
}

/** An answer that came to its end. */
export function answered(text: string, finish: Answer['finish'] = 'stop'): Answer {
  const usage = { inputTokens: 1000, outputTokens: 200, estimated: false }
  return { text, reasoning: '', finish, model: 'scripted', usage, durationMs: 1 }
}

/** A search/replace block. */
export function block(path: string, search: string, replace: string): string {
  return `${path}\n<<<<<<< SEARCH\n${search}\n=======\n${replace}\n>>>>>>> REPLACE\n`
}

export const goodFix = `The operator is wrong.\n\n${block('src/calc.py', '    return a - b', '    return a + b')}`

/** `test` fails until the sum is right. */
export const sumScript: Script = ({ tree }) => {
  const isRight = tree.get('src/calc.py')?.includes('return a + b') === true
  const test = { suite: 'test', classname: 'tests.test_calc', name: 'test_add', file: 'tests/test_calc.py' }
  const failure = `    def test_add():\n>       assert add(1, 2) == 3\nE       assert -1 == 3\n\ntests/test_calc.py:5: AssertionError\n`
  return isRight
    ? [{ name: 'test', status: 'success', tests: [{ ...test, status: 'success' }] }]
    : [
        {
          name: 'test',
          status: 'failed',
          failureReason: 'script_failure',
          trace: `$ pytest\n____ test_add ____\n${failure}ERROR: Job failed: exit code 1`,
          tests: [{ ...test, status: 'failed', output: failure }],
        },
      ]
}
