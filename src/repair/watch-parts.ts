import type { Forge } from '../domain/forge.ts'
import type { RepairPolicy } from '../domain/repair-config.ts'
import type { RepairEvent } from '../domain/repair.ts'
import type { Clock } from '../lib/clock.ts'

/** What watching a pipeline works with. */
export interface WatchParts {
  readonly forge: Forge
  readonly clock: Clock
  /** Numbers from 0 up to, not including, 1. */
  readonly random: () => number
  readonly polling: RepairPolicy['polling']
  /** Comes back when the host has something to tell. */
  readonly woken: (signal: AbortSignal) => Promise<void>
  readonly emit: (event: RepairEvent) => void
}
