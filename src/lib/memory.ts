import { setFlagsFromString } from 'node:v8'

/**
 * Has this process collect garbage more often from now on, at about a tenth more processor time. For work that streams a lot
 * through a small heap: left alone, V8 lets the heap grow to several times of what is alive. It reads both flags each time
 * it decides on the size of the heap.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=50')
  setFlagsFromString('--semi-space-growth-factor=1')
}
