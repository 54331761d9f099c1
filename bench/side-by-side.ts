import { spawnSync } from 'node:child_process'

/** One contestant: a name and a command line. */
export interface Contestant {
  readonly name: string
  readonly argv: readonly string[]
  readonly cwd: string
}

/** Wall-clock seconds of whole processes. */
export interface Comparison {
  readonly ours: number
  readonly peer: number
  /** Median of ours/peer over pairs run one after the other, which holds when the machine's speed drifts. */
  readonly ratio: number
}

/** Runs two commands in turn (A B A B …) after one warm-up each, and gives medians. A failing command stops the benchmark. */
export function compare(ours: Contestant, peer: Contestant, rounds: number): Comparison {
  const pairs: [number, number][] = []
  for (let round = -1; round < rounds; round++) {
    const pair: [number, number] = [time(ours), time(peer)]
    if (round >= 0) pairs.push(pair)
  }
  return {
    ours: median(pairs.map(([a]) => a)),
    peer: median(pairs.map(([, b]) => b)),
    ratio: median(pairs.map(([a, b]) => a / b)),
  }
}

/** Prints a comparison and whether it stays within `limit(peer)` seconds. */
export function report(title: string, { ours, peer, ratio }: Comparison, limit: (peer: number) => number): void {
  const bound = limit(peer)
  const verdict = ours <= bound ? 'within' : 'OVER'
  console.log(
    `${title}: ours ${ours.toFixed(3)} s, peer ${peer.toFixed(3)} s, ratio ${ratio.toFixed(2)}; ${verdict} the limit of ${bound.toFixed(3)} s`,
  )
}

function time({ name, argv, cwd }: Contestant): number {
  const [command = '', ...args] = argv
  const start = performance.now()
  const done = spawnSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 })
  const seconds = (performance.now() - start) / 1000
  if (done.status !== 0) throw new Error(`${name} ended with ${done.status}: ${done.stderr.toString().slice(-2000)}`)
  return seconds
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}
