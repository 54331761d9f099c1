import { GreenloopError } from '../domain/errors.ts'
import { after, every } from '../lib/clock.ts'
import type { ServiceContext } from '../app/service-context.ts'
import type { Call } from './handler.ts'
import { AllRunsStream } from './stream-all.ts'
import { heartbeatFrame, retryFrame } from './stream-frames.ts'
import { RunStream } from './stream-run.ts'
import type { Resume, RunStreamParts } from './stream-run.ts'
import { inSlices, openSink } from './stream-sink.ts'
import type { Sink } from './stream-sink.ts'

/** All streams of a server. */
export interface StreamHub {
  /** Streams the events of a run behind a number. Throws `run_unknown`, `rate_limited`. */
  follow(id: string, resume: Resume, call: Call): Promise<Response>
  /** Streams what becomes of all runs, behind the id that the client saw last. Throws `rate_limited`. */
  followAll(lastSeen: string | undefined, call: Call): Response
  /** Clients that are connected. */
  clients(): number
  /** Ends all streams; their clients come back to whoever serves next. */
  close(): void
}

/** What may be set of a hub; times in milliseconds. */
export interface StreamHubOptions {
  /** Between two looks at a run that is followed; 200 unless set. */
  readonly pollMs?: number | undefined
  /** Between two looks at all runs; 1,000 unless set. */
  readonly pollAllMs?: number | undefined
  /** 15,000 unless set. */
  readonly heartbeatMs?: number | undefined
  /** Clients at the same time; 20,000 unless set. */
  readonly maxClients?: number | undefined
}

/** Part of all clients that one caller may have: others always find a place. */
const largestShare = 0.75
/** A stream that nobody follows is forgotten after this. */
const lingerMs = 10_000

/** Makes the hub of a server. */
export function createStreamHub(
  { store, runs }: Pick<ServiceContext, 'store' | 'runs'>,
  { pollMs = 200, pollAllMs = 1000, heartbeatMs = 15_000, maxClients = 20_000 }: StreamHubOptions = {},
): StreamHub {
  const { streams, streamOf } = createStreams({ store, pollMs })
  const all = new AllRunsStream({ store, pollMs: pollAllMs })
  const connected = new Set<Connected>()
  const byCaller = createShares(Math.ceil(maxClients * largestShare))
  const open = (call: Call) => {
    if (connected.size >= maxClients) {
      throw new GreenloopError('rate_limited', `${connected.size} clients follow events, and no more are taken`)
    }
    const giveBack = byCaller.take(call.caller?.name ?? '')
    const { sink, response } = openSink(call)
    const client = { sink }
    connected.add(client)
    sink.onGone(() => {
      connected.delete(client)
      giveBack()
    })
    sink.write(retryFrame())
    return { sink, response }
  }
  const stopListening = runs.onChange((run) => {
    streams.get(run.id)?.prompt()
    all.changed(run)
  })
  const heartbeat = every(heartbeatMs, () => {
    // Whoever has something left to take needs no sign of life.
    void inSlices(connected, ({ sink }) => void (sink.backlog() > 0 || sink.write(heartbeatFrame)))
  })
  return {
    async follow(id, resume, call) {
      if (!streams.has(id) && (await store.find(id)) === undefined) {
        throw new GreenloopError('run_unknown', `there is no run \`${id}\``)
      }
      const { sink, response } = open(call)
      void streamOf(id).join(sink, resume)
      return response
    },
    followAll(lastSeen, call) {
      const { sink, response } = open(call)
      void all.join(sink, lastSeen)
      return response
    },
    clients: () => connected.size,
    close: () => {
      stopListening()
      heartbeat.cancel()
      all.close()
      for (const stream of streams.values()) stream.close()
      streams.clear()
      for (const { sink } of connected) sink.end()
    },
  }
}

/** Counts places by who has them; gives what gives one back. Throws `rate_limited` for more than `most` of one caller. */
function createShares(most: number): { take(caller: string): () => void } {
  const taken = new Map<string, number>()
  const add = (caller: string, count: number): void => {
    const left = (taken.get(caller) ?? 0) + count
    if (left > 0) taken.set(caller, left)
    else taken.delete(caller)
  }
  return {
    take: (caller) => {
      if ((taken.get(caller) ?? 0) >= most) {
        throw new GreenloopError(
          'rate_limited',
          `${most} clients of \`${caller}\` follow events, and no more are taken`,
        )
      }
      add(caller, 1)
      return () => add(caller, -1)
    },
  }
}

interface Connected {
  readonly sink: Sink
}

/** The streams of runs that are followed, or were a moment ago. */
function createStreams({ store, pollMs }: Omit<RunStreamParts, 'onIdle'>) {
  const streams = new Map<string, RunStream>()
  const streamOf = (id: string): RunStream => {
    const there = streams.get(id)
    if (there !== undefined) return there
    const forget = (): void => {
      if (stream.isIdle && streams.get(id) === stream) streams.delete(id)
    }
    const onIdle = (): void => void after(lingerMs, forget, { unref: true })
    const stream = new RunStream(id, { store, pollMs, onIdle })
    streams.set(id, stream)
    return stream
  }
  return { streams, streamOf }
}
