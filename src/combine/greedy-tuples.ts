import type { Stream } from './engine-stream.ts'
import type { OpenTuples } from './greedy-open.ts'
import type { NeededTuples } from './search-tuples.ts'
import { symbolsOf, tupleIn, type TupleIndex } from './tuples.ts'

/** Sets that are looked at for a seed. */
const setsLookedAt = 32

/** The open tuples of any strength; a parameter's symbols are rated when it comes to its turn. */
export class OpenIndexed implements OpenTuples {
  readonly isLive = false
  readonly score: Int32Array
  left = 0
  readonly #index: TupleIndex
  readonly #open: Uint8Array
  /** Number of open tuples by set. */
  readonly #openIn: Int32Array
  /** Sets with open tuples, those that have none any more weeded out when they are met. */
  readonly #sets: Int32Array
  #setCount: number
  readonly #row: Int32Array

  constructor(symbols: number, { index, needed }: NeededTuples) {
    const { count } = index.sets
    this.#index = index
    this.#open = needed.slice()
    this.#openIn = new Int32Array(count)
    this.#sets = Int32Array.from({ length: count }, (_, set) => set)
    this.#setCount = count
    this.#row = new Int32Array(index.counts.length)
    this.score = new Int32Array(symbols)
    for (let set = 0; set < count; set++) {
      let open = 0
      for (let tuple = index.bases[set] as number; tuple < (index.bases[set + 1] as number); tuple++)
        open += needed[tuple] as number
      this.#openIn[set] = open
      this.left += open
    }
  }

  begin(): void {
    this.#row.fill(-1)
  }

  /** A random open tuple of a set with many. */
  seed(stream: Stream): Int32Array {
    let best = -1
    for (let looked = 0; looked < setsLookedAt || best === -1; looked++) {
      const at = stream.below(this.#setCount)
      const set = this.#sets[at] as number
      if (this.#openIn[set] === 0) this.#sets[at] = this.#sets[--this.#setCount] as number
      else if (best === -1 || (this.#openIn[set] as number) > (this.#openIn[best] as number)) best = set
      if (this.#setCount === 1 && best !== -1) break
    }
    const base = this.#index.bases[best] as number
    const size = (this.#index.bases[best + 1] as number) - base
    let code = stream.below(size)
    while (this.#open[base + code] === 0) code = (code + 1) % size
    return symbolsOf(this.#index, base + code, best)
  }

  rate(parameter: number): void {
    const { counts, offsets, setsOf, strides, shifts } = this.#index
    const { starts, members } = this.#index.sets
    const first = offsets[parameter] as number
    const count = counts[parameter] as number
    for (let value = 0; value < count; value++) this.score[first + value] = 0
    const list = setsOf[parameter] as Int32Array
    for (let each = 0; each < list.length; each++) {
      const set = list[each] as number
      if (this.#openIn[set] === 0) continue
      const end = starts[set + 1] as number
      let tuple = shifts[set] as number
      let own = 0
      let at = starts[set] as number
      for (; at < end; at++) {
        const p = members[at] as number
        const symbol = p === parameter ? first : (this.#row[p] as number)
        if (symbol === -1) break
        if (p === parameter) own = strides[at] as number
        tuple += symbol * (strides[at] as number)
      }
      if (at < end) continue
      for (let value = 0; value < count; value++, tuple += own)
        this.score[first + value] = (this.score[first + value] as number) + (this.#open[tuple] as number)
    }
  }

  put(symbol: number): void {
    const { offsets, counts } = this.#index
    let low = 0
    let high = counts.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((offsets[middle] as number) <= symbol) low = middle
      else high = middle
    }
    this.#row[low] = symbol
  }

  cover(row: Int32Array): void {
    this.#visit(row, (tuple, set) => {
      this.#open[tuple] = 0
      this.#openIn[set] = (this.#openIn[set] as number) - 1
      this.left--
    })
  }

  countIn(row: Int32Array): number {
    let sum = 0
    this.#visit(row, () => sum++)
    return sum
  }

  #visit(row: Int32Array, visit: (tuple: number, set: number) => void): void {
    for (let at = 0; at < this.#setCount; at++) {
      const set = this.#sets[at] as number
      if (this.#openIn[set] === 0) continue
      const tuple = tupleIn(this.#index, set, row)
      if (this.#open[tuple] === 1) visit(tuple, set)
    }
  }
}
