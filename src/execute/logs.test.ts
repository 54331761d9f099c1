import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createCapped } from '../lib/capped.ts'
import { createRedactor } from '../lib/redact.ts'
import { openLogs } from './logs.ts'
import type { Logs } from './logs.ts'

let folder: string
let logs: Logs

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logs-'))
  logs = await openLogs({ folder, framework: 'pytest', redact: createRedactor(['hunter22']).text })
})

afterEach(() => rm(folder, { recursive: true }))

const stdout = () => readFile(join(folder, 'pytest_stdout.log'), 'utf8')

/** A process that prints these pieces; `end` ends it. */
function print(title: string, cap = 1000) {
  const kept = createCapped(cap)
  const output = logs.output(title, cap)
  return {
    say: (text: string | Buffer) => {
      kept.add(Buffer.from(text))
      output.stdout(Buffer.from(text))
    },
    end: () => output.end('exit code 0', kept.read(), createCapped(1).read()),
  }
}

async function shows(text: string): Promise<void> {
  for (let round = 0; !(await stdout()).includes(text); round++) {
    if (round > 200) throw new Error(`the log never held ${text}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

it('grows while a process prints, in whole lines without secrets', async () => {
  const one = print('process 1 (run)')
  one.say('first\nhunt')
  await shows('first\n')
  expect(await stdout()).not.toContain('hunt')
  one.say('er22 second\n-----BEGIN PRIVATE KEY-----\nMIIabc\n')
  await shows('[redacted] second\n')
  one.say('MIIdef\n-----END PRIVATE KEY-----\nlast, without an end')
  await shows('[redacted private key]\n')
  one.end()
  await logs.close()
  expect(await stdout()).toBe(
    '==== process 1 (run) ====\nfirst\n[redacted] second\n[redacted private key]\nlast, without an end\n==== process 1 (run), exit code 0 ====\n',
  )
})

it('says whose lines they are where processes print side by side', async () => {
  const [one, two, mute] = [print('process 1 (run)'), print('process 2 (run)'), print('process 3 (retry)')]
  one.say('a\n')
  two.say('b\n')
  one.say('c\n')
  one.end()
  mute.end()
  two.end()
  await logs.close()
  expect((await stdout()).split('\n')).toEqual([
    '==== process 1 (run) ====',
    'a',
    '==== process 2 (run) ====',
    'b',
    '==== process 1 (run) ====',
    'c',
    '==== process 1 (run), exit code 0 ====',
    '==== process 3 (retry), exit code 0 ====',
    '==== process 2 (run), exit code 0 ====',
    '',
  ])
})

it('keeps head and tail of an output that is too long, each once', async () => {
  const one = print('process 1 (run)', 100)
  const letters = Buffer.from(Array.from({ length: 60 }, (_, index) => `é${index}\n`).join(''))
  for (let at = 0; at < letters.length; at += 7) one.say(letters.subarray(at, at + 7))
  one.end()
  await logs.close()
  const text = await stdout()
  const cut = /^\[… (\d+) bytes cut …\]$/m.exec(text)
  expect(cut).not.toBeNull()
  expect(text).toMatch(/^==== process 1 \(run\) ====\né0\né1\n/)
  expect(text).toMatch(/é58\né59\n==== process 1 \(run\), exit code 0, cut \d+ bytes in the middle ====\n$/)
  const numbers = [...text.matchAll(/^é(\d+)$/gm)].map(([, digits]) => Number(digits))
  expect(new Set(numbers).size).toBe(numbers.length)
})
