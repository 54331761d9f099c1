import type { Compiled } from './compile.ts'
import type { Stream } from './engine-stream.ts'
import type { Prefer } from './solver.ts'

/** Chooses among possible values at random, heavier ones more often. */
export function weightedChoice({ offsets, weights }: Compiled, stream: Stream): Prefer {
  return (parameter, candidates, n) => {
    let chosen = candidates[0] as number
    let weight = 0
    for (let at = 0; at < n; at++) {
      const own = weights[(offsets[parameter] as number) + (candidates[at] as number)] as number
      weight += own
      if (stream.below(1 << 24) * weight < own * (1 << 24)) chosen = candidates[at] as number
    }
    return chosen
  }
}
