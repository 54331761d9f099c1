import type { Part } from './engine-part.ts'
import type { Stream } from './engine-stream.ts'
import type { PairTable } from './feasibility.ts'
import { addBits, pickMost, type OpenTuples } from './greedy-open.ts'
import { refusedTriples } from './tuples-feasible.ts'

/** The open triples of strength 3, as bits by pair of symbols: a row in the making adds up the bits of its pairs. */
export class OpenTriples implements OpenTuples {
  readonly isLive = true
  readonly score: Int32Array
  left = 0
  readonly #symbols: number
  readonly #words: number
  /** Bits of the symbols that are open with a pair, from (a × symbols + b) × words on; every triple stands six times. */
  readonly #bits: Int32Array
  /** Number of open triples by symbol, and by pair. */
  readonly #degree: Float64Array
  readonly #pairDegree: Int32Array
  readonly #ratings: Int32Array
  /** The symbols of the row in the making. */
  readonly #placed: Int32Array
  #count = 0

  constructor(part: Part, pairs: PairTable) {
    const { symbols, counts } = part.compiled
    this.#symbols = symbols
    this.#words = (symbols + 31) >>> 5
    this.#bits = new Int32Array(symbols * symbols * this.#words)
    this.#degree = new Float64Array(symbols)
    this.#pairDegree = new Int32Array(symbols * symbols)
    this.#ratings = new Int32Array(symbols)
    this.#placed = new Int32Array(counts.length)
    this.score = new Int32Array(symbols)
    this.#openFeasible(part, pairs)
    for (const [a, b, c] of refusedTriples(part, pairs)) this.#close([a, b, c])
  }

  begin(): void {
    this.score.fill(0)
    this.#count = 0
  }

  /** The symbol with most open triples, its best partner, and the best third. */
  seed(stream: Stream): Int32Array {
    const symbols = this.#symbols
    const ratings = this.#ratings
    const first = pickMost(this.#degree, stream)
    for (let b = 0; b < symbols; b++) ratings[b] = this.#pairDegree[first * symbols + b] as number
    const second = pickMost(ratings, stream)
    for (let c = 0; c < symbols; c++) ratings[c] = this.#has(first, second, c) ? (this.#degree[c] as number) : 0
    return Int32Array.of(first, second, pickMost(ratings, stream))
  }

  /** Scores are always right. */
  rate(): void {}

  put(symbol: number): void {
    const words = this.#words
    for (let at = 0; at < this.#count; at++) {
      const pair = symbol * this.#symbols + (this.#placed[at] as number)
      if (this.#pairDegree[pair] === 0) continue
      for (let word = 0; word < words; word++) {
        const bits = this.#bits[pair * words + word] as number
        if (bits !== 0) addBits(bits, word << 5, this.score)
      }
    }
    this.#placed[this.#count++] = symbol
  }

  cover(row: Int32Array): void {
    this.#visit(row, (triple) => this.#close(triple))
  }

  countIn(row: Int32Array): number {
    let sum = 0
    this.#visit(row, () => sum++)
    return sum
  }

  /** Every triple whose pairs are feasible. */
  #openFeasible({ compiled: { symbols, offsets, parameterOf } }: Part, { feasible }: PairTable): void {
    const words = this.#words
    const partners = new Int32Array(symbols * words)
    for (let a = 0; a < symbols; a++)
      for (let b = 0; b < symbols; b++)
        if (parameterOf[a] !== parameterOf[b] && feasible[a * symbols + b] === 1)
          partners[a * words + (b >>> 5)] = (partners[a * words + (b >>> 5)] as number) | (1 << (b & 31))
    for (let a = 0; a < symbols; a++)
      for (let b = offsets[(parameterOf[a] as number) + 1] as number; b < symbols; b++) {
        if (feasible[a * symbols + b] === 0) continue
        let open = 0
        for (let word = 0; word < words; word++) {
          const bits = (partners[a * words + word] as number) & (partners[b * words + word] as number)
          this.#bits[(a * symbols + b) * words + word] = bits
          this.#bits[(b * symbols + a) * words + word] = bits
          open += bitsIn(bits)
        }
        this.#pairDegree[a * symbols + b] = open
        this.#pairDegree[b * symbols + a] = open
        this.#degree[a] = (this.#degree[a] as number) + open / 2
        this.#degree[b] = (this.#degree[b] as number) + open / 2
        this.left += open / 3
      }
    this.left = Math.round(this.left)
  }

  #visit(row: Int32Array, visit: (triple: readonly [number, number, number]) => void): void {
    for (let p = 0; p < row.length; p++) {
      const a = row[p] as number
      if (this.#degree[a] === 0) continue
      for (let q = p + 1; q < row.length; q++) {
        const b = row[q] as number
        if (this.#pairDegree[a * this.#symbols + b] !== 0) this.#visitThirds(row, { a, b, from: q + 1 }, visit)
      }
    }
  }

  #visitThirds(
    row: Int32Array,
    { a, b, from }: { readonly a: number; readonly b: number; readonly from: number },
    visit: (triple: readonly [number, number, number]) => void,
  ): void {
    for (let r = from; r < row.length; r++) if (this.#has(a, b, row[r] as number)) visit([a, b, row[r] as number])
  }

  #has(a: number, b: number, c: number): boolean {
    const at = (a * this.#symbols + b) * this.#words + (c >>> 5)
    return ((this.#bits[at] as number) & (1 << (c & 31))) !== 0
  }

  #close([a, b, c]: readonly [number, number, number]): void {
    this.#turn(a, b, c)
    this.#turn(a, c, b)
    this.#turn(b, c, a)
    this.#degree[a] = (this.#degree[a] as number) - 1
    this.#degree[b] = (this.#degree[b] as number) - 1
    this.#degree[c] = (this.#degree[c] as number) - 1
    this.left--
  }

  /** Takes a symbol out of the open ones of a pair. */
  #turn(a: number, b: number, c: number): void {
    const there = a * this.#symbols + b
    const back = b * this.#symbols + a
    const word = c >>> 5
    const bit = 1 << (c & 31)
    this.#bits[there * this.#words + word] = (this.#bits[there * this.#words + word] as number) & ~bit
    this.#bits[back * this.#words + word] = (this.#bits[back * this.#words + word] as number) & ~bit
    this.#pairDegree[there] = (this.#pairDegree[there] as number) - 1
    this.#pairDegree[back] = (this.#pairDegree[back] as number) - 1
  }
}

/** Number of bits set in 32. */
function bitsIn(word: number): number {
  let sum = word - ((word >>> 1) & 0x5555_5555)
  sum = (sum & 0x3333_3333) + ((sum >>> 2) & 0x3333_3333)
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}
