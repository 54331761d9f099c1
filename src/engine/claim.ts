import { GreenloopError } from '../domain/errors.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import type { Timer } from '../lib/clock.ts'

/** What a claim is kept with. */
export interface ClaimParts {
  readonly store: Pick<RunStore, 'renew'>
  readonly clock: { after(ms: number, action: () => void): Timer }
  readonly leaseMs: number
}

/** Who is told what. Each is called at most once. */
export interface ClaimEvents {
  /** Somebody asked that the run ends. */
  readonly onCancel: (reason: string) => void
  /** Another process has taken the run over, or the store cannot be reached for longer than the lease. */
  readonly onLost: (error: GreenloopError) => void
}

/** A claim on a run that is kept alive until it is let go. */
export interface KeptClaim {
  release(): void
}

/** Renewals in the time of one lease; one that fails is tried again by the next. */
const renewalsPerLease = 4

/** Renews the lease on a run until released, and tells of wishes to end it. */
export function keepClaim(run: StoredRun, { store, clock, leaseMs }: ClaimParts, events: ClaimEvents): KeptClaim {
  let failures = 0
  let isOver = false
  let isCancelled = false
  let timer = clock.after(leaseMs / renewalsPerLease, tick)
  const lose = (error: GreenloopError): void => {
    isOver = true
    events.onLost(error)
  }
  const renew = async (): Promise<void> => {
    try {
      const { cancelRequested } = await store.renew(run.id, run.epoch, leaseMs)
      failures = 0
      if (cancelRequested === undefined || isCancelled || isOver) return
      isCancelled = true
      events.onCancel(cancelRequested)
    } catch (error) {
      if (isOver) return
      const known = error instanceof GreenloopError ? error : unreachable(error)
      if (known.code === 'lease_lost' || ++failures >= renewalsPerLease) lose(known)
    }
  }
  function tick(): void {
    void renewAndWait()
  }
  const renewAndWait = async (): Promise<void> => {
    await renew()
    if (!isOver) timer = clock.after(leaseMs / renewalsPerLease, tick)
  }
  return {
    release: () => {
      isOver = true
      timer.cancel()
    },
  }
}

function unreachable(cause: unknown): GreenloopError {
  return new GreenloopError('store_unavailable', `the claim on the run could not be renewed: ${String(cause)}`, {
    cause,
  })
}
