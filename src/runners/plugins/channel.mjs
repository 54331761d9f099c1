// The channel to Greenloop, and the cap on what goes through it.
import { writeSync } from 'node:fs'

/** Characters kept of a text. */
export const cap = 64 * 1024
const pause = new Int32Array(new SharedArrayBuffer(4))

/** Head and tail of a long text. */
export function capped(text) {
  if (text.length <= cap) return text
  return `${text.slice(0, cap / 2)}\n… ${text.length - cap} characters left out …\n${text.slice(-cap / 2)}`
}

/** A function that sends an event over a descriptor, whole, before it returns. */
export function openChannel(descriptor) {
  return (event) => {
    let data = Buffer.from(`${JSON.stringify(event)}\n`)
    while (data.length > 0) {
      try {
        data = data.subarray(writeSync(descriptor, data))
      } catch (error) {
        if (error.code !== 'EAGAIN') return // Nobody listens any more; the tests go on.
        Atomics.wait(pause, 0, 0, 1)
      }
    }
  }
}
