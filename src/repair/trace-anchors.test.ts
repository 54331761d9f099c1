import { expect, test } from 'vitest'
import { anchorWeight } from './trace-anchors.ts'

const causes = [
  'src/app.py:12: error: Incompatible return value type (got "int", expected "str")  [return-value]',
  'src/app.py:3:8: F401 `os` imported but unused',
  '  --> src/app.py:3:8',
  '   12:5  error  Unexpected console statement  no-console',
  'src/main.c:4:12: error: expected ‘;’ before ‘}’ token',
  "main.o: in function `main': main.c:(.text+0x5): undefined reference to `add'",
  'error[E0308]: mismatched types',
  "thread 'tests::adds' panicked at src/lib.rs:12:9:",
  'Program.cs(7,13): error CS1002: ; expected [/builds/tools/app.csproj]',
  'e: file:///builds/tools/src/Main.kt:5:3 Unresolved reference: totl',
  '   ,-[src/price.ts:4:7]',
  '    org.opentest4j.AssertionFailedError: expected: <4> but was: <5>',
  '     Failure/Error: expect(total).to eq(400)',
]
const names = [
  'PriceTest > totalOfTwo() FAILED',
  'rspec ./spec/price_spec.rb:4 # price adds up',
  '[  FAILED  ] PriceTest.Total (0 ms)',
  'FAIL: test_add (tests.test_core.CoreTest.test_add)',
]
const exceptions = [
  "ModuleNotFoundError: No module named 'requests'",
  'TypeError [ERR_INVALID_ARG_TYPE]: The "path" argument must be of type string',
  'Caused by: java.lang.IllegalStateException: closed',
  'bash: line 12: eslint: command not found',
  'would reformat src/app.py',
]
const lesser = [
  'make: *** [Makefile:3: all] Error 2',
  'error: something',
  'Process exited with code 1',
  'warning: unused',
  'step 3 of 5',
]

test.each(causes)('says why: %s', (line) => expect(anchorWeight(line)).toBe(100))
test.each(names)('names a test: %s', (line) => expect(anchorWeight(line)).toBe(80))
test.each(exceptions)('is an exception: %s', (line) => expect(anchorWeight(line)).toBe(60))
test('what says less weighs less', () => {
  const weights = lesser.map(anchorWeight)
  expect(weights).toEqual([...weights].sort((a, b) => b - a))
  expect(weights.at(-1)).toBe(0)
})
