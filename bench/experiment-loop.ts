/**
 * A runner as one writes it in an afternoon: N calls, so many at a time, `fetch`, results in memory; a 429 is tried again
 * after Retry-After, or after a pause that doubles. Prints its figures as JSON.
 * Run: node bench/experiment-loop.ts URL CALLS WIDTH
 */
const [url = '', calls = '100', width = '20'] = process.argv.slice(2)
const results: unknown[] = []
const latencies: number[] = []
let next = 0

async function call(index: number): Promise<void> {
  const body = JSON.stringify({ inputs: { q: `question ${index}` }, response_mode: 'blocking', user: 'bench' })
  for (let pauseMs = 200; ; pauseMs = Math.min(pauseMs * 2, 5000)) {
    const start = performance.now()
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const text = await response.text()
    if (response.status !== 429) {
      latencies.push(performance.now() - start)
      results[index] = JSON.parse(text)
      return
    }
    const asked = Number(response.headers.get('retry-after') ?? Number.NaN) * 1000
    await new Promise((resolve) => setTimeout(resolve, (asked || pauseMs) * (0.5 + Math.random())))
  }
}

await Promise.all(
  Array.from({ length: Number(width) }, async () => {
    while (next < Number(calls)) await call(next++)
  }),
)
latencies.sort((a, b) => a - b)
console.log(JSON.stringify({ done: results.length, p50: latencies[Math.floor(latencies.length / 2)] }))
