import { describe, expect, it } from 'vitest'
import { statementEnds } from './syntax-brackets.ts'
import { syntaxFault } from './syntax-fault.ts'

describe('JavaScript and TypeScript with a fault', () => {
  it.each([
    'const a = 1; const a = 2',
    "import { a } from 'x'\nimport { a } from 'y'",
    'function f() { await x }',
    'return 1',
    'if (x) break',
    '{ import a from "b" }',
    'const a',
    "it('a', () => {",
    'expect(1.toBe(1)',
    "x = 'abc",
  ])('%j are told', (code) => {
    expect(syntaxFault(code, 'typescript')).toBeDefined()
    expect(syntaxFault(code, 'javascript')).toBeDefined()
  })

  it('types are a fault in JavaScript', () => {
    expect(syntaxFault('const a: number = 1', 'javascript')).toBeDefined()
    expect(syntaxFault('const a: number = 1', 'typescript')).toBeUndefined()
  })
})

describe('sound JavaScript and TypeScript', () => {
  it.each([
    'await f(); for (const a of b) { if (a) continue }',
    "import type { A } from 'x'\nimport { A as B } from 'x'",
    "vi.mock('x', async (original) => ({ ...(await original<typeof import('x')>()) }))",
    'const f = async () => { await g() }; { const f = 1 }',
    'it.each`a|b\n${1}|${2}`("$a", ({ a, b }) => {})',
    'declare const a: number',
    'const { a, b: [c], ...d } = e satisfies F',
  ])('%j is accepted', (code) => {
    expect(syntaxFault(code, 'typescript')).toBeUndefined()
  })
})

describe('ends of statements', () => {
  const tops = (code: string): string[] =>
    statementEnds(code)
      .filter(({ open }) => open.length === 0)
      .map(({ index }) => code.slice(0, index))

  it('are found outside of strings, templates, comments and regular expressions', () => {
    const code = "a('});');\nb(`}); ${c({ d: '}' })} `);\n// e });\nf(/[/}]\\)/g, g / 2);\n"
    expect(tops(code).map((text) => text.split('\n').length)).toEqual([1, 2, 4])
  })

  it('stop where a string, a template or a comment breaks off', () => {
    for (const tail of ["x('abc", 'x(`abc ${', '/* abc; ']) expect(tops(`a();\n${tail} b();`)).toEqual(['a();'])
  })

  it('know which calls are open', () => {
    const [end] = statementEnds("describe.each([1])('x', () => {\n  it('a', () => {})\n").slice(-1)
    expect(end?.open.map(({ char, callee }) => `${callee}${char}`)).toEqual(['describe.each(', '{'])
  })
})
