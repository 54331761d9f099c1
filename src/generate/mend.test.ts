import { describe, expect, it } from 'vitest'
import { mendScript } from './mend.ts'

const python = (code: string): string => mendScript(code, { language: 'python', framework: 'pytest' }).code
const vitest = (code: string): string => mendScript(code, { language: 'typescript', framework: 'vitest' }).code

describe('mending Python', () => {
  it('leaves a script alone that needs nothing', () => {
    const code = 'import pytest\n\n\ndef test_a():\n\tassert pytest'
    expect(mendScript(code, { language: 'python' })).toEqual({ code, applied: [] })
  })

  it('drops what starts a runner from within', () => {
    const test = 'def test_a():\n    assert f()\n'
    expect(python(`${test}\n\nif __name__ == '__main__':\n    import pytest\n    pytest.main([__file__])\n`)).toBe(test)
    expect(python(`import sys\n${test}\nsys.exit(pytest.main(['-q']))\n`)).toBe(`import sys\n${test}`)
    expect(python(`import unittest\n${test}\nunittest.main()`)).toBe(`import unittest\n${test}`)
  })

  it('numbers later tests of the same name, in classes too', () => {
    const code =
      'def test_a():\n    assert f()\n\ndef test_a():\n    assert g()\n\ndef test_a_2():\n    assert h()\n\nclass TestB:\n    def test_a(self):\n        assert f()\n'
    expect(python(code)).toBe(code.replace('def test_a():\n    assert g', 'def test_a_3():\n    assert g'))
  })

  it('makes a test of assertions at the top level when there is no test', () => {
    expect(python('from calc import add\n\nx = add(1, 2)\nassert x == 3\n')).toBe(
      'from calc import add\n\n\ndef test_assertions():\n    x = add(1, 2)\n    assert x == 3\n',
    )
    const tested = 'def test_a():\n    assert f()\n\nassert f()\n'
    expect(python(tested)).toBe(tested)
  })

  it('adds imports after the docstring and the future', () => {
    expect(python('def test_a():\n    with pytest.raises(E):\n        f()\n')).toMatch(/^import pytest\ndef/)
    expect(
      python('"""Doc."""\nfrom __future__ import annotations\n\nX = os.sep\ndef test_a():\n    assert Mock(X)\n'),
    ).toBe(
      '"""Doc."""\nfrom __future__ import annotations\nimport os\nfrom unittest.mock import Mock\n\nX = os.sep\ndef test_a():\n    assert Mock(X)\n',
    )
  })

  it('takes off indentation and mixed tabs only where the script does not parse', () => {
    expect(python('    def test_a():\n        assert f()\n')).toBe('def test_a():\n    assert f()\n')
    expect(python('def test_a():\n    x = f()\n\tassert x\n')).toBe('def test_a():\n    x = f()\n    assert x\n')
  })

  it('gives up quietly on what does not parse', () => {
    expect(mendScript('def test_a(:', { language: 'python' })).toEqual({ code: 'def test_a(:', applied: [] })
  })
})

describe('mending TypeScript', () => {
  it('writes vitest for jest', () => {
    const code =
      "import { jest, expect } from '@jest/globals'\nimport { f } from './f.ts'\n\ntest('jest', () => {\n  const g = jest.fn()\n  f(g)\n  expect(g).toHaveBeenCalled()\n})\n"
    expect(vitest(code)).toBe(
      "import { expect, test, vi } from 'vitest'\nimport { f } from './f.ts'\n\ntest('jest', () => {\n  const g = vi.fn()\n  f(g)\n  expect(g).toHaveBeenCalled()\n})\n",
    )
  })

  it('adds what is missing of the framework, and only that', () => {
    const code = "import { expect } from 'vitest'\ntest('a', () => { expect(1).toBe(1) })\n"
    expect(vitest(code)).toBe(`import { test } from 'vitest'\n${code}`)
    const whole = `import { expect, test } from 'vitest'\ntest('a', () => { expect(1).toBe(1) })\n`
    expect(vitest(whole)).toBe(whole)
    const mended = mendScript("'use strict'\ntest('a', () => assert.ok(1))", {
      language: 'javascript',
      framework: 'node',
    })
    expect(mended.code).toContain("import { test } from 'node:test'\nimport assert from 'node:assert/strict'\ntest(")
    const required = "const test = require('node:test')\ntest('a', () => assert.ok(1))"
    expect(mendScript(required, { language: 'javascript', framework: 'node' }).code).toBe(required)
  })
})
