import { describe, expect, it } from 'vitest'
import { execution, testResult } from '../../tests/fixtures/executions.ts'
import { rerunCommand } from './rerun.ts'
import { focusTrace } from './trace.ts'

const pytestLong = `    def test_total():
>       assert order.total() == 3

tests/test_order.py:12: 
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
    def total(self):
>       return self.prices()

src/order.py:30: 
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
    def prices(self):
>       return self.rows["x"]
E       KeyError: 'x'

src/order.py:41: KeyError`

const v8 = `AssertionError: expected 3 to be 4
    at Proxy.<anonymous> (file:///w/node_modules/chai/index.js:10:3)
    at check (file:///w/src/order.ts:5:1)
    at file:///w/tests/order.test.ts:12:20`

describe('focusTrace', () => {
  it('puts the frame of the test first and the error right after it', () => {
    const text = focusTrace(pytestLong, 'tests/test_order.py', 2000)
    expect(text.startsWith('def test_total')).toBe(true)
    expect(text.indexOf('KeyError')).toBeLessThan(text.indexOf('return self.prices()'))
  })

  it('finds the frame of the test in a native Python traceback', () => {
    const native = `Traceback (most recent call last):
  File "/w/tests/test_order.py", line 12, in test_total
    order.total()
  File "/w/src/order.py", line 3, in total
    raise KeyError`
    expect(focusTrace(native, 'tests/test_order.py', 2000)).toMatch(
      /^File "\/w\/tests\/test_order\.py", line 12.*\n    order\.total\(\)/,
    )
  })

  it('finds the frame of the test in a V8 stack', () => {
    expect(focusTrace(v8, 'tests/order.test.ts', 2000)).toMatch(
      /^at file:\/\/\/w\/tests\/order\.test\.ts:12:20\n\nAssertionError/,
    )
  })

  it('leaves other text as it is and caps it in the middle', () => {
    expect(focusTrace('just words', 'a.py', 100)).toBe('just words')
    expect(focusTrace(`a${'x'.repeat(5000)}z`, 'a.py', 100)).toMatch(/^ax+\n… 4902 characters left out …\nx+z$/)
  })

  it('puts a generated script into the project first', () => {
    const test = testResult('sums', 'failed', { file: 'gen.py', id: 'gen.py::sums' })
    expect(rerunCommand(execution({ scriptDir: '/runs/one' }), test)).toBe(
      'cd /home/ada/calculator && install -D /runs/one/gen.py gen.py && python3 -m pytest gen.py::sums',
    )
  })
})

describe('rerunCommand', () => {
  it('quotes for the shell and names exactly one test', () => {
    const test = testResult("it's [x]", 'failed', { suite: ['sum'], file: 'a.test.ts', id: "a.py::it's [x]" })
    expect(rerunCommand(execution(), test)).toBe(`cd /home/ada/calculator && python3 -m pytest 'a.py::it'\\''s [x]'`)
    expect(rerunCommand(execution({ framework: 'vitest' }), test)).toBe(
      `cd /home/ada/calculator && npx vitest run a.test.ts -t 'sum it'\\''s [x]'`,
    )
    expect(rerunCommand(execution({ framework: 'node' }), test)).toBe(
      `cd /home/ada/calculator && node --test --test-name-pattern='^it'\\''s \\[x\\]$' a.test.ts`,
    )
  })

  it('puts a generated script into the project first', () => {
    const test = testResult('sums', 'failed', { file: 'gen.py', id: 'gen.py::sums' })
    expect(rerunCommand(execution({ scriptDir: '/runs/one' }), test)).toBe(
      'cd /home/ada/calculator && install -D /runs/one/gen.py gen.py && python3 -m pytest gen.py::sums',
    )
  })
})
