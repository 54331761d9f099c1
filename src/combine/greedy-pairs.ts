import type { Compiled } from './compile.ts'
import type { Stream } from './engine-stream.ts'
import { addBits, pickMost, type OpenTuples } from './greedy-open.ts'

/** The open pairs of strength 2, as bits: a row in the making adds up the bits of its symbols. */
export class OpenPairs implements OpenTuples {
  readonly isLive = true
  readonly score: Int32Array
  left = 0
  readonly #words: number
  /** Bits of the open partners of a symbol, from symbol × words on. */
  readonly #bits: Int32Array
  /** Number of open partners by symbol. */
  readonly #degree: Int32Array
  readonly #ratings: Int32Array

  /** `needed` is 1 at smaller × symbols + larger for every pair to cover. */
  constructor({ symbols, parameterOf, offsets }: Compiled, needed: Uint8Array) {
    this.#words = (symbols + 31) >>> 5
    this.#bits = new Int32Array(symbols * this.#words)
    this.#degree = new Int32Array(symbols)
    this.#ratings = new Int32Array(symbols)
    this.score = new Int32Array(symbols)
    for (let a = 0; a < symbols; a++)
      for (let b = offsets[(parameterOf[a] as number) + 1] as number; b < symbols; b++)
        if (needed[a * symbols + b] === 1) this.#flip(a, b, 1)
  }

  begin(): void {
    this.score.fill(0)
  }

  /** The symbol with most open pairs and, of its open partners, the one with most. */
  seed(stream: Stream): Int32Array {
    const first = pickMost(this.#degree, stream)
    this.#ratings.fill(0)
    for (let b = 0; b < this.#degree.length; b++) if (this.#has(first, b)) this.#ratings[b] = this.#degree[b] as number
    return Int32Array.of(first, pickMost(this.#ratings, stream))
  }

  /** Scores are always right. */
  rate(): void {}

  put(symbol: number): void {
    if (this.#degree[symbol] === 0) return
    const base = symbol * this.#words
    for (let word = 0; word < this.#words; word++) {
      const bits = this.#bits[base + word] as number
      if (bits !== 0) addBits(bits, word << 5, this.score)
    }
  }

  cover(row: Int32Array): void {
    for (let p = 0; p < row.length; p++) {
      const a = row[p] as number
      if (this.#degree[a] === 0) continue
      for (let q = p + 1; q < row.length; q++) if (this.#has(a, row[q] as number)) this.#flip(a, row[q] as number, -1)
    }
  }

  countIn(row: Int32Array): number {
    let sum = 0
    for (let p = 0; p < row.length; p++)
      for (let q = p + 1; q < row.length; q++) if (this.#has(row[p] as number, row[q] as number)) sum++
    return sum
  }

  #has(a: number, b: number): boolean {
    return ((this.#bits[a * this.#words + (b >>> 5)] as number) & (1 << (b & 31))) !== 0
  }

  #flip(a: number, b: number, by: number): void {
    const there = a * this.#words + (b >>> 5)
    const back = b * this.#words + (a >>> 5)
    this.#bits[there] = (this.#bits[there] as number) ^ (1 << (b & 31))
    this.#bits[back] = (this.#bits[back] as number) ^ (1 << (a & 31))
    this.#degree[a] = (this.#degree[a] as number) + by
    this.#degree[b] = (this.#degree[b] as number) + by
    this.left += by
  }
}
