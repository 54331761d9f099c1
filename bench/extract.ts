/**
 * Extraction of scripts from answers: how many a second, and how many of them yield a script that parses and holds a
 * test, beside a regular expression for the first fence. Run: node bench/extract.ts
 */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { extractCode } from '../src/generate/extract.ts'
import { outline } from '../src/generate/extract-outline.ts'

interface Answer {
  readonly text: string
  readonly finish?: 'stop' | 'length' | null
}

const file = resolve(import.meta.dirname, '../../shared/data/answers/python-tests.jsonl')

function recordedAnswers(): Answer[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer)
}

/** Answers of the shapes that models give: plain, nested, cut off, enveloped, thought over. */
function madeAnswers(): Answer[] {
  const tests = (count: number): string =>
    Array.from(
      { length: count },
      (_, index) => `def test_add_${index}():\n    assert add(${index}, 1) == ${index + 1}\n`,
    ).join('\n')
  return Array.from({ length: 180 }, (_, index) => {
    const code = `import pytest\nfrom calc import add\n\n${tests(4 + (index % 30))}`
    const nested = `"""Doc.\n\n\`\`\`\nadd(1, 2)\n\`\`\`\n"""\n${code}`
    const shapes = [
      `Here it is:\n\n\`\`\`python\n${code}\`\`\`\n`,
      `\`\`\`python\n${code}\`\`\``,
      `\`\`\`python\n${nested}\`\`\`\n\nDone.`,
      `\`\`\`python\n${code}\ndef test_cut():\n    assert add("a`,
      JSON.stringify({ code }),
      `First I think.\n</think>\n\n\`\`\`bash\npytest\n\`\`\`\n\n\`\`\`py\n${code}\`\`\``,
    ]
    return { text: shapes[index % shapes.length] ?? code }
  })
}

const firstFence = (text: string): string | undefined => /```[^\n]*\n([^]*?)```/.exec(text)?.[1]
const usable = (code: string | undefined): boolean => {
  const read = code === undefined ? undefined : outline(code, { language: 'python' })
  return read !== undefined && read.fault === undefined && read.tests.length > 0
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** Answers a second, the median of several rounds. */
function measure(answers: readonly Answer[], read: (answer: Answer) => unknown): number {
  const rounds = Array.from({ length: 7 }, () => {
    const start = performance.now()
    for (const answer of answers) read(answer)
    return (answers.length / (performance.now() - start)) * 1_000
  })
  return median(rounds)
}

const answers = existsSync(file) ? recordedAnswers() : madeAnswers()
const extract = ({ text, finish }: Answer): ReturnType<typeof extractCode> =>
  extractCode(text, { language: 'python', framework: 'pytest', finish: finish ?? 'unknown' })

const parts = [
  ['extractCode', measure(answers, extract), answers.filter((one) => extract(one).found).length],
  [
    'first fence + parse',
    measure(answers, ({ text }) => usable(firstFence(text))),
    answers.filter(({ text }) => usable(firstFence(text))).length,
  ],
  [
    'first fence',
    measure(answers, ({ text }) => firstFence(text)),
    answers.filter(({ text }) => usable(firstFence(text))).length,
  ],
] as const

console.log(`${answers.length} ${existsSync(file) ? 'recorded' : 'made'} answers, median of 7 rounds`)
for (const [name, perSecond, found] of parts)
  console.log(
    `${name.padEnd(22)}${perSecond.toFixed(0).padStart(10)} answers/s${String(found).padStart(6)} usable scripts`,
  )
const [own, parsed] = parts
console.log(
  `ratio to the first fence with a parse: ${(own[1] / parsed[1]).toFixed(2)} of its speed, ${own[2] - parsed[2]} more scripts`,
)
