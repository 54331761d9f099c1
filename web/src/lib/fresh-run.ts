import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { after, every } from './clock.ts'
import { useRunEvents } from './events.ts'
import type { OperationId } from '../../../src/client/types.ts'

/** A run as far as it matters whether it goes on. */
interface FollowedRun {
  readonly status: string
  readonly lastEventSeq?: number | undefined
}

const soonMs = 1500
const lookMs = 5000
const over: readonly string[] = ['finished', 'failed', 'cancelled']

/**
 * Asks again a moment after something has happened in a run that goes on, and when it ends; and every few seconds until it is
 * over, for a run that was broken off may go on.
 */
export function useFreshRun(id: string, run: FollowedRun | undefined, operations: readonly OperationId[]): void {
  const client = useQueryClient()
  const soon = useRef<() => void>(undefined)
  useEffect(() => () => soon.current?.(), [])
  const refresh = (): void => {
    soon.current = undefined
    for (const operation of operations) void client.invalidateQueries({ queryKey: [operation] })
  }
  const isOver = run === undefined || over.includes(run.status)
  const again = useRef(refresh)
  useEffect(() => {
    again.current = refresh
  })
  useEffect(() => {
    if (!isOver) return every(lookMs, () => document.visibilityState === 'visible' && again.current())
  }, [id, isOver])
  useRunEvents(id, {
    after: run?.lastEventSeq ?? 0,
    enabled: !isOver && run.status !== 'interrupted',
    onEvent: () => {
      soon.current ??= after(soonMs, refresh)
    },
    onEnd: refresh,
  })
}
