/** A list or typed array of numbers. */
interface Shuffled {
  readonly length: number
  [index: number]: unknown
}

/** Puts a list into a random order (Fisher and Yates, as Durstenfeld 1964 has it), in place. */
export function shuffle<L extends Shuffled>(list: L, random: () => number): L {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const kept = list[last] as L[number]
    list[last] = list[other]
    list[other] = kept
  }
  return list
}
