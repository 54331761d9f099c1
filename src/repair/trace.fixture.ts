import { readFileSync } from 'node:fs'

const folder = new URL('../../tests/fixtures/traces/', import.meta.url)

/** A recorded trace. */
export function recorded(name: string): string {
  return readFileSync(new URL(`${name}.log`, folder), 'utf8')
}

/** What of each recorded trace has to survive: words of the failure, and the file and line they belong to. */
export const expectations: Readonly<
  Record<string, { readonly words: readonly string[]; readonly place: string; readonly counts?: readonly number[] }>
> = {
  pytest: {
    words: [
      'E       assert -1 == 5',
      'E       ZeroDivisionError: division by zero',
      'calc/core.py:6: ZeroDivisionError',
    ],
    place: 'calc/core.py:6',
    counts: [6, 3, 1],
  },
  'pytest-colour': {
    words: ['E       assert -1 == 5', 'tests/test_core.py:9'],
    place: 'tests/test_core.py:9',
    counts: [6, 3, 1],
  },
  'pytest-import': {
    words: ["E   ImportError: cannot import name 'multiply' from 'calc.core'"],
    place: 'tests/test_broken.py:1',
  },
  unittest: {
    words: ['AssertionError: -1 != 5', 'FAIL: test_add', 'ZeroDivisionError'],
    place: '/builds/tools/calculator/calc/core.py:6',
    counts: [3, 2, 1],
  },
  'python-exception': { words: ["KeyError: 'port'"], place: '/builds/tools/calculator/serve.py:5' },
  vitest: {
    words: ['AssertionError: expected 401 to be 400', 'tests/price.test.ts:5:73', 'src/price.ts:11:23'],
    place: 'src/price.ts:11',
    counts: [3, 2, 1],
  },
  'npm-test': { words: ['AssertionError: expected 401 to be 400'], place: 'tests/price.test.ts:5', counts: [3, 2, 1] },
  jest: {
    words: ['● price › total of two items', 'Expected: 400', 'Received: 401', 'src/price.js:6:23'],
    place: 'src/price.js:6',
    counts: [3, 2, 1],
  },
  'node-test-spec': {
    words: ['ERR_ASSERTION', '1 !== 0'],
    place: '/builds/tools/calculator/node-tests/price.test.ts:7',
    counts: [2, 1, 1],
  },
  'node-test-tap': {
    words: ['not ok 1 - of nothing is nothing', 'expected: 0', 'actual: 1'],
    place: '/builds/tools/calculator/node-tests/price.test.ts:7',
    counts: [2, 1, 1],
  },
  'node-exception': {
    words: ["TypeError: Cannot read properties of undefined (reading 'toString')"],
    place: '/builds/tools/calculator/server.mjs:6',
  },
  tsc: {
    words: ["src/cart.ts(5,9): error TS2322: Type 'number' is not assignable to type 'string'."],
    place: 'src/cart.ts:9',
  },
  'tsc-pretty': { words: ['error TS2322', "Property 'frist' does not exist"], place: 'src/cart.ts:5' },
  'npm-install': { words: ['npm error code ENOENT', '/missing/core.tgz'], place: '' },
  'go-test': { words: ['price_test.go:7: Total = 401, want 400', '--- FAIL: TestTotal'], place: 'price_test.go:7' },
  'go-test-v': { words: ['price_test.go:7: Total = 401, want 400'], place: 'price_test.go:7', counts: [3, 1, 1] },
  'go-panic': {
    words: ['panic: runtime error: index out of range [0]'],
    place: '/builds/tools/calculator/price/price.go:14',
  },
  'go-build': { words: ['price/broken.go:4:9: invalid operation: cents + " cents"'], place: 'price/broken.go:4' },
  javac: { words: ['Broken.java:5: error: incompatible types'], place: 'src/main/java/tools/Broken.java:9' },
  'java-exception': { words: ['java.lang.NullPointerException'], place: 'tools/Price.java:11' },
  'maven-test': {
    words: ['PriceTest.totalOfTwo:11 sum of two amounts expected:<400> but was:<401>', 'PriceTest.java:16'],
    place: 'tools/PriceTest.java:11',
    counts: [3, 2, 1],
  },
  'maven-compile': {
    words: ['Broken.java:[5,22] incompatible types'],
    place: '/builds/tools/calculator/src/main/java/tools/Broken.java:5',
  },
  'maven-offline': { words: ['[ERROR] Plugin'], place: '' },
  shell: { words: ['compile-assets: command not found'], place: 'build.sh:3' },
}

const words = 'cache index shard upload mirror bundle worker socket frame token batch layer queue stage probe'.split(
  ' ',
)

/** Text of about `size` characters that speaks of errors where there are none, as builds do. */
export function noise(size: number): string {
  const lines: string[] = []
  for (let at = 0, length = 0; length < size; at++) {
    const word = `${words[at % 15]}-${words[(at * 7) % 13]}`
    const line = noisyLine(at, word)
    lines.push(line)
    length += line.length + 1
  }
  return `${lines.join('\n')}\n`
}

function noisyLine(at: number, word: string): string {
  switch (at % 8) {
    case 0:
      return `[${at}] retrying ${word}: error: connection reset, attempt ${at % 5} of 5 (failed as expected)`
    case 1:
      return `\u001b[33mWARNING\u001b[0m ${word} is deprecated, see https://example.com/${at}/error.html`
    case 2:
      return `Downloading ${word} ${at}%\rDownloading ${word} ${at + 1}%\rDownloading ${word} failed, trying mirror\rDownloading ${word} done\u001b[K`
    case 3:
      return `\u001b[32mok\u001b[0m ${at} - handles the failed ${word} error`
    case 4:
      return `  at ${word} (/usr/lib/node_modules/tool/lib/${word}.js:${at}:7) 0x${(at * 2654435761).toString(16)}`
    case 5:
      return `ERROR ${word} failed with exception ${at}, ignored`
    case 6:
      return `I ${at} compiled src/${word}/${at}.ts in ${at % 90} ms, 0 errors, 0 failures`
    default:
      return `${'='.repeat(at % 60)}> ${word} ${at}/100000`
  }
}

/** A trace with its script between much noise, after it, and in `after_script`. */
export function buried(trace: string, size: number): string {
  const half = noise(size / 2)
  const cut = trace.indexOf('$ ')
  const line = trace.indexOf('\n', cut) + 1
  const after = trace.indexOf('error: nothing to clean')
  return trace.slice(0, line) + half + trace.slice(line, after) + half + trace.slice(after)
}

/** A trace with the time in front of each line, as newer runners write it. */
export function stamped(trace: string): string {
  return trace
    .split('\n')
    .map(
      (line) =>
        `2026-11-21T10:00:00.000000Z 00O ${line.replaceAll('\r\u001b[0K', '\r\u001b[0K\n2026-11-21T10:00:00.000000Z 00O+')}`,
    )
    .join('\n')
}
