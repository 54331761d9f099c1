import type { Compiled } from './compile.ts'
import type { ClauseIndex } from './solver-index.ts'

/** A row in the making: which symbols are still possible, what follows from what was put in, and the way back. */
export class Trail {
  /** 1 by symbol while it is possible. */
  readonly alive: Uint8Array
  /** Number of possible values by parameter; a parameter with one has that value. */
  readonly left: Int32Array
  /** How often a parameter ended in a dead end; grows for as long as the trail lives. */
  readonly blame: Float64Array
  /** Whether nothing at all is possible, whatever is put in. */
  readonly impossible: boolean
  readonly #compiled: Compiled
  readonly #index: ClauseIndex
  readonly #held: Uint8Array
  readonly #heldIn: Int32Array
  /** A symbol that was ruled out stands as itself, one that is now certain as its complement. */
  readonly #steps: Int32Array
  readonly #queue: Int32Array
  #top = 0
  #queued = 0

  /** An empty row; what follows from the model alone is drawn already. */
  constructor(compiled: Compiled, index: ClauseIndex) {
    const { counts, offsets, symbols } = compiled
    this.#compiled = compiled
    this.#index = index
    this.alive = new Uint8Array(symbols).fill(1)
    this.left = Int32Array.from(counts)
    this.blame = new Float64Array(counts.length)
    this.#held = new Uint8Array(symbols)
    this.#heldIn = new Int32Array(index.literalStarts.length)
    this.#steps = new Int32Array(symbols + counts.length)
    this.#queue = new Int32Array(counts.length)
    counts.forEach((count, parameter) => {
      if (count === 1) this.#hold(offsets[parameter] as number)
    })
    this.impossible = index.impossible || counts.includes(0) || !this.exclude(index.units)
  }

  /** Position in the history, for `undo`. */
  mark(): number {
    return this.#top
  }

  /** Takes back everything since a mark. */
  undo(mark: number): void {
    const { wideStarts, wideOf } = this.#index
    while (this.#top > mark) {
      const step = this.#steps[--this.#top] as number
      if (step >= 0) {
        this.alive[step] = 1
        ;(this.left[this.#compiled.parameterOf[step] as number] as number)++
        continue
      }
      this.#held[~step] = 0
      const end = wideStarts[~step + 1] as number
      for (let at = wideStarts[~step] as number; at < end; at++) (this.#heldIn[wideOf[at] as number] as number)--
    }
  }

  /** Puts a symbol in and draws the consequences; `false`, with nothing changed, where they clash. */
  assign(symbol: number): boolean {
    if (this.alive[symbol] !== 1) return false
    if (this.#held[symbol] === 1) return true
    const { parameterOf, offsets } = this.#compiled
    const mark = this.#top
    const parameter = parameterOf[symbol] as number
    const end = offsets[parameter + 1] as number
    for (let other = offsets[parameter] as number; other < end; other++) if (other !== symbol) this.#kill(other)
    return this.#settle(mark, true)
  }

  /** Rules symbols out and draws the consequences; `false`, with nothing changed, where they clash. */
  exclude(symbols: ArrayLike<number>): boolean {
    const mark = this.#top
    for (let at = 0; at < symbols.length; at++) if (!this.#kill(symbols[at] as number)) return this.#settle(mark, false)
    return this.#settle(mark, true)
  }

  #settle(mark: number, fitsSoFar: boolean): boolean {
    let fits = fitsSoFar
    for (let at = 0; fits && at < this.#queued; at++) fits = this.#consequences(this.#queue[at] as number)
    this.#queued = 0
    if (!fits) this.undo(mark)
    return fits
  }

  #consequences(symbol: number): boolean {
    const { pairStarts, pairTargets, wideStarts, wideOf, negatives } = this.#index
    const pairsEnd = pairStarts[symbol + 1] as number
    for (let at = pairStarts[symbol] as number; at < pairsEnd; at++)
      if (!this.#kill(pairTargets[at] as number)) return false
    const wideEnd = wideStarts[symbol + 1] as number
    for (let at = wideStarts[symbol] as number; at < wideEnd; at++) if (!this.#close(wideOf[at] as number)) return false
    if (this.#compiled.negative[symbol] === 0) return true
    return negatives.every((other) => other === symbol || this.#kill(other))
  }

  /** Rules out the last symbol of a clause of which all others are certain. */
  #close(clause: number): boolean {
    const { literalStarts, literals } = this.#index
    const start = literalStarts[clause] as number
    const end = literalStarts[clause + 1] as number
    if ((this.#heldIn[clause] as number) < end - start - 1) return true
    for (let at = start; at < end; at++)
      if (this.#held[literals[at] as number] === 0) return this.#kill(literals[at] as number)
    return this.#kill(literals[start] as number)
  }

  #kill(symbol: number): boolean {
    if (this.alive[symbol] === 0) return true
    const parameter = this.#compiled.parameterOf[symbol] as number
    const values = this.left[parameter] as number
    if (values === 1) {
      ;(this.blame[parameter] as number)++
      return false
    }
    this.alive[symbol] = 0
    this.left[parameter] = values - 1
    this.#steps[this.#top++] = symbol
    if (values > 2) return true
    let last = this.#compiled.offsets[parameter] as number
    while (this.alive[last] === 0) last++
    this.#hold(last)
    return true
  }

  #hold(symbol: number): void {
    const { wideStarts, wideOf } = this.#index
    this.#held[symbol] = 1
    this.#steps[this.#top++] = ~symbol
    this.#queue[this.#queued++] = symbol
    const end = wideStarts[symbol + 1] as number
    for (let at = wideStarts[symbol] as number; at < end; at++) (this.#heldIn[wideOf[at] as number] as number)++
  }
}
