import type { Attempt } from './attempt.ts'

/** Whoever is told how a promise has settled; `attempt` may be over already. */
export interface SlotEvents<P> {
  readonly onValue: (attempt: Attempt<P>, value: unknown) => void
  readonly onError: (attempt: Attempt<P>, error: unknown) => void
}

/** A pair of callbacks that is used again, because making a pair for each attempt shows in the time of a short one. */
interface Slot<P> {
  attempt: Attempt<P> | undefined
  readonly onValue: (value: unknown) => void
  readonly onError: (error: unknown) => void
}

/** Watches promises of attempts. A slot whose promise never settles is left behind with it. */
export class Slots<P> {
  readonly #events: SlotEvents<P>
  readonly #free: Slot<P>[] = []

  constructor(events: SlotEvents<P>) {
    this.#events = events
  }

  watch(attempt: Attempt<P>, value: PromiseLike<unknown>): void {
    const slot = this.#free.pop() ?? this.#make()
    slot.attempt = attempt
    // A `then` of somebody else's may call back twice, that of the language does not.
    const promise = value instanceof Promise ? value : Promise.resolve(value)
    void Promise.prototype.then.call(promise, slot.onValue, slot.onError)
  }

  #make(): Slot<P> {
    const slot: Slot<P> = {
      attempt: undefined,
      onValue: (value) => this.#events.onValue(this.#release(slot), value),
      onError: (error) => this.#events.onError(this.#release(slot), error),
    }
    return slot
  }

  #release(slot: Slot<P>): Attempt<P> {
    const attempt = slot.attempt as Attempt<P>
    slot.attempt = undefined
    this.#free.push(slot)
    return attempt
  }
}
