import type { Part } from './engine-part.ts'
import type { Stream } from './engine-stream.ts'
import { shuffle } from './engine-stream.ts'
import type { GreedyOptions } from './greedy.ts'
import type { OpenTuples } from './greedy-open.ts'

/** Taken from the score of a symbol that cannot stand in the row. */
const refusal = 1 << 29
/** Symbols × parameters up to which a row looks at all scores before each choice. */
const mostLooks = 1_000_000

/**
 * Makes rows that cover many open tuples: a needy one first, then the best value of one parameter
 * after the other.
 */
export class RowMaker {
  /** The row made last: symbols by parameter. */
  readonly row: Int32Array
  readonly #part: Part
  readonly #open: OpenTuples
  readonly #stream: Stream
  readonly #score: Int32Array
  readonly #order: Int32Array
  /** 1 by parameter where clauses touch it. */
  readonly #isBound: Uint8Array
  /** Whether the next parameter is the one with the best value, rather than the next with most values. */
  readonly #isDynamic: boolean
  #gain = 0

  constructor(open: OpenTuples, { part, stream }: Pick<GreedyOptions, 'part' | 'stream'>) {
    const { counts, forbidden, parameterOf, symbols } = part.compiled
    this.#isDynamic = open.isLive && symbols * counts.length <= mostLooks
    this.#part = part
    this.#open = open
    this.#stream = stream
    this.row = new Int32Array(counts.length)
    this.#score = open.score
    this.#order = Int32Array.from(counts, (_, p) => p)
    this.#isBound = new Uint8Array(counts.length)
    for (const clause of forbidden) for (const symbol of clause) this.#isBound[parameterOf[symbol] as number] = 1
  }

  /** Makes a row, from a start where one is given (it must be completable); gives the number of open tuples it covers. */
  make(start: Int32Array | undefined): number {
    const { row } = this
    const { counts } = this.#part.compiled
    const order = this.#order
    row.fill(-1)
    this.#open.begin()
    this.#gain = 0
    this.#part.solver.reset()
    const seed = start === undefined ? this.#open.seed(this.#stream) : start.filter((symbol) => symbol !== -1)
    for (const symbol of seed) {
      this.#part.solver.assign(symbol)
      this.#open.rate(this.#part.compiled.parameterOf[symbol] as number)
      this.#put(symbol)
    }
    shuffle(order, order.length, this.#stream)
    if (!this.#isDynamic) order.sort((p, q) => (counts[q] as number) - (counts[p] as number))
    for (let left = order.length; left > 0; left--) {
      const at = this.#isDynamic ? this.#mostWanted(left) : order.length - left
      const p = order[at] as number
      if (row[p] === -1 && !this.#fill(p)) return this.#solve(seed)
      if (this.#isDynamic) order[at] = order[left - 1] as number
      if (this.#isDynamic) order[left - 1] = p
    }
    return this.#gain
  }

  /** Place, among the first ones of the order, of the parameter whose best value scores highest. */
  #mostWanted(left: number): number {
    const { offsets } = this.#part.compiled
    const { alive } = this.#part.solver
    const order = this.#order
    let best = 0
    let most = -1
    for (let at = 0; at < left; at++) {
      const p = order[at] as number
      if (this.row[p] !== -1) return at
      const end = offsets[p + 1] as number
      for (let symbol = offsets[p] as number; symbol < end; symbol++) {
        if ((this.#score[symbol] as number) <= most || alive[symbol] === 0) continue
        most = this.#score[symbol] as number
        best = at
      }
    }
    return best
  }

  /** Gives a parameter its best value; `false` where none fits. */
  #fill(p: number): boolean {
    const { counts, offsets } = this.#part.compiled
    const { solver } = this.#part
    this.#open.rate(p)
    for (let tried = counts[p] as number; tried > 0; tried--) {
      const symbol = this.#best(offsets[p] as number, offsets[p + 1] as number)
      if (symbol === -1) return false
      if (this.#isBound[p] === 0 || solver.assign(symbol)) {
        this.#put(symbol)
        return true
      }
      this.#score[symbol] = (this.#score[symbol] as number) - refusal
    }
    return false
  }

  /** The possible symbol of highest score; among equals at random, in proportion to the weights. */
  #best(start: number, end: number): number {
    const { weights } = this.#part.compiled
    const { alive } = this.#part.solver
    let best = -1
    let bestScore = -1
    let weight = 0
    for (let symbol = start; symbol < end; symbol++) {
      const score = this.#score[symbol] as number
      if (alive[symbol] === 0 || score < bestScore || score < 0) continue
      const own = weights[symbol] as number
      if (score > bestScore) {
        bestScore = score
        weight = own
        best = symbol
        continue
      }
      weight += own
      if (this.#stream.below(1 << 24) * weight < own * (1 << 24)) best = symbol
    }
    return best
  }

  #put(symbol: number): void {
    this.row[this.#part.compiled.parameterOf[symbol] as number] = symbol
    this.#gain += this.#score[symbol] as number
    this.#open.put(symbol)
  }

  /** The way out of a dead end: the solver completes the seed, with the values that score best where it can choose. */
  #solve(seed: Int32Array): number {
    const { offsets } = this.#part.compiled
    const row = this.#part.solver.complete(seed, (p, candidates, n) => {
      const start = offsets[p] as number
      let best = candidates[0] as number
      for (let at = 1; at < n; at++) {
        const value = candidates[at] as number
        if ((this.#score[start + value] as number) > (this.#score[start + best] as number)) best = value
      }
      return best
    })
    row?.forEach((value, p) => (this.row[p] = (offsets[p] as number) + value))
    return this.#open.countIn(this.row)
  }
}
