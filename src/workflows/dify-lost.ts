import type { TargetCall } from '../domain/target.ts'
import type { DifyKind } from './dify-app.ts'
import type { Collector } from './dify-collect.ts'
import { numberOf } from './dify-fields.ts'
import type { Fields } from './dify-fields.ts'

/** A call whose end nobody saw, with what its stream told. */
export interface Lost {
  readonly kind: DifyKind
  readonly call: TargetCall
  /** Epoch milliseconds at which it was begun. */
  readonly startedAt: number
  /** Monotonic milliseconds that times count from. */
  readonly sentAt: number
  readonly collector: Collector
  /** Whether a run or message was the end of another call already. */
  readonly isSettled: (id: string) => boolean
}

/** How far clocks of two machines may be apart, in milliseconds. */
export const skewMs = 3_600_000

/** Something that the server lists, with its id. */
interface Listed {
  readonly id: string
  readonly entry: Fields
}

/**
 * Which of what the server lists for the user of a call was made by the call, the newest where there are several; the
 * list begins with the oldest. Turns before it are counted off, since clocks of two machines are no measure.
 */
export function ownOf(listed: readonly Listed[], { call, startedAt, isSettled }: Lost): Listed | undefined {
  const seconds = ({ entry }: Listed): number | undefined => numberOf(entry['created_at'])
  return listed
    .toSorted((one, other) => (seconds(one) ?? 0) - (seconds(other) ?? 0))
    .slice(call.history.length)
    .filter((each) => !isSettled(each.id) && (seconds(each) ?? Infinity) * 1000 >= startedAt - skewMs)
    .at(-1)
}
