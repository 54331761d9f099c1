import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { syntaxFault } from './syntax-fault.ts'

const faulty = [
  "print 'x'",
  "exec 'x'",
  'return 1',
  'yield 1',
  'await x',
  'break',
  'nonlocal x',
  'def f():\n',
  'def f():\n    # nothing\n\nx = 1',
  'def f():\n  x = 1\n y = 2',
  'if x:\n    a\n\tb',
  '  x = 1',
  'x = 1\n  y = 2',
  'if x:\npass',
  'if True:\n    x\n  else:\n    y',
  '@d\n  def f(): pass',
  'f(a=1, 2)',
  'f(a=1, a=2)',
  'f(**a, b)',
  'f(x for x in y, 1)',
  'def f(a=1, b): pass',
  'def f(a, a): pass',
  'def f(*): pass',
  'def f(a, (b, c)): pass',
  'lambda x=1, y: 0',
  'a <> b',
  '`x`',
  '0777',
  'a = 1L',
  "ur''",
  "'\\x0'",
  "'\\N{x'",
  "b'é'",
  "'a' b'b'",
  "raise E, 'x'",
  'try:\n a\nexcept E, e:\n b',
  'try:\n x',
  'try:\n a\nexcept:\n b\nexcept E:\n c',
  'async = 1',
  'def f():\n await x',
  'def f():\n async with a: pass',
  'def f():\n from a import *',
  "f'{a!z}'",
  'del f()',
  'x = *a',
  'a := 1',
  'a as b',
  'a, b += 1',
  'x, y: int = 1',
  'x = A: b',
  'with a as f(): pass',
  'from a import b,',
  'x = 1\nfrom __future__ import annotations',
  'def f():\n x = 1\n global x',
  'x = 1\\',
  'x = (1,',
  "x = 'it's'",
]
const sound = [
  '',
  '# only a comment',
  'def f(): ...',
  'def f():\n\treturn 1',
  'if a:\n  b\nelif c:\n        d\nelse:\n e',
  'x = (\n1,\n  2)\n',
  'async def f():\n    async with a as b:\n        return [await c async for c in d]',
  'f(*a, b, c=1, *d, **e)',
  'def f(a, /, b=1, *args, c, d=2, **e): pass',
  'match x:\n    case {"a": [1, *_]} if y:\n        pass\n    case _:\n        pass',
  'try:\n a\nexcept* E as e:\n b\nelse:\n c\nfinally:\n d',
  '@a.b(1)\n@c\ndef f(): pass',
  "f'{a!r:>{b}}' 'x' + rb''.decode()",
  "b'\\u00e9' + b'\\xff'",
  'print(*a, sep="")',
  'x: int = 3; y = z = 1_000j',
  '"""doc"""\nfrom __future__ import annotations',
  'while (a := b()) is not None: break',
  'with (a as b, c as d): pass',
  'def f():\n global x\n x = 1',
]

describe('Python that CPython refuses', () => {
  it.each(faulty)('%j has a fault', (code) => {
    expect(syntaxFault(code, 'python')).toBeDefined()
  })
})

describe('Python that CPython accepts', () => {
  it.each(sound)('%j has none', (code) => {
    expect(syntaxFault(code, 'python')).toBeUndefined()
  })

  it('has its fault at the line where it is', () => {
    expect(syntaxFault('x = 1\n\ndef f(a=1, b):\n    pass', 'python')).toMatchObject({ line: 3 })
  })
})

const venv = resolve(import.meta.dirname, '../../.venv/bin/python')
const python = [venv, 'python3'].find((command) => spawnSync(command, ['--version']).status === 0)
if (python === undefined) console.log('no python3 on this machine: agreement with CPython is not measured')

const verdicts = `
import json, sys, warnings
warnings.simplefilter('ignore')
def sound(code):
    try:
        compile(code, 'x', 'exec', dont_inherit=True)
        return True
    except (SyntaxError, ValueError):
        return False
print(json.dumps([sound(code) for code in json.load(sys.stdin)]))
`

const sample = `import pytest
from unittest.mock import patch


class Account:
    """Holds money.

    >>> Account(1)
    """

    def __init__(self, owner, balance=0, *, limit=None):
        self.owner, self.balance = owner, balance
        self.limits = {'day': limit, "month": [1, 2, 3]}

    @property
    def rich(self) -> bool:
        return self.balance > 1_000 and not (self.owner is None)


@pytest.fixture
def account():
    account = Account("a", balance=10)
    yield account


@pytest.mark.parametrize('value, expected', [(1, True), (-1, False)])
async def test_pay(account, value, expected):
    with patch('bank.send', side_effect=lambda x: x) as send, pytest.raises(ValueError, match=r'\\d+'):
        for index in range(3):
            if index == 2:
                continue
            assert await account.pay(value, f'{index:>3}') == expected, "message"
        else:
            raise ValueError(f"no {account.rich!r}")
    try:
        send.assert_called_once_with(b'\\x00', *[1], **{})
    except (TypeError, KeyError) as error:
        print(error)
    finally:
        del account
`

/** Small damage of the kinds that models do: a line or character lost, added, moved, or all cut off from there. */
const damage = fc.record({
  kind: fc.constantFrom('line', 'lines', 'char', 'insert', 'indent', 'outdent', 'tab', 'cut'),
  line: fc.nat(41),
  column: fc.nat(60),
  char: fc.constantFrom(...`'"()[]{}:,=#* `.split('')),
})

function damaged(
  code: string,
  { kind, line, column, char }: { kind: string; line: number; column: number; char: string },
): string {
  const lines = code.split('\n')
  const text = lines[line] ?? ''
  const at = Math.min(column, text.length)
  if (kind === 'line' || kind === 'lines') lines.splice(line, kind === 'line' ? 1 : 3)
  else if (kind === 'cut') return [...lines.slice(0, line), text.slice(0, at)].join('\n')
  else
    lines[line] =
      {
        char: text.slice(0, at) + text.slice(at + 1),
        indent: `  ${text}`,
        outdent: text.replace(/^ {1,4}/, ''),
        tab: `\t${text}`,
      }[kind] ?? text.slice(0, at) + char + text.slice(at)
  return lines.join('\n')
}

describe.skipIf(python === undefined)('the verdict on damaged Python', () => {
  it('agrees with that of CPython in at least 99 of 100 cases', () => {
    const codes = [...new Set(fc.sample(damage, { numRuns: 1_500, seed: 7 }).map((one) => damaged(sample, one)))]
    const { stdout } = spawnSync(python ?? '', ['-c', verdicts], { input: JSON.stringify(codes), encoding: 'utf8' })
    const expected = JSON.parse(stdout) as boolean[]
    const differing = codes.filter((code, index) => (syntaxFault(code, 'python') === undefined) !== expected[index])
    console.log(`agreement with CPython: ${codes.length - differing.length} of ${codes.length} damaged scripts`)
    expect(differing.length).toBeLessThanOrEqual(codes.length / 100)
  })
})
