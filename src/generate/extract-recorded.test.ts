import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { extractCode } from './extract.ts'
import type { Extraction } from './extract.ts'
import { mendScript } from './mend.ts'
import { checkScript } from './static-check.ts'

interface Recorded {
  readonly id: string
  readonly finish: 'stop' | 'length' | null
  readonly why: readonly string[]
  readonly text: string
}

const file = resolve(import.meta.dirname, '../../../shared/data/answers/python-tests.jsonl')
const recorded = existsSync(file)
const answers: Recorded[] = recorded
  ? readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Recorded)
  : []
if (!recorded) console.log('recorded answers: not on this machine, their tests are skipped')

const venv = resolve(import.meta.dirname, '../../.venv/bin/python')
const python = [venv, 'python3'].find((command) => spawnSync(command, ['--version']).status === 0)
if (python === undefined) console.log('no python3 on this machine: extracted code is not checked by CPython')

const extract = ({ text, finish }: Recorded): Extraction =>
  extractCode(text, { language: 'python', framework: 'pytest', finish: finish ?? 'unknown' })
const isHard = ({ why }: Recorded): boolean => why.some((reason) => !reason.startsWith('prose'))
const holdsFence = ({ text }: Recorded): boolean => text.includes('```')

const compileAll = `
import json, sys, warnings
warnings.simplefilter('ignore')
broken = []
for name, code in json.load(sys.stdin):
    try:
        compile(code, name, 'exec', dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        broken.append(f'{name}: {error}')
print(json.dumps(broken))
`

/** Which of the named codes CPython refuses. */
function refusedByPython(codes: readonly (readonly [name: string, code: string])[]): unknown {
  const { stdout } = spawnSync(python ?? '', ['-c', compileAll], { input: JSON.stringify(codes), encoding: 'utf8' })
  return JSON.parse(stdout)
}

describe.skipIf(!recorded)('recorded answers of public models', () => {
  it('all give a script when they are ordinary', () => {
    const missed = answers.filter((answer) => !isHard(answer) && holdsFence(answer) && !extract(answer).found)
    expect(missed.map(({ id }) => id)).toEqual([])
  })

  it('give a script although they are hard, where a test or an assertion is left in them', () => {
    const hard = answers.filter(isHard)
    const found = hard.filter((answer) => extract(answer).found)
    console.log(`recorded answers: ${found.length} of ${hard.length} hard ones give a script with at least one test`)
    expect(found.length).toBeGreaterThanOrEqual(22)
  })

  it('come back byte for byte when their first block parses and holds tests', () => {
    for (const answer of answers.filter((one) => !isHard(one))) {
      const first = /^```python\n([^]*?)\n```$/m.exec(answer.text)?.[1]
      const extraction = extract(answer)
      if (first === undefined || !extraction.found) continue
      expect(extraction.code).toBe(first)
    }
  })

  it.skipIf(python === undefined)('give code that CPython compiles, mended or not', () => {
    const codes = answers.flatMap((answer) => {
      const extraction = extract(answer)
      if (!extraction.found) return []
      const { code } = mendScript(extraction.code, { language: 'python', framework: 'pytest' })
      return [[answer.id, extraction.code] as const, [`${answer.id} mended`, code] as const]
    })
    expect(codes.length).toBeGreaterThan(300)
    expect(refusedByPython(codes)).toEqual([])
  })

  it('need no mending twice, and hold no error', () => {
    for (const answer of answers) {
      const extraction = extract(answer)
      if (!extraction.found) continue
      const kind = { language: 'python', framework: 'pytest' } as const
      const mended = mendScript(extraction.code, kind)
      expect(mendScript(mended.code, kind)).toEqual({ code: mended.code, applied: [] })
      if (mended.applied.length === 0) expect(mended.code).toBe(extraction.code)
      expect(checkScript(mended.code, kind).filter(({ severity }) => severity === 'error')).toEqual([])
    }
  })
})
