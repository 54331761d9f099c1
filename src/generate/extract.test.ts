import { describe, expect, it } from 'vitest'
import { extractCode } from './extract.ts'
import type { Extraction } from './extract.ts'

const python = (answer: string, symbols: string[] = [], finish: 'stop' | 'length' | 'unknown' = 'stop'): Extraction =>
  extractCode(answer, { language: 'python', framework: 'pytest', symbols, finish })
const typescript = (answer: string, finish: 'stop' | 'length' = 'stop'): Extraction =>
  extractCode(answer, { language: 'typescript', framework: 'vitest', finish })

const names = (extraction: Extraction): string[] =>
  extraction.found ? extraction.tests.map((test) => test.name) : [extraction.reason]
const codeOf = (extraction: Extraction): string => (extraction.found ? extraction.code : '')
const methodOf = (extraction: Extraction): string => (extraction.found ? extraction.how.method : extraction.reason)

const script = `import pytest
from calc import add


def test_add():
    assert add(1, 2) == 3


def test_type():
    with pytest.raises(TypeError):
        add(1, None)`
const both = ['test_add', 'test_type']
const fenced = (code: string, info = 'python', fence = '```'): string => `${fence}${info}\n${code}\n${fence}`

describe('the easy path', () => {
  it('returns the first block byte for byte when it parses and holds tests', () => {
    const extraction = python(`Here you are:\n\n${fenced(script)}\n\nRun it with:\n\n${fenced('pytest -q', 'bash')}`)
    expect(codeOf(extraction)).toBe(script)
    expect(methodOf(extraction)).toBe('fence')
    expect(names(extraction)).toEqual(both)
    expect(extraction.found && extraction.how).toMatchObject({ startLine: 4, endLine: 14 })
  })

  it('takes an answer that is nothing but code', () => {
    expect(codeOf(python(`${script}\n`))).toBe(`${script}\n`)
    expect(methodOf(python(script))).toBe('whole_text')
  })

  it('keeps a first block although a later one holds other tests that stand alone', () => {
    const other =
      'import unittest\nfrom calc import add\n\nclass AddTest(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(add(1, 1), 2)'
    const extraction = python(`${fenced(script)}\n\nAlternatively:\n\n${fenced(other)}`)
    expect(codeOf(extraction)).toBe(script)
    expect(extraction.found && extraction.how.notes.join()).toContain('left out other tests')
  })

  it('gives line ends as LF and drops a byte order mark', () => {
    expect(codeOf(python(`\ufeff${fenced(script)}`.replaceAll('\n', '\r\n')))).toBe(script)
  })
})

describe('fences', () => {
  it.each([
    ['tildes', fenced(script, 'python', '~~~')],
    ['four backticks', fenced(script, 'python', '````')],
    ['no language', fenced(script, '')],
    ['a capital letter', fenced(script, 'Python')],
    ['a title', fenced(script, 'python title="test_calc.py"')],
    ['braces', fenced(script, '{.python}')],
    ['a file name', fenced(script, 'test_calc.py')],
    ['no closing fence', `\`\`\`python\n${script}`],
    ['a closing fence glued to the code', `\`\`\`python\n${script}\`\`\``],
    ['a quotation', fenced(script).replaceAll(/^/gm, '> ')],
    ['trailing spaces', fenced(script).replaceAll('```', '```  ')],
  ])('are read with %s', (_name, answer) => {
    expect(codeOf(python(answer)).trimEnd()).toBe(script)
  })

  it('are read inside a list, however deep', () => {
    const item = (indent: string): string =>
      `1. Write this:\n\n${fenced(script).replaceAll(/^(?=.)/gm, indent)}\n\n2. Run it.`
    for (const indent of ['   ', '    ', '      ']) expect(codeOf(python(item(indent)))).toBe(script)
    expect(codeOf(python(`- ${fenced(script).replaceAll('\n', '\n  ')}`.replaceAll(/^ +$/gm, '')))).toBe(script)
  })

  it('inside of the code do not end it', () => {
    const nested = `"""Tests.\n\n\`\`\`python\nadd(1, 2)\n\`\`\`\n"""\n${script}`
    expect(codeOf(python(`Sure:\n${fenced(nested)}\nDone.`))).toBe(nested)
    const bare = `"""Usage:\n\`\`\`\nadd(1, 2)\n\`\`\`\n"""\n${script}`
    expect(codeOf(python(`Sure:\n${fenced(bare)}\n\nAnd run:\n\n${fenced('pytest', 'sh')}`))).toBe(bare)
    expect(codeOf(python(bare))).toBe(bare)
  })

  it('may be followed by the first line of code', () => {
    expect(codeOf(python(`\`\`\`python ${script}\n\`\`\``))).toBe(script)
  })

  it('may be indentation or tags instead', () => {
    const indented = `Here:\n\n${script.replaceAll(/^(?=.)/gm, '    ')}\n\nDone.`
    expect(codeOf(python(indented))).toBe(script)
    expect(codeOf(python(`<pre><code class="language-python">${script}</code></pre>`))).toBe(script)
  })

  it('that are missing leave the code between two paragraphs', () => {
    const extraction = python(`Here is the test file.\n\n${script}\n\nThis covers both cases, I think.`)
    expect(codeOf(extraction)).toBe(script)
    expect(methodOf(extraction)).toBe('line_range')
  })
})

describe('several blocks', () => {
  it('of other kinds lose: shell, JSON, output, usage', () => {
    const usage = fenced('from calc import add\nprint(add(1, 2))')
    expect(
      codeOf(
        python(`${fenced('pip install pytest', 'bash')}\n${fenced('{"a": 1}', 'json')}\n${usage}\n${fenced(script)}`),
      ),
    ).toBe(script)
  })

  it('that define the target lose to those that use it', () => {
    const target = fenced('def add(a, b):\n    return a + b\n\ndef test_self():\n    assert add(1, 1) == 2')
    expect(codeOf(python(`${target}\n\nTests:\n\n${fenced(script)}`, ['add']))).toBe(script)
    const file = fenced('def add(a, b):\n    return a + b')
    expect(codeOf(python(`**calc.py**\n${file}\n\n**test_calc.py**\n${fenced(script)}`))).toBe(script)
  })

  it('join when one holds the imports and fixtures and the other the tests', () => {
    const head = 'import pytest\nfrom calc import add\n\n@pytest.fixture\ndef two():\n    return 2'
    const tail = 'def test_two(two):\n    assert add(two, two) == 4'
    const extraction = python(`First:\n${fenced(head)}\nThen:\n${fenced(tail)}`)
    expect(names(extraction)).toEqual(['test_two'])
    expect(codeOf(extraction)).toContain('import pytest')
    expect(methodOf(extraction)).toBe('joined_fences')
  })

  it('join when a later one brings other tests, and imports the same and no more', () => {
    const more = 'from calc import add\n\ndef test_zero():\n    assert add(0, 0) == 0'
    const extraction = python(`${fenced(script)}\n\nAnd the edge case:\n\n${fenced(more)}`)
    expect(names(extraction)).toEqual([...both, 'test_zero'])
    const same = more.replace('\n\n', '\n\ndef two():\n    return 2\n\n')
    const other = `${fenced(same)}\n\n${fenced(same.replace('return 2', 'return 3').replace('zero', 'one'))}`
    expect(names(python(other))).toEqual(['test_zero'])
  })

  it('join when a later one goes on with tests that lean on the first', () => {
    const more = 'def test_zero():\n    assert add(0, 0) == 0'
    const extraction = python(`${fenced(script)}\n\nAnd the edge case:\n\n${fenced(more)}`)
    expect(names(extraction)).toEqual([...both, 'test_zero'])
    expect(codeOf(extraction).startsWith(script)).toBe(true)
  })

  it('end with the later one when it repeats all tests of the earlier', () => {
    const better = script.replace('== 3', '== 3.0')
    expect(codeOf(python(`${fenced(script)}\n\nWait, a correction:\n\n${fenced(better)}`))).toBe(better)
  })

  it('of TypeScript join without importing twice', () => {
    const head =
      "import { expect, it } from 'vitest'\nimport { add } from './add.ts'\n\nit('adds', () => {\n  expect(add(1, 1)).toBe(2)\n})"
    const tail = "import { expect, it } from 'vitest'\n\nit('adds nothing', () => {\n  expect(add(0, 0)).toBe(0)\n})"
    const extraction = typescript(`${fenced(head, 'ts')}\n\n${fenced(tail, 'ts')}`)
    expect(names(extraction)).toEqual(['adds', 'adds nothing'])
    expect(codeOf(extraction).match(/from 'vitest'/g)).toHaveLength(1)
  })
})

describe('thoughts', () => {
  const draft = fenced('def test_draft():\n    assert False')

  it('go, closed, lone or between the lines', () => {
    expect(codeOf(python(`<think>\nMaybe ${draft}\n</think>\n\n${fenced(script)}`))).toBe(script)
    expect(codeOf(python(`Okay, so\n${draft}\nNo.\n</think>\n\n${fenced(script)}`))).toBe(script)
    expect(codeOf(python(`Okay, so\n\`\`\`python\ndef test_draft(\n</think>\n\n${fenced(script)}`))).toBe(script)
    expect(codeOf(python(`Sure.\n<thinking>\n${draft}\n</thinking>\n${fenced(script)}`))).toBe(script)
  })

  it('without an end hold no answer', () => {
    expect(names(python(`<think>\n${draft}\nHmm`))).toEqual(['thoughts_only'])
    expect(names(python('<think>\nnothing\n</think>\n'))).toEqual(['thoughts_only'])
  })

  it('are told from tags inside a script', () => {
    const tags =
      'from clean import strip\n\ndef test_strip():\n    text = """\n<think>\na\n</think>\nb"""\n    assert strip(text) == "b"'
    expect(codeOf(python(fenced(tags)))).toBe(tags)
    expect(codeOf(python(tags))).toBe(tags)
  })

  it('keep the lines of the answer numbered', () => {
    const extraction = python(`<think>\na\nb\n</think>\n${fenced(script)}`)
    expect(extraction.found && extraction.how.startLine).toBe(6)
  })
})

describe('spoilt text', () => {
  it.each([
    [
      'HTML entities',
      fenced(script.replace('add(1, None)', 'add("a", 1) &lt; 3').replaceAll('"', '&quot;')),
      'add("a", 1) < 3',
    ],
    ['entities that parse by chance', fenced(script.replace('== 3', '&lt; 4')), 'add(1, 2) < 4'],
    [
      'characters of no width',
      fenced(script.replace('import pytest', 'import\u200b pytest').replace('assert', '\u200bassert')),
      'assert add(1, 2) == 3',
    ],
    ['no-break spaces', fenced(script.replaceAll('    ', '\u00a0\u00a0\u00a0\u00a0')), '    assert add'],
    ['leaked tokens', `${fenced(script)}<|im_end|>\n<|endoftext|>`, 'assert add(1, 2) == 3'],
    ['a leaked token in place of the closing fence', `\`\`\`python\n${script}\n<|im_end|>`, 'assert add(1, 2) == 3'],
    ['common indentation', fenced(script.replaceAll(/^(?=.)/gm, '    ')), 'assert add(1, 2) == 3'],
    ['typographic quotation marks', fenced(script.replace('None', '\u201cx\u201d')), 'add(1, "x")'],
    [
      'line numbers',
      fenced(
        script
          .split('\n')
          .map((line, index) => `${index + 1}| ${line}`)
          .join('\n'),
      ),
      'assert add(1, 2) == 3',
    ],
    ['the marks of a diff', fenced(script.replaceAll(/^/gm, '+'), 'diff'), 'assert add(1, 2) == 3'],
  ])('is read through %s', (_name, answer, part) => {
    const extraction = python(answer)
    expect(names(extraction)).toEqual(both)
    expect(codeOf(extraction)).toContain(part)
  })
})

describe('envelopes', () => {
  it.each([
    ['JSON', JSON.stringify({ code: script })],
    ['fenced JSON', fenced(JSON.stringify({ test_code: script }, null, 2), 'json')],
    ['JSON with a list of files', JSON.stringify({ files: [{ path: 'test_calc.py', content: script }] })],
    ['a JSON string', JSON.stringify(script)],
    ['JSON by file name', JSON.stringify({ 'tests/test_calc.py': script })],
    ['JSON that lacks its end', JSON.stringify({ explanation: 'two tests', code: script }).slice(0, -1)],
    ['JSON with raw line ends', `{"code": "${script.replaceAll('"', '\\"')}"}`],
    ['YAML with a block', `explanation: two tests\ncode: |\n${script.replaceAll(/^(?=.)/gm, '  ')}\n`],
    [
      'fenced YAML',
      fenced(`new_tests:\n  - test_name: add\n    test_code: |\n${script.replaceAll(/^(?=.)/gm, '      ')}`, 'yaml'),
    ],
  ])('of %s are opened', (_name, answer) => {
    const extraction = python(answer)
    expect(names(extraction)).toEqual(both)
    expect(methodOf(extraction)).toBe('envelope')
  })
})

describe('misses', () => {
  it.each([
    ['', 'empty'],
    [' \n\t', 'empty'],
    ["I'm sorry, but I can't help with that.", 'refusal'],
    ['抱歉，我无法为您生成测试代码。', 'refusal'],
    ['К сожалению, я не могу выполнить этот запрос.', 'refusal'],
    ['The class has no methods, so there is nothing to test.', 'no_code'],
    ['OK', 'no_code'],
    [fenced('def add(a, b):\n    return a + b'), 'no_tests'],
    [fenced('def test_a(:\n    assert 1'), 'syntax'],
    [fenced("def test_a():\n    print 'two'\n    pass"), 'syntax'],
  ])('%j is %s', (answer, reason) => {
    const extraction = python(answer)
    expect(names(extraction)).toEqual([reason])
    expect(extraction.found || extraction.message).not.toBe('')
  })

  it('name the place of a fault and keep the nearest code', () => {
    const extraction = python(`Here:\n\n${fenced('x = 1\ndef test_a(:\n    assert x')}`)
    expect(extraction).toMatchObject({
      found: false,
      reason: 'syntax',
      line: 5,
      best: 'x = 1\ndef test_a(:\n    assert x',
    })
  })

  it('of a refusal give way to code that came nevertheless', () => {
    expect(names(python(`I'm sorry, I can't see the module. A template:\n${fenced(script)}`))).toEqual(both)
  })
})

describe('answers in TypeScript and JavaScript', () => {
  const suite =
    "import { describe, expect, it } from 'vitest'\nimport { add } from './add.ts'\n\ndescribe('add', () => {\n  it('adds', () => {\n    const sum: number = add(1, 2)\n    expect(sum).toBe(3)\n  })\n\n  it('knows \\'quotes\\' and /slashes/', () => {\n    expect(`${add(1, 1)} })`).toMatch(/2 \\}\\)/)\n  })\n})"

  it('are taken whole', () => {
    expect(codeOf(typescript(fenced(suite, 'ts')))).toBe(suite)
    expect(names(typescript(fenced(suite, 'typescript')))).toEqual([
      'add > adds',
      "add > knows \\'quotes\\' and /slashes/",
    ])
  })

  it('may hold JSX', () => {
    const tsx =
      "import { expect, test } from 'vitest'\n\ntest('renders', () => {\n  const node: unknown = <p>hi</p>\n  expect(node).toBeTruthy()\n})"
    expect(codeOf(typescript(fenced(tsx, 'tsx')))).toBe(tsx)
  })

  it('are JavaScript only when they hold no types', () => {
    const options = { language: 'javascript', framework: 'node' } as const
    const plain =
      "import test from 'node:test'\nimport assert from 'node:assert'\n\ntest('adds', () => {\n  assert.equal(1 + 1, 2)\n})"
    expect(codeOf(extractCode(fenced(plain, 'js'), options))).toBe(plain)
    expect(names(extractCode(fenced(suite, 'ts'), options))).toEqual(["add > knows \\'quotes\\' and /slashes/"])
  })

  it('lose only the test in which they were cut off, wherever that was', () => {
    const start = suite.indexOf("it('knows")
    for (let end = start + 12; end < suite.lastIndexOf('  })'); end++) {
      const extraction = typescript(`\`\`\`ts\n${suite.slice(0, end)}`, 'length')
      expect(names(extraction), suite.slice(0, end)).toEqual(['add > adds'])
    }
  })
})

describe('answers that broke off', () => {
  it('lose only the Python test in which that happened, wherever it was', () => {
    const start = script.indexOf('def test_type') + 8
    for (let end = start; end <= script.length; end++)
      expect(names(python(`\`\`\`python\n${script.slice(0, end)}`, [], 'length')), script.slice(0, end)).toEqual([
        'test_add',
      ])
  })

  it('keep the only test when it still asserts something', () => {
    const extraction = python(
      "```python\nfrom calc import add\n\ndef test_add():\n    assert add(1, 2) == 3\n    assert add('a",
      [],
      'length',
    )
    expect(names(extraction)).toEqual(['test_add'])
    expect(codeOf(extraction)).not.toContain("add('a")
    expect(methodOf(extraction)).toBe('salvaged')
  })

  it('lose methods of a test class one by one', () => {
    const answer =
      '```python\nclass TestAdd:\n    def test_a(self):\n        assert 1\n\n    def test_b(self):\n        x = "abc'
    expect(names(python(answer, [], 'length'))).toEqual(['TestAdd::test_a'])
  })
})

describe('a fault in a closed block', () => {
  it('costs only the statement that holds it', () => {
    const broken = script.replace('assert add(1, 2) == 3', 'assert add(1, 2 == 3')
    const extraction = python(fenced(broken))
    expect(names(extraction)).toEqual(['test_type'])
    expect(extraction.found && extraction.how.notes.join()).toContain('dropped lines 5-')
  })

  it('costs only one test of a group', () => {
    const broken =
      "import { describe, expect, it } from 'vitest'\n\ndescribe('add', () => {\n  it('a', () => {\n    expect(1).toBe(1)\n  })\n\n  it('b', () => {\n    expect(1.toBe(1)\n  })\n\n  it('c', () => {\n    expect(2).toBe(2)\n  })\n})"
    expect(names(typescript(fenced(broken, 'ts')))).toEqual(['add > a', 'add > c'])
  })
})
