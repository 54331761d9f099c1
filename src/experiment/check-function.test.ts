import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CheckInput, Score } from '../domain/check.ts'
import { aCase, anAnswer, evaluated, scored } from './evaluate.fixture.ts'

const moduleText = `
export const check = (answer, { vars }) => answer === vars.expected
export const share = async (answer) => answer.length / 10
export const told = (answer, { options }) => ({ pass: answer.includes(options.word), score: 0.4, reason: 'looked for ' + options.word })
export const wrong = () => 7
export const broken = () => { throw new Error('no dictionary') }
export const never = () => new Promise(() => {})
export const outputs = (answer) => answer.n === 1
`
const pythonText = `
import os
print('imported')
loads = 0

def check(output, context):
    print('noise on standard output')
    return output == context['vars']['expected'] and context['variant_id'] == 'baseline'

def graded(output, context):
    return {'pass': True, 'score': 0.75, 'reason': 'said ' + output}

def broken(output, context):
    raise ValueError('no dictionary')

def dies(output, context):
    os._exit(3)

def hangs(output, context):
    while True:
        pass

def who(output, context):
    return {'pass': True, 'reason': str(os.getpid())}
`
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-checks-'))
  await writeFile(join(folder, 'checks.mjs'), moduleText)
  await writeFile(join(folder, 'checks.py'), pythonText)
})
afterAll(() => rm(folder, { recursive: true }))

const trial = anAnswer('yes', { outputs: { n: 1 }, case: aCase({ vars: { expected: 'yes', word: 'es' } }) })

describe('a check that is a function', () => {
  const call = (name: string, more: object = {}): Promise<Score> =>
    scored({ type: 'function', file: 'checks.mjs', export: name, ...more }, trial, { folder })

  test('gets the answer and the case, and says yes, a score, or both with a reason', async () => {
    expect(await call('check')).toMatchObject({ score: 1, passed: true })
    expect(await call('share')).toMatchObject({ score: 0.3, passed: false })
    const told = await call('told', { options: { word: '{{word}}' } })
    expect(told).toMatchObject({ score: 0.4, passed: true, reason: 'looked for es' })
    expect(await call('outputs', { on: 'outputs' })).toMatchObject({ passed: true })
  })

  test('breaks the check when it throws, says something else, or is not there', async () => {
    expect((await call('broken')).error).toBe('`broken` of checks.mjs threw: no dictionary')
    expect((await call('wrong')).error).toContain('gave 7; expected true, false, a score from 0 to 1')
    expect((await call('never', { timeoutSeconds: 0.05 })).error).toBe('`never` of checks.mjs took longer than 0.05 s')
    expect((await call('gone')).error).toBe('checks.mjs exports no function `gone`')
  })
})

describe('a check in Python', () => {
  type Python = Partial<Extract<CheckInput, { type: 'python' }>>
  const python = (...checks: readonly Python[]): Promise<readonly Score[]> =>
    evaluated(trial, { folder, checks: checks.map((check) => ({ type: 'python', ...check })) }).then(
      ({ scores }) => scores,
    )

  test('is an expression, a body or a function of a file, whatever it prints', async () => {
    const scores = await python(
      { code: 'output == context["vars"]["expected"]' },
      { code: 'import re\nfound = re.findall("e", """a\n  e""")\nreturn len(found) / 2' },
      { file: 'checks.py' },
      { file: 'checks.py', function: 'graded' },
    )
    expect(scores).toMatchObject([
      { passed: true },
      { score: 0.5, passed: true },
      { passed: true },
      { score: 0.75, passed: true, reason: 'said yes' },
    ])
  })

  test('runs in one process for all, and in a new one after a death or a hang', async () => {
    const scores = await python(
      { file: 'checks.py', function: 'who' },
      { file: 'checks.py', function: 'who' },
      { file: 'checks.py', function: 'dies' },
      { file: 'checks.py', function: 'who' },
      { file: 'checks.py', function: 'hangs', timeoutSeconds: 0.3 },
      { code: 'True' },
    )
    const [first, second, died, other, hung, last] = scores
    expect(second?.reason).toBe(first?.reason)
    expect(died?.error).toContain('Python ended (exit code 3)')
    expect(other?.passed).toBe(true)
    expect(other?.reason).not.toBe(first?.reason)
    expect(hung?.error).toBe('the Python check took longer than 0.3 s')
    expect(last?.passed).toBe(true)
  })

  test('breaks when it raises, returns nothing, or cannot be parsed', async () => {
    const [raised, none, syntax, odd] = await python(
      { file: 'checks.py', function: 'broken' },
      { code: 'pass' },
      { code: 'return (' },
      { code: 'float("nan")' },
    )
    expect(raised?.error).toBe('`broken` of checks.py broke down: ValueError: no dictionary')
    expect(none?.error).toContain('gave null')
    expect(syntax?.error).toContain('SyntaxError')
    expect(odd?.error).toContain('the result cannot be told')
  })

  test('says which interpreter is not there', async () => {
    const score = await scored({ type: 'python', code: 'True' }, trial, { folder, parts: { python: '/no/python3' } })
    expect(score.error).toContain('/no/python3 cannot be started')
  })

  test('goes down with a trial that is given up', async () => {
    const { createPythonRunner } = await import('./check-python.ts')
    const { contextOf } = await import('./check-context.ts')
    const { aCheck } = await import('./evaluate.fixture.ts')
    const { wholeOf } = await import('./check-view.ts')
    const runner = createPythonRunner({ folder })
    const check = aCheck({ type: 'python', file: 'checks.py', function: 'hangs' })
    if (check.type !== 'python') throw new Error('not a Python check')
    const context = contextOf(trial, wholeOf(trial))
    const stop = new AbortController()
    const hanging = runner.run(check, { answer: '', context, signal: stop.signal })
    const next = runner.run(
      { ...check, function: 'graded' },
      { answer: 'x', context, signal: new AbortController().signal },
    )
    stop.abort(new Error('enough'))
    await expect(hanging).rejects.toThrow('enough')
    expect(await next).toMatchObject({ score: 0.75 })
    await runner.close()
  })
})
