import type { ServerResponse } from 'node:http'
import type { Fault } from './dev-faults.ts'
import { refused } from './dev-http.ts'
import type { DevReply } from './dev-http.ts'
import { send, sendSlowly } from './dev-send.ts'
import type { DevWorld } from './dev-world.ts'

/** Faults that strike before anything is done; true where the request is through with that. */
export async function strikeBefore(world: DevWorld, response: ServerResponse, fault: Fault): Promise<boolean> {
  if ('reset' in fault) {
    response.socket?.resetAndDestroy()
    return true
  }
  if ('delayMs' in fault) await world.clock.sleep(fault.delayMs, world.signal)
  if (!('status' in fault)) return false
  const { status, headers, body } = fault
  const content = typeof body === 'string' ? { text: body } : { body: body ?? { message: `${status}` } }
  send(response, { status, ...content, ...(headers === undefined ? {} : { headers }) })
  return true
}

/** Sends an answer, or what a fault makes of it. Gives the status that was sent, 0 for none. */
export async function deliver(
  world: DevWorld,
  response: ServerResponse,
  { reply, fault }: { readonly reply: DevReply; readonly fault: Fault | undefined },
): Promise<number> {
  if (fault !== undefined && 'afterEffect' in fault) return loseAnswer(response, fault.afterEffect)
  if (fault !== undefined && 'slowBody' in fault) {
    const pace = { bytesPerSecond: fault.slowBody, clock: world.clock, signal: world.signal }
    await sendSlowly(response, reply, pace)
  } else if (fault !== undefined && 'cutTrace' in fault && reply.text !== undefined)
    send(response, { ...reply, text: Buffer.from(reply.text).subarray(0, fault.cutTrace) })
  else send(response, reply)
  return reply.status
}

function loseAnswer(response: ServerResponse, status: number | 'reset'): number {
  if (status === 'reset') {
    response.socket?.resetAndDestroy()
    return 0
  }
  send(response, refused(status, `${status}`))
  return status
}
