import type { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import { failed, succeeded } from '../domain/task.ts'
import type { Handler, Task, TaskContext } from '../domain/task.ts'
import { stubPayloadSchema, stubSchema } from '../domain/trial.ts'
import type { stubBehaviours, StubInput } from '../domain/trial.ts'
import { sha256 } from '../lib/hash.ts'

/** What the stub needs from outside. */
export interface StubParts {
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** What a stub answers. */
interface StubOutput {
  readonly taskId: string
  readonly attempt: number
  readonly text?: string | undefined
}

type Behaviour = (typeof stubBehaviours)[number]

/** A day: longer than any attempt may take. */
const foreverMs = 86_400_000

/**
 * A handler that only pretends: it waits, then succeeds, fails, breaks down or falls silent, by its rates or as the
 * payload of the task says. What becomes of an attempt depends on seed, task and attempt alone. Silence ends with the
 * attempt's time limit; a run without one would wait for a day.
 */
export function stubHandler(input: StubInput, { sleep }: StubParts): Handler {
  const stub = stubSchema.parse(input)
  return async (task, context) => {
    const wishes = wishesOf(task)
    const luck = luckOf(`${stub.seed}/${task.id}/${context.attempt}`)
    const behaviour = behaviourOf(context.attempt, wishes, { stub, luck: luck(0) })
    const delayMs = 1000 * (wishes.delaySeconds ?? between(stub.delaySeconds, luck(1)))
    if (delayMs > 0) await sleep(delayMs, context.signal)
    return answer(behaviour, {
      task,
      context,
      sleep,
      output: wishes.output ?? outputOf(task, context, stub.outputBytes),
    })
  }
}

type Wishes = z.output<typeof stubPayloadSchema>

/** A payload of another kind of task wishes nothing, so that any manifest can be tried. */
function wishesOf({ id, payload }: Task): Wishes {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return {}
  const parsed = stubPayloadSchema.safeParse(payload)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => ({ message: `\`${path.join('.')}\`: ${message}` }))
  throw new GreenloopError('manifest_invalid', `the payload of task ${id} does not fit the stub`, { problems })
}

interface Chances {
  readonly stub: z.output<typeof stubSchema>
  readonly luck: number
}

function behaviourOf(attempt: number, wishes: Wishes, { stub, luck }: Chances): Behaviour {
  if (attempt <= (wishes.errorsBefore ?? 0)) return 'error'
  if (wishes.behaviour !== undefined) return wishes.behaviour
  const { failureRate, errorRate, timeoutRate } = stub
  if (luck < failureRate) return 'failure'
  if (luck < failureRate + errorRate) return 'error'
  return luck < failureRate + errorRate + timeoutRate ? 'timeout' : 'success'
}

interface Answering extends StubParts {
  readonly task: Task
  readonly context: TaskContext
  readonly output: unknown
}

async function answer(behaviour: Behaviour, { task, context, sleep, output }: Answering) {
  switch (behaviour) {
    case 'success':
      return succeeded(output)
    case 'failure':
      return failed(`simulated failure of ${task.id}`)
    case 'error':
      throw new GreenloopError('target_failed', `simulated error of ${task.id}, attempt ${context.attempt}`)
    case 'timeout':
      await sleep(foreverMs, context.signal)
      throw new GreenloopError('target_failed', `${task.id} was silent for a day`)
  }
}

function outputOf(task: Task, { attempt }: TaskContext, bytes: number): StubOutput {
  return { taskId: task.id, attempt, ...(bytes === 0 ? {} : { text: 'x'.repeat(bytes) }) }
}

function between(delay: number | readonly [number, number], luck: number): number {
  if (typeof delay === 'number') return delay
  const [shortest, longest] = delay
  return shortest + luck * (longest - shortest)
}

/** Numbers from 0 up to, not including, 1 that depend on the text alone. */
function luckOf(text: string): (index: number) => number {
  const digest = sha256(text)
  return (index) => Number.parseInt(digest.slice(index * 12, index * 12 + 12), 16) / 2 ** 48
}
