import type { Client as Connection } from 'pg'
import { after } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'
import { postgresFault } from './postgres-faults.ts'

/** What is listened to. */
export interface Channel {
  readonly url: string
  readonly name: string
  readonly onMessage: (text: string) => void
}

const shortestPauseMs = 100
const longestPauseMs = 10_000
const connectTimeoutMs = 10_000

/**
 * Listens to a channel on a connection of its own, and again after it breaks; what is said in between is missed, so
 * whoever listens must look for themselves now and then. Throws `store_unavailable` where the first connection fails.
 */
export async function listenTo(channel: Channel): Promise<{ close(): Promise<void> }> {
  const { Client } = await import('pg')
  let client: Connection | undefined
  let timer: Timer | undefined
  let isClosed = false
  let pauseMs = shortestPauseMs
  const again = (): void => {
    client = undefined
    if (isClosed) return
    timer = after(pauseMs, () => void connect().catch(again), { unref: true })
    pauseMs = Math.min(longestPauseMs, pauseMs * 2)
  }
  const connect = async (): Promise<void> => {
    const next = new Client({
      connectionString: channel.url,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
    })
    next.on('error', () => {})
    try {
      await next.connect()
      next.on('notification', ({ payload }) => channel.onMessage(payload ?? ''))
      await next.query(`listen ${channel.name}`)
    } catch (error) {
      await next.end().catch(() => {})
      throw error
    }
    if (isClosed) return next.end()
    client = next
    pauseMs = shortestPauseMs
    next.once('end', again)
  }
  try {
    await connect()
  } catch (error) {
    throw postgresFault(error, channel.url)
  }
  const close = async (): Promise<void> => {
    isClosed = true
    timer?.cancel()
    await client?.end()
  }
  return { close }
}
