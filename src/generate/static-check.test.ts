import { describe, expect, it } from 'vitest'
import type { Framework, Language } from '../domain/suite.ts'
import { checkScript } from './static-check.ts'

const kinds = (code: string, language: Language = 'python', framework: Framework = 'pytest'): string[] =>
  checkScript(code, { language, framework }).map(({ kind, line }) => `${kind} ${line}`)
const vitest = (body: string): string[] =>
  kinds(`import { describe, expect, it, test, vi } from 'vitest'\n${body}`, 'typescript', 'vitest')

describe('a Python script', () => {
  it('that asserts on the target gives no finding', () => {
    const code = `import pytest\nfrom calc import add\n\ndef test_a():\n    assert add(1, 2) == 3\n\ndef test_b():\n    with pytest.raises(TypeError):\n        add(None, 1)\n\nclass TestC:\n    def test_d(self, mocker):\n        spy = mocker.spy(add, 'x')\n        spy.assert_called_once()\n`
    expect(checkScript(code, { language: 'python', framework: 'pytest', symbols: ['add'] })).toEqual([])
  })

  it.each([
    ['def test_a(:\n    pass', ['syntax 1']],
    ['x = 1\n', ['no_tests 1']],
    ['def test_a():\n    assert f()\n\ndef test_a():\n    assert g()', ['duplicate_test 4']],
    ['def test_a():\n    f()', ['no_assertion 1']],
    ['def test_a():\n    assert True', ['constant_assertion 2']],
    ['def test_a():\n    assert 1 == 1, "x"', ['constant_assertion 2']],
    ['def test_a():\n    x = f()\n    assert x == x', ['constant_assertion 3']],
    ['import pytest\n@pytest.mark.skip\ndef test_a():\n    assert f()', ['skipped 2']],
    ['import os\ndef test_a():\n    assert f()\n    os._exit(0)', ['forbidden_call 4']],
    ['import sys\ndef test_a():\n    assert f()\n    sys.exit()', ['forbidden_call 4']],
    ['import requests\ndef test_a():\n    assert requests.get("https://api.github.com/x").ok', ['network 3']],
    ['import requests\ndef test_a():\n    assert requests.get("http://127.0.0.1:80/x").ok', []],
    ['def test_a():\n    with pytest.raises(E):\n        f()', ['missing_import 2']],
    ['def test_a(os):\n    assert os.path', []],
    ['from x import *\ndef test_a():\n    assert os.path', []],
  ])('%j gives %j', (code, expected) => {
    expect(kinds(code)).toEqual(expected)
  })

  it('that never mentions what is under test is reported', () => {
    const findings = checkScript('def test_a():\n    assert f()', { language: 'python', symbols: ['calc', 'add'] })
    expect(findings.map(({ kind }) => kind)).toEqual(['target_unused'])
  })

  it('that tests a copy of its own is reported', () => {
    const code = 'def add(a, b):\n    return a + b\ndef test_a():\n    assert add(1, 2) == 3'
    const findings = checkScript(code, { language: 'python', symbols: ['calc', 'add'] })
    expect(findings.map(({ severity, kind }) => `${severity} ${kind}`)).toEqual(['error target_redefined'])
    const beside = checkScript(`from calc import sub\n${code}`, { language: 'python', symbols: ['calc', 'add'] })
    expect(beside.map(({ severity, kind }) => `${severity} ${kind}`)).toEqual(['warning target_redefined'])
  })

  it('is rejected only for what breaks the run', () => {
    const found = checkScript('import os\ndef test_a():\n    os._exit(0)', { language: 'python' })
    expect(found.map(({ severity, kind }) => `${severity} ${kind}`)).toEqual([
      'warning no_assertion',
      'error forbidden_call',
    ])
  })
})

describe('a TypeScript script', () => {
  it.each([
    ["it('a', () => { expect(f(1)).toBe(2) })", []],
    ["it('a', () => { f(1) })", ['no_assertion 2']],
    ["it('a', () => { expect(true).toBe(true) })", ['constant_assertion 2']],
    ["it('a', () => { const x = f(); expect(x).toBe(x) })", ['constant_assertion 2']],
    ["it.only('a', () => { expect(f()).toBe(1) })", ['only 2']],
    ["it.skip('a', () => { expect(f()).toBe(1) })", ['skipped 2']],
    ["it('a', () => { expect(f()).toBe(1) })\nit('a', () => { expect(f()).toBe(2) })", ['duplicate_test 3']],
    ["it('a', () => { expect(f()).toBe(1); process.exit(0) })", ['forbidden_call 2']],
    ["it('a', async () => { expect(await fetch('https://google.com')).toBe(1) })", ['network 2']],
    ['const x = 1', ['no_tests 1']],
    ["it('a', () => { expect(f()).toBe(1) ", ['syntax 2']],
    ["it.each([1, 2])('a %i', (x) => { expect(f(x)).toBe(x) })", []],
  ])('%j gives %j', (body, expected) => {
    expect(vitest(body).map((one) => one.replace('syntax 1', 'syntax 2'))).toEqual(expected)
  })

  it('must import what it uses of its framework', () => {
    expect(kinds("test('a', () => { assert.equal(f(), 1) })", 'javascript', 'node')).toEqual([
      'missing_import 1',
      'missing_import 1',
    ])
  })
})
