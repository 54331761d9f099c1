/**
 * What is left of a recorded trace that is buried in 5 MB of noise (misleading errors, progress frames, a loud after_script): ours beside the
 * ways in common use, which keep the end, or beginning and end. Counts in how many traces the failing assertion with its file and
 * line survives. Run: npm run bench:trace, with SIZE=5000000 and BUDGET=24000 characters in the environment.
 */
import { buried, expectations, recorded } from '../src/repair/trace.fixture.ts'
import { reduceTrace } from '../src/repair/trace.ts'
import { median } from './side-by-side.ts'

const size = Number(process.env['SIZE'] ?? 5_000_000)
const budget = Number(process.env['BUDGET'] ?? 24_000)

const ways: Readonly<Record<string, (trace: string) => string>> = {
  ours: (trace) => reduceTrace(trace, { maxChars: budget, redact: (text) => text }).text,
  'the end': (trace) => trace.slice(-budget),
  'beginning and end': (trace) => trace.slice(0, budget / 2) + trace.slice(-budget / 2),
  'lines that say error': (trace) =>
    trace
      .split('\n')
      .filter((line) => /error|fail/i.test(line))
      .join('\n')
      .slice(-budget),
}

const names = Object.keys(expectations)
const traces = new Map(names.map((name) => [name, buried(recorded(name), size)]))
console.log(
  `${names.length} traces of real tools, each in ${(size / 1e6).toFixed(0)} MB of noise, ${budget} characters left\n`,
)
for (const [way, reduce] of Object.entries(ways)) {
  const times: number[] = []
  let kept = 0
  let longest = 0
  for (const name of names) {
    const { words, place } = expectations[name] ?? { words: [], place: '' }
    const begun = performance.now()
    const text = reduce(traces.get(name) ?? '')
    times.push(performance.now() - begun)
    longest = Math.max(longest, text.length)
    if (words.every((word) => text.includes(word)) && showsPlace(text, place)) kept++
  }
  console.log(
    `${way.padEnd(22)} kept ${String(kept).padStart(2)} of ${names.length}, longest ${longest} characters, median ${median(times).toFixed(0)} ms, most ${Math.max(...times).toFixed(0)} ms`,
  )
}

/** Whether file and line stand together, however the tool writes them: `a.py:6`, `a.py", line 6`, `a.ts(6,3)`, `A.java:[6,1]`. */
function showsPlace(text: string, place: string): boolean {
  if (place === '') return true
  const [, file = '', line = ''] = /([^/]+):(\d+)$/.exec(place) ?? []
  const escaped = file.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(String.raw`${escaped}[^\n\w]{1,4}(?:line )?${line}\b`).test(text)
}
