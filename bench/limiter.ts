/**
 * The rate limit on the clock of this machine: 6,000 tokens a minute with a burst of 10, taken as fast as they are given.
 * Shows whether any window of any length held more than burst + rate × length, and how much of the allowance was used;
 * beside async-sema's RateLimit and bottleneck in the same run. Run: npm run bench:limiter [seconds]
 */
import { RateLimit } from 'async-sema'
import Bottleneck from 'bottleneck'
import { createLimiter } from '../src/lib/limiter.ts'

const seconds = Number(process.argv[2] ?? 10)
const perMinute = 6000
const burst = 10
const perMs = perMinute / 60_000
const target = 0.98

interface Contestant {
  readonly name: string
  /** Waits for one token. */
  readonly take: () => Promise<unknown>
  readonly stop?: () => Promise<unknown>
}

/** Times of grants in milliseconds: `waiters` ask again as soon as they are served, until the time is up. */
async function grants({ take, stop }: Contestant, waiters: number): Promise<number[]> {
  const times: number[] = []
  const start = performance.now()
  const ask = async (): Promise<void> => {
    while (performance.now() - start < seconds * 1000) {
      await take()
      times.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: waiters }, ask))
  await stop?.()
  return times.filter((at) => at < seconds * 1000)
}

/**
 * The most tokens by which a window held more than its allowance, over all windows that begin and end with a grant (the
 * worst ones do): the level of a bucket that leaks at the rate. A grant is seen a little after it was given, so windows look
 * shorter than they are by the delay of the event loop; `slackMs` is taken off for that.
 */
function excess(times: readonly number[], slackMs: number): number {
  let worst = -Infinity
  let level = 0
  let last = -Infinity
  for (const at of times) {
    level = Math.max(0, level - (at - last) * perMs) + 1
    last = at
    worst = Math.max(worst, level - burst - slackMs * perMs)
  }
  return worst
}

function contestants(): readonly Contestant[] {
  const limiter = createLimiter({ perMinute, burst })
  const sema = RateLimit(burst, { timeUnit: burst / perMs })
  // Its reservoir grows every 250 ms at the most often, which a burst of 10 cannot bridge; so it is given a distance.
  const bottleneck = new Bottleneck({ minTime: 1 / perMs })
  return [
    { name: 'greenloop', take: () => limiter.acquire() },
    { name: 'async-sema', take: () => sema() },
    {
      name: 'bottleneck',
      take: () => bottleneck.schedule(async () => {}),
      stop: () => bottleneck.disconnect(),
    },
  ]
}

const allowance = burst + seconds * 1000 * perMs
console.log(`${perMinute} a minute, burst ${burst}, ${seconds} s: at most ${allowance} tokens in all`)
console.log('contestant   granted   used   most over the allowance of any window (with 2 ms of slack)')
let isMet = true
for (const contestant of contestants()) {
  const times = await grants(contestant, 20)
  const used = times.length / allowance
  const [over, overWithSlack] = [excess(times, 0), excess(times, 2)]
  const text = (value: number): string => `${value > 0 ? '+' : ''}${value.toFixed(2)}`
  console.log(
    `${contestant.name.padEnd(12)}${String(times.length).padStart(8)}${`${(used * 100).toFixed(1)} %`.padStart(9)}   ${text(over)} (${text(overWithSlack)})`,
  )
  if (contestant.name === 'greenloop') isMet = used >= target && overWithSlack <= 0
}
console.log(isMet ? 'targets met' : 'TARGETS MISSED')
process.exitCode = isMet ? 0 : 1
