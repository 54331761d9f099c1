import { expect, test } from 'vitest'
import { countTests } from './trace-counts.ts'

const counted = (text: string) => {
  const counts = countTests(text.split('\n'))
  return counts === undefined ? undefined : [counts.executed, counts.failed, counts.skipped]
}

test.each([
  ['== 2 failed, 3 passed, 1 skipped, 1 xfailed, 1 xpassed, 4 warnings, 1 error in 12.05s (0:00:12) ==', [7, 3, 2]],
  ['5 passed, 2 deselected in 0.01s', [5, 0, 0]],
  ['======= no tests ran in 0.00s =======', [0, 0, 0]],
  ['Ran 1 test in 0.000s\n\nOK', [1, 0, 0]],
  ['Ran 6 tests in 0.001s\n\nFAILED (failures=1, errors=1, skipped=1, expected failures=1)', [4, 2, 2]],
  ['Ran 3 tests in 0.001s\n\nOK (skipped=1, expected failures=1)', [1, 0, 2]],
  ['      Tests  no tests', [0, 0, 0]],
  ['      Tests  2 passed | 1 expected fail | 1 todo (4)', [2, 0, 2]],
  ['Tests:       1 failed, 1 skipped, 2 todo, 5 passed, 9 total', [6, 1, 3]],
  ['# tests 5\n# suites 1\n# pass 2\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 0', [4, 2, 1]],
  [
    '=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n    --- FAIL: TestB/x (0.00s)\n--- SKIP: TestC (0.00s)',
    [2, 1, 1],
  ],
  [
    '[INFO] x\n[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 1 s\n[WARNING] Tests run: 7, Failures: 1, Errors: 2, Skipped: 1',
    [6, 3, 1],
  ],
  ['test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out', [4, 1, 2]],
])('reads %j', (text, counts) => expect(counted(text)).toEqual(counts))

test.each([
  'ok  \texample.com/price\t0.004s',
  '--- FAIL: TestA (0.00s)\nFAIL\texample.com/price\t0.004s',
  '[ERROR] Tests run: 7, Failures: 1, Errors: 2, Skipped: 1',
  'uploaded 3 files, 1 failed',
  'retry 2 passed the check in time',
])('has no count where a success would not tell one: %j', (text) => expect(counted(text)).toBeUndefined())

test('the last summary of a framework counts, and frameworks are added up', () => {
  expect(counted('=== 900 passed in 1.00s ===\n=== 3 passed in 1.00s ===\n      Tests  2 passed (2)')).toEqual([
    5, 0, 0,
  ])
})
