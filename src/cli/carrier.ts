// The process that carries one run for a server: told what to do over its IPC channel, and done when the run is over.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import type { CarrierOrder, CarrierReport } from '../app/carry.ts'
import { GreenloopError } from '../domain/errors.ts'

enableCompileCache(join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'greenloop'))
const { carry, handInReported } = await import('../app/carry.ts')
const stop = new AbortController()
const where = { cwd: process.cwd(), env: process.env, signal: stop.signal }

/** A server that is gone hears nothing, and the run goes on. */
function report(said: CarrierReport): Promise<void> {
  return new Promise((done) => {
    if (!process.connected) done()
    else process.send?.(said, () => done())
  })
}

/** All is on record by now; what a library left open keeps nobody waiting. */
function leave(): void {
  process.exit(0)
}

async function obey(order: CarrierOrder): Promise<void> {
  switch (order.kind) {
    case 'hand-in': {
      const said = await handInReported(order.order, where)
      await report(said)
      if (said.kind === 'refused') leave()
      return
    }
    case 'go': {
      const said = await carry(order.id, order.storeAt, where)
      await report(said)
      leave()
      return
    }
    case 'cancel':
      stop.abort(new GreenloopError('cancelled', order.reason))
      return
    case 'leave':
      leave()
  }
}

process.on('message', (order) => void obey(order as CarrierOrder))
// Signals of a terminal are for the server; it says what is to be done.
process.on('SIGINT', () => {})
// A service manager asks all processes to end at once, and the server drains first. Without a server nobody else would end this one.
process.on('SIGTERM', () => {
  if (!process.connected) process.exit(143)
})
