import { fitsWith, type Growth } from './ipo-vertical.ts'

/** Rows between two pauses. */
const rowsPerPause = 64

/** Writes the parameter into the rows that are there: always the row and value that cover most open tuples. */
export function* growAcross(growth: Growth): Generator<undefined, void> {
  const { rows, parameter, part } = growth
  const { counts, offsets } = part.compiled
  const count = counts[parameter] as number
  const gains = new Int32Array(count)
  // A gain only ever shrinks, so an old one is a bound; only the row on top is counted again.
  const bounds = new Int32Array(rows.length).fill(-1)
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as Int32Array
    if (row[parameter] !== -1) mark(growth, row)
    else bounds[at] = most(countGains(growth, row, gains))
  }
  for (let turn = 0; turn < rows.length; turn++) {
    if (turn % rowsPerPause === 0) yield
    const at = topRow(growth, bounds, gains)
    if (at === -1) return
    const row = rows[at] as Int32Array
    bounds[at] = -1
    countGains(growth, row, gains)
    for (let tried = 0; tried < count; tried++) {
      const value = bestValue(gains, growth)
      if (value === -1) break
      const symbol = (offsets[parameter] as number) + value
      gains[value] = 0
      if (!fitsWith([symbol], row, part)) continue
      row[parameter] = symbol
      mark(growth, row)
      break
    }
  }
}

/** The row of highest gain; -1 where no row gains anything. */
function topRow(growth: Growth, bounds: Int32Array, gains: Int32Array): number {
  while (true) {
    let top = -1
    for (let at = 0; at < bounds.length; at++)
      if ((bounds[at] as number) > 0 && (top === -1 || (bounds[at] as number) > (bounds[top] as number))) top = at
    if (top === -1) return -1
    const now = most(countGains(growth, growth.rows[top] as Int32Array, gains))
    if (now === bounds[top]) return top
    bounds[top] = now
  }
}

/** Open tuples that each value would cover in a row; gives `gains`. */
function countGains({ index, open, parameter }: Growth, row: Int32Array, gains: Int32Array): Int32Array {
  const { sets, strides, shifts, offsets } = index
  const { starts, members, count } = sets
  const first = offsets[parameter] as number
  gains.fill(0)
  for (let set = 0; set < count; set++) {
    const end = starts[set + 1] as number
    let tuple = shifts[set] as number
    let own = 0
    let at = starts[set] as number
    for (; at < end; at++) {
      const p = members[at] as number
      const symbol = p === parameter ? first : (row[p] as number)
      if (symbol === -1) break
      if (p === parameter) own = strides[at] as number
      tuple += symbol * (strides[at] as number)
    }
    if (at < end) continue
    for (let value = 0; value < gains.length; value++, tuple += own)
      gains[value] = (gains[value] as number) + (open[tuple] as number)
  }
  return gains
}

/** Closes what a row holds. */
function mark({ index, open }: Growth, row: Int32Array): void {
  const { sets, strides, shifts } = index
  const { starts, members, count } = sets
  for (let set = 0; set < count; set++) {
    const end = starts[set + 1] as number
    let tuple = shifts[set] as number
    let at = starts[set] as number
    for (; at < end; at++) {
      const symbol = row[members[at] as number] as number
      if (symbol === -1) break
      tuple += symbol * (strides[at] as number)
    }
    if (at === end) open[tuple] = 0
  }
}

function most(gains: Int32Array): number {
  let best = 0
  for (let value = 0; value < gains.length; value++) best = Math.max(best, gains[value] as number)
  return best
}

/** The value of highest gain, among equals a random one; -1 where none gains. */
function bestValue(gains: Int32Array, { stream }: Growth): number {
  let best = -1
  let ties = 0
  for (let value = 0; value < gains.length; value++) {
    const more = (gains[value] as number) - (best === -1 ? 0 : (gains[best] as number))
    if (gains[value] === 0 || more < 0 || (more === 0 && stream.below(++ties) !== 0)) continue
    if (more > 0) ties = 1
    best = value
  }
  return best
}
