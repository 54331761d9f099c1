import { setImmediate as othersTurn } from 'node:timers/promises'
import { isOver, standing } from '../app/standing.ts'
import type { RunEvent, RunStore, StoredRun } from '../domain/stored-run.ts'
import { after, monotonic } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'
import { endFrame, eventFrame, resetFrame } from './stream-frames.ts'
import type { Frame } from './stream-frames.ts'
import { eachSink } from './stream-sink.ts'
import type { Sink } from './stream-sink.ts'

/** Where a client goes on: behind an event, or with an id that is none. */
export type Resume = number | 'unknown'

interface Member {
  readonly sink: Sink
  /** Newest event that was sent. */
  seen: number
}

/** What streams of runs are made with. */
export interface RunStreamParts {
  readonly store: RunStore
  /** Milliseconds between two looks into the store. */
  readonly pollMs: number
  readonly onIdle: () => void
}

const pageSize = 200
/** Newest events kept at hand for clients that come back together. */
const keptFrames = 500
const keptBytes = 128 * 1024
/** Bytes of a replay that are handed over before the client has to have taken them. */
const replayBytes = 64 * 1024
/** A run that nobody works on may be taken up again in a moment. */
const abandonedMs = 3000
const troubleMs = 1000

/** Events of one run, read once for all who follow it. */
export class RunStream {
  readonly #id: string
  readonly #parts: RunStreamParts
  readonly #members = new Set<Member>()
  /** Newest event that was read for all; `undefined` until the first client has caught up. */
  #last: number | undefined
  /** The newest events, those behind `#keptFrom`. */
  #kept: Frame[] = []
  #keptFrom = 0
  #keptSize = 0
  #joining = 0
  #end: Buffer | undefined
  #abandonedAt: number | undefined
  #isWatching = false
  #pause: { readonly timer: Timer; readonly go: () => void } | undefined

  constructor(id: string, parts: RunStreamParts) {
    this.#id = id
    this.#parts = parts
  }

  members(): Iterable<Member> {
    return this.#members
  }

  get isIdle(): boolean {
    return this.#members.size === 0 && this.#joining === 0
  }

  /** Sends what has happened, then keeps the client for what happens. Comes back when it has caught up or gone. */
  async join(sink: Sink, resume: Resume): Promise<void> {
    this.#joining++
    try {
      await this.#catchUp(sink, await this.#begin(sink, resume))
    } catch {
      // The store is in trouble: the client comes back by itself.
      sink.drop()
    } finally {
      this.#joining--
      if (this.isIdle) this.#parts.onIdle()
    }
  }

  /** Something has happened: looks at once. */
  prompt(): void {
    this.#pause?.timer.cancel()
    this.#pause?.go()
  }

  /** Ends all connections; the clients go on elsewhere. */
  close(): void {
    for (const { sink } of this.#members) sink.end()
    this.#members.clear()
    this.prompt()
  }

  /** The event to send from; a number that does not exist begins anew. */
  async #begin(sink: Sink, resume: Resume): Promise<number> {
    if (resume === 0) return 0
    if (resume !== 'unknown') {
      const isAtHand = this.#last !== undefined && resume >= this.#keptFrom && resume <= this.#last
      if (isAtHand) return resume
      const [there] = await this.#parts.store.events(this.#id, resume - 1, 1)
      if (there?.seq === resume) return resume
    }
    sink.write(resetFrame)
    return 0
  }

  async #catchUp(sink: Sink, from: number): Promise<void> {
    let seen = from
    while (!sink.isGone() && !this.#admit(sink, seen)) {
      const page = await this.#parts.store.events(this.#id, seen, pageSize)
      const last = page.at(-1)
      if (last === undefined) {
        this.#start(seen)
        continue
      }
      await replay(sink, page)
      seen = last.seq
    }
  }

  /** There is nothing behind `seen` in the store: whoever reads for all begins there. */
  #start(seen: number): void {
    if (this.#last !== undefined && this.#last <= seen) return
    this.#last = seen
    this.#kept = []
    this.#keptSize = 0
    this.#keptFrom = seen
  }

  /** Takes a client among those who are live, if what it lacks is at hand. */
  #admit(sink: Sink, seen: number): boolean {
    if (this.#last === undefined || (seen < this.#last && seen < this.#keptFrom)) return false
    if (seen < this.#last) sink.write(this.#behind(seen))
    if (this.#end !== undefined) {
      sink.write(this.#end)
      sink.end()
      return true
    }
    const member = { sink, seen: Math.max(seen, this.#last) }
    this.#members.add(member)
    sink.onGone(() => {
      this.#members.delete(member)
      if (this.isIdle) this.#parts.onIdle()
    })
    void this.#watch()
    return true
  }

  #behind(seen: number): Buffer {
    return Buffer.concat(this.#kept.filter(({ seq }) => seq > seen).map(({ bytes }) => bytes))
  }

  async #watch(): Promise<void> {
    if (this.#isWatching) return
    this.#isWatching = true
    let waitMs = 0
    while (this.#members.size > 0) {
      await this.#wait(waitMs)
      waitMs = this.#parts.pollMs
      try {
        await this.#look()
      } catch {
        // Whoever is connected stays so; heartbeats go on, and the store is asked again.
        waitMs = troubleMs
      }
    }
    this.#isWatching = false
    // What is not watched gets out of date; the next client begins with the store.
    if (this.#end === undefined) this.#last = undefined
  }

  async #wait(ms: number): Promise<void> {
    if (ms === 0) return
    await new Promise<void>((go) => {
      this.#pause = { timer: after(ms, go), go }
    })
    this.#pause = undefined
  }

  async #look(): Promise<void> {
    const { store } = this.#parts
    // Read before the events, so that the last of them are not missed.
    const run = await store.find(this.#id)
    if (run === undefined) return this.#dropAll()
    for (;;) {
      const page = await store.events(this.#id, this.#last ?? 0, pageSize)
      if (page.length === 0) break
      await this.#tell(page)
      await othersTurn()
    }
    if (isOver(run) || this.#isAbandoned(run)) await this.#finish(run)
  }

  async #tell(events: readonly RunEvent[]): Promise<void> {
    const frames = events.map(eventFrame)
    const from = this.#last ?? 0
    this.#keep(frames)
    const all = Buffer.concat(frames.map(({ bytes }) => bytes))
    const last = frames.at(-1)?.seq ?? from
    await eachSink(this.#members, (member) => {
      if (member.seen >= last) return
      const rest = frames.filter(({ seq }) => seq > member.seen)
      member.sink.write(rest.length === frames.length ? all : Buffer.concat(rest.map(({ bytes }) => bytes)))
      member.seen = last
    })
  }

  #keep(frames: readonly Frame[]): void {
    for (const frame of frames) {
      this.#kept.push(frame)
      this.#keptSize += frame.bytes.length
      this.#last = frame.seq
    }
    let gone = 0
    while (this.#kept.length - gone > keptFrames || this.#keptSize > keptBytes) {
      this.#keptSize -= this.#kept[gone]?.bytes.length ?? this.#keptSize
      gone++
    }
    const dropped = this.#kept.splice(0, gone)
    this.#keptFrom = dropped.at(-1)?.seq ?? this.#keptFrom
  }

  #isAbandoned(run: StoredRun): boolean {
    if (standing(run) !== 'interrupted') {
      this.#abandonedAt = undefined
      return false
    }
    this.#abandonedAt ??= monotonic()
    return monotonic() - this.#abandonedAt >= abandonedMs
  }

  async #finish(run: StoredRun): Promise<void> {
    const end = endFrame(run, standing(run))
    // An interrupted run may go on: it is over for these clients only.
    if (isOver(run)) this.#end = end
    const members = [...this.#members]
    this.#members.clear()
    await eachSink(members, ({ sink }) => {
      sink.write(end)
      sink.end()
    })
    if (this.isIdle) this.#parts.onIdle()
  }

  /** The run was removed: who comes back hears that it is unknown. */
  #dropAll(): void {
    for (const { sink } of this.#members) sink.drop()
    this.#members.clear()
    this.#parts.onIdle()
  }
}

/** Sends a page of events no faster than they are taken. */
async function replay(sink: Sink, page: readonly RunEvent[]): Promise<void> {
  let waiting: Buffer[] = []
  let size = 0
  for (const [index, event] of page.entries()) {
    const { bytes } = eventFrame(event)
    waiting.push(bytes)
    size += bytes.length
    if (size < replayBytes && index < page.length - 1) continue
    sink.write(Buffer.concat(waiting))
    await sink.drained()
    await othersTurn()
    if (sink.isGone()) return
    waiting = []
    size = 0
  }
}
