import { describe, expect, it } from 'vitest'
import { fencedBlocks, hintOf, possibleBlocks } from './fences.ts'

const codes = (text: string): string[] => fencedBlocks(text).map((block) => block.code)

describe('fenced blocks', () => {
  it('end at a bare fence of the same kind and at least the same length', () => {
    expect(codes('````py\n```\na\n~~~\n````\nb')).toEqual(['```\na\n~~~'])
    expect(codes('~~~\na\n```\n~~~~')).toEqual(['a\n```'])
    expect(codes('```\na\n``` py\nb\n```')).toEqual(['a\n``` py\nb'])
  })

  it('go to the end where nothing closes them', () => {
    expect(fencedBlocks('```py\na\nb')).toMatchObject([{ code: 'a\nb', closed: false, startLine: 2, endLine: 3 }])
  })

  it('lose the indentation of their opening fence, not their own', () => {
    expect(codes('  ```\n    a\n  b\n c\n  ```')).toEqual(['  a\nb\nc'])
  })

  it('are not opened by backticks within a line', () => {
    expect(codes('```a``` and ```b```')).toEqual([])
  })

  it('are offered with every closer that is plausible', () => {
    const offered = possibleBlocks('```py\na\n```\nb\n```\n').map((block) => block.code)
    expect(offered).toContain('a')
    expect(offered).toContain('a\n```\nb')
  })

  it('stay few however many fences there are', () => {
    expect(possibleBlocks('```\n'.repeat(10_000)).length).toBeLessThan(2_000)
  })
})

describe('hints of a block', () => {
  const hint = (info: string, heading = '', code = 'x = 1'): unknown =>
    hintOf({ code, info, heading, startLine: 2, endLine: 3, closed: true }, 'python')

  it('come from the info string, the line before and the first line', () => {
    expect(hint('python')).toEqual({ content: 'named', file: undefined })
    expect(hint('python:tests/test_a.py')).toEqual({ content: 'named', file: 'tests/test_a.py' })
    expect(hint('', '**`test_a.py`**')).toEqual({ content: 'unnamed', file: 'test_a.py' })
    expect(hint('py', '', '# tests/test_a.py\nx = 1')).toEqual({ content: 'named', file: 'tests/test_a.py' })
    expect(hint('bash')).toEqual({ content: 'other', file: undefined })
  })
})
