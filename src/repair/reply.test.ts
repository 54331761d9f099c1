import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseReply, replyContract } from './reply.ts'
import type { Edit, ParsedReply } from './reply.ts'

const block = (path: string, search: string, replace: string): string =>
  `${path}\n<<<<<<< SEARCH\n${search}\n=======\n${replace}\n>>>>>>> REPLACE`
const one = 'src/a.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE'
const edit: Edit = { kind: 'replace', path: 'src/a.py', search: 'x = 1', replace: 'x = 2' }
const edits = (reply: ParsedReply): readonly Edit[] | string =>
  reply.kind === 'patch' ? reply.edits : JSON.stringify(reply)
const complaint = (text: string, strategy: 'blocks' | 'whole_file' = 'blocks'): string => {
  const reply = parseReply(text, strategy)
  return reply.kind === 'malformed' ? reply.complaint : `no complaint: ${JSON.stringify(reply)}`
}
const body = '<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE'

/** Replies in the styles that models are known to write; all mean the same change. */
const styles: Readonly<Record<string, string>> = {
  'as asked for': one,
  'with prose before and after': `The constant is wrong.\n\n${one}\n\nThat should do it.`,
  'the block in a fence': `src/a.py\n\`\`\`python\n${body}\n\`\`\``,
  'path and block in a fence': `\`\`\`python\n${one}\n\`\`\``,
  'path and block in a fence without language': `\`\`\`\n${one}\n\`\`\``,
  'the path in backticks': `\`src/a.py\`\n${body}`,
  'the path in bold': `**src/a.py**\n${body}`,
  'the path in bold with a colon outside': `**src/a.py**:\n${body}`,
  'the path in bold with a colon inside': `**src/a.py:**\n${body}`,
  'the path in bold and backticks': `**\`src/a.py\`**\n\n${body}`,
  'the path as a heading': `### src/a.py\n\n${body}`,
  'the path as a heading in backticks': `### \`src/a.py\`\n\`\`\`python\n${body}\n\`\`\``,
  'a numbered heading': `## 1. \`src/a.py\`\n${body}`,
  'a File label': `File: src/a.py\n${body}`,
  'a File label in bold': `**File: src/a.py**\n${body}`,
  'a File label in bold with backticks': `**File:** \`src/a.py\`\n${body}`,
  'a Path label': `Path: \`src/a.py\`\n${body}`,
  'a heading with a File label': `### File: \`src/a.py\`\n\`\`\`\n${body}\n\`\`\``,
  'a list item': `1. \`src/a.py\`\n\n${body}`,
  'the path as a comment': `\`\`\`python\n# src/a.py\n${body}\n\`\`\``,
  'the path as a script comment': `// src/a.py\n${body}`,
  'the path with a leading dot': `./src/a.py\n${body}`,
  'the path behind the language': `\`\`\`python src/a.py\n${body}\n\`\`\``,
  'the path behind a colon': `\`\`\`python:src/a.py\n${body}\n\`\`\``,
  'the path instead of a language': `\`\`\`src/a.py\n${body}\n\`\`\``,
  'the path as a title': `\`\`\`python title="src/a.py"\n${body}\n\`\`\``,
  'a diff fence': `src/a.py\n\`\`\`diff\n${body}\n\`\`\``,
  'a fence of tildes': `src/a.py\n~~~\n${body}\n~~~`,
  'four backticks': `src/a.py\n\`\`\`\`python\n${body}\n\`\`\`\``,
  'five signs in a marker': one.replace('<<<<<<<', '<<<<<').replace('=======', '=====').replace('>>>>>>>', '>>>>>'),
  'nine signs in a marker': one
    .replace('<<<<<<<', '<<<<<<<<<')
    .replace('=======', '=========')
    .replace('>>>>>>>', '>>>>>>>>>'),
  'markers of unlike length': one.replace('=======', '========').replace('>>>>>>>', '>>>>>>'),
  'lower-case words': one.replace('SEARCH', 'search').replace('REPLACE', 'replace'),
  'a colon behind the word': one.replace('SEARCH', 'SEARCH:'),
  'the path behind the marker': '<<<<<<< SEARCH src/a.py\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE',
  'no space before the words': one.replace('< SEARCH', '<SEARCH').replace('> REPLACE', '>REPLACE'),
  'space after the markers': one
    .replace('SEARCH', 'SEARCH  ')
    .replace('=======', '======= ')
    .replace('REPLACE', 'REPLACE '),
  'ORIGINAL and UPDATED': one.replace('SEARCH', 'ORIGINAL').replace('REPLACE', 'UPDATED'),
  'a lone end marker': one.replace('>>>>>>> REPLACE', '>>>>>>>'),
  'carriage returns': one.replaceAll('\n', '\r\n'),
  'a byte order mark': `\ufeff${one}`,
  'prose between path and block': `### \`src/a.py\`\nChange the constant, as the test wants it:\n\n\`\`\`python\n${body}\n\`\`\``,
  'the bug quoted between path and block': `src/a.py\n\nThe fault:\n\`\`\`python\nself.total\n\`\`\`\n\`\`\`python\n${body}\n\`\`\``,
  'a thought first': `<think>\nMaybe\n${block('src/b.py', 'q', 'w')}\nno.\n</think>\n${one}`,
  'a thought whose beginning is missing': `Maybe\n${block('src/b.py', 'q', 'w')}\nno.\n</think>\n\n${one}`,
  'the bug quoted first': `The fault is here:\n\`\`\`python\nx = 1\n\`\`\`\n\n${one}`,
  'an example at the end': `${one}\n\nRun it with:\n\`\`\`bash\npytest -q\n\`\`\``,
  'a block in a list, indented': `- src/a.py\n  <<<<<<< SEARCH\n  x = 1\n  =======\n  x = 2\n  >>>>>>> REPLACE`,
  'a note behind the path': `src/a.py (modified)\n${body}`,
  'quotes around the path': `"src/a.py"\n${body}`,
  'a Chinese label': `文件:src/a.py\n${body}`,
}

describe('search/replace blocks', () => {
  it.each(Object.entries(styles))('are read with %s', (_, text) => {
    expect(edits(parseReply(text, 'blocks'))).toEqual([edit])
  })

  it('come in any number, for several files, and share a header', () => {
    const text = `Two things.\n${one}\n\n<<<<<<< SEARCH\ny = 1\n=======\ny = 2\n>>>>>>> REPLACE\nAnd:\n${block('Makefile', 'a:', 'b:')}`
    const reply = parseReply(text, 'blocks')
    expect(edits(reply)).toEqual([
      edit,
      { kind: 'replace', path: 'src/a.py', search: 'y = 1', replace: 'y = 2' },
      { kind: 'replace', path: 'Makefile', search: 'a:', replace: 'b:' },
    ])
    expect(reply).toMatchObject({ explanation: 'Two things.\n\nAnd:' })
  })

  it('in fences of their own go with their own headers', () => {
    const fenced = (path: string): string => `### ${path}\n\`\`\`\n${body}\n\`\`\``
    const read = edits(
      parseReply([fenced('a.py'), fenced('b.py'), `\`\`\`python\n${body}\n\`\`\``].join('\n\n'), 'blocks'),
    )
    expect(read).toMatchObject([{ path: 'a.py' }, { path: 'b.py' }, { path: 'b.py' }])
  })

  it('make new files and remove lines', () => {
    expect(edits(parseReply('new.py\n<<<<<<< SEARCH\n=======\nx = 1\n>>>>>>> REPLACE', 'blocks'))).toEqual([
      { kind: 'replace', path: 'new.py', search: '', replace: 'x = 1' },
    ])
    expect(edits(parseReply('a.py\n<<<<<<< SEARCH\nx = 1\n=======\n>>>>>>> REPLACE', 'blocks'))).toEqual([
      { kind: 'replace', path: 'a.py', search: 'x = 1', replace: '' },
    ])
  })

  it('keep underlines of titles that look like the divider', () => {
    expect(edits(parseReply(block('a.rst', 'Install\n=======\n\nold', 'Install\n=======\n\nnew'), 'blocks'))).toEqual([
      { kind: 'replace', path: 'a.rst', search: 'Install\n=======\n\nold', replace: 'Install\n=======\n\nnew' },
    ])
    expect(edits(parseReply(block('a.md', 'Title\n=====\nold', 'Title\n=====\nnew'), 'blocks'))).toEqual([
      { kind: 'replace', path: 'a.md', search: 'Title\n=====\nold', replace: 'Title\n=====\nnew' },
    ])
    expect(edits(parseReply(block('a.rst', 'old', 'Install\n=======\nnew'), 'blocks'))).toEqual([
      { kind: 'replace', path: 'a.rst', search: 'old', replace: 'Install\n=======\nnew' },
    ])
    expect(complaint(block('a.md', 'a\n=======\nb', 'c'))).toMatch(/nine characters/)
  })

  it('keep an unfinished merge that is to be tidied up', () => {
    const merge = '<<<<<<< HEAD\na = 1\n=======\na = 2\n>>>>>>> main'
    expect(edits(parseReply(block('a.py', merge, 'a = 2'), 'blocks'))).toEqual([
      { kind: 'replace', path: 'a.py', search: merge, replace: 'a = 2' },
    ])
  })

  it('keep markers of another length in code about such blocks', () => {
    const inner = '<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE'
    const text = `p.md\n<<<<<<<<< SEARCH\n${inner}\n=========\nnone\n>>>>>>>>> REPLACE`
    expect(edits(parseReply(text, 'blocks'))).toEqual([
      { kind: 'replace', path: 'p.md', search: inner, replace: 'none' },
    ])
  })

  it('keep thoughts that are code', () => {
    expect(edits(parseReply(block('a.py', '<think>\nx\n', '</think>'), 'blocks'))).toEqual([
      { kind: 'replace', path: 'a.py', search: '<think>\nx\n', replace: '</think>' },
    ])
  })
})

describe('a malformed reply', () => {
  it.each<[string, string, RegExp]>([
    ['nothing', '', /empty/],
    ['space alone', ' \n\n\t', /empty/],
    ['prose alone', 'The test is wrong, I think.', /holds no change/],
    ['a block without end', one.replace('>>>>>>> REPLACE', ''), /Block 1 \(line 2\) has no `>>>>>>> REPLACE`/],
    ['a second block without end', `${one}\n${one.replace('>>>>>>> REPLACE', '')}`, /Block 2 \(line 8\)/],
    ['a block without divider', one.replace('=======\n', ''), /no `=======`/],
    ['a block without path', body, /has no path/],
    ['an end without beginning', `${one}\n>>>>>>> REPLACE`, /Line 7: .* ends no block/],
    ['an empty block', 'a.py\n<<<<<<< SEARCH\n=======\n>>>>>>> REPLACE', /empty on both sides/],
    ['a diff', '```diff\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-a\n+b\n```', /Line 2 begins a diff/],
    ['JSON', '```json\n{"path": "a.py", "code": "x = 2"}\n```', /is JSON/],
    ['a fence alone', 'src/a.py\n```python\nx = 2\n```', /Line 2 begins a code fence/],
    ['a thought without end', '<think>\nLet me see', /inside its <think>/],
    ['a change and a refusal', `CANNOT FIX: no idea\n${one}`, /one or the other/],
    ['a Python elision', block('a.py', 'a\nb', 'a\n# ... rest of the code unchanged ...'), /line 7, `# \.\.\. rest/],
    ['a script elision', block('a.ts', 'a\nb', '// ... existing code ...\nb'), /stands for lines that are left out/],
    ['dots in a comment', block('a.ts', 'a\nb', 'c()\n  // ...\n'), /left out/],
    ['bare dots in a script', block('a.ts', 'a\nb', 'c()\n...'), /left out/],
    ['an unchanged remark', block('a.html', 'a\nb', 'c\n<!-- rest of the file remains the same -->'), /left out/],
  ])('complains about %s', (_, text, pattern) => {
    expect(complaint(text)).toMatch(pattern)
  })

  it('does not take ordinary text for an elision', () => {
    const fine = [
      '# the rest is handled by the caller below',
      'args = [*rest, ...]',
      '    ...',
      '# see docs...',
      'f(...args)',
      '// remove existing users',
    ]
    for (const line of fine) expect(parseReply(block('a.py', 'x', line), 'blocks').kind, line).toBe('patch')
    expect(parseReply(block('a.ts', '// ...\na', '// ...\nb'), 'blocks').kind).toBe('patch')
  })

  it('is told at once when it is ten megabytes long', () => {
    const started = performance.now()
    expect(complaint('<<<<<<< SEARCH\n'.repeat(700_000))).toMatch(/too large/)
    expect(performance.now() - started).toBeLessThan(500)
  })

  it.each([
    '<<<<<<< SEARCH\n',
    '<<<<<<< SEARCH\n=======\n',
    '=======\n',
    '>>>>>>> x\n',
    '```\n',
    '```a\n',
    '<think>\n',
    'a.py\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n',
    '*_`#',
    '...',
    '# rest ',
    ' ',
    '<<<<<<< SEARCH\n<<<<<<<< SEARCH\n<<<<<<<<< SEARCH\n',
    'I am sorry \n',
    '\n',
  ])('takes linear time over a megabyte of %j', (piece) => {
    const text = piece.repeat(Math.floor(990_000 / piece.length))
    const started = performance.now()
    parseReply(text, 'blocks')
    parseReply(text, 'whole_file')
    expect(performance.now() - started).toBeLessThan(15_000)
  })
})

describe('a model that declines', () => {
  it.each([
    ['CANNOT FIX: the registry is down', 'the registry is down'],
    ['I looked at it.\n\n**CANNOT FIX:** the test is wrong.\nIt expects 3.', 'the test is wrong. It expects 3.'],
    ['<think>hm</think>\nCANNOT FIX', 'no reason given'],
    ["I'm sorry, but I can't help with that.", "I'm sorry, but I can't help with that."],
  ])('is understood: %j', (text, reason) => {
    expect(parseReply(text, 'blocks')).toEqual({ kind: 'declined', reason })
    expect(parseReply(text, 'whole_file')).toEqual({ kind: 'declined', reason })
  })
})

describe('whole files', () => {
  const whole: Edit = { kind: 'whole', path: 'src/a.py', content: 'x = 2\ny = 3\n' }

  it.each([
    'src/a.py\n```python\nx = 2\ny = 3\n```',
    'src/a.py\n```\nx = 2\ny = 3\n```',
    '### `src/a.py`\n\n```python\nx = 2\ny = 3\n```\nDone.',
    '```python src/a.py\nx = 2\ny = 3\n```',
    '```python:src/a.py\nx = 2\ny = 3\n```',
    '```python\n# src/a.py\nx = 2\ny = 3\n```',
    'Try:\n```bash\npytest\n```\nsrc/a.py\n````\nx = 2\ny = 3\n````',
  ])('are read from %j', (text) => {
    expect(edits(parseReply(text, 'whole_file'))).toEqual([whole])
  })

  it('may hold fences', () => {
    expect(edits(parseReply('a.md\n```markdown\n# A\n```bash\nls\n```\nend\n```', 'whole_file'))).toEqual([
      { kind: 'whole', path: 'a.md', content: '# A\n```bash\nls\n```\nend\n' },
    ])
    expect(edits(parseReply('a.md\n````\n# A\n```\nls\n```\n````', 'whole_file'))).toEqual([
      { kind: 'whole', path: 'a.md', content: '# A\n```\nls\n```\n' },
    ])
  })

  it('are never half read', () => {
    expect(complaint('a.py\n```\nx = 1', 'whole_file')).toMatch(/not closed/)
    expect(complaint('a.md\n```\n# A\n```\nls\n```\nend\n```', 'whole_file')).toMatch(/has no path|four backticks/)
    expect(complaint('a.py\n```\nx\n# ... rest unchanged\n```', 'whole_file')).toMatch(/left out/)
    expect(complaint('a.py\n```\n```', 'whole_file')).toMatch(/empty/)
    expect(complaint('a.py\n```\nx\n```\na.py\n```\ny\n```', 'whole_file')).toMatch(/twice/)
    expect(complaint('a.py\n```diff\n@@ -1 +1 @@\n-a\n+b\n```', 'whole_file')).toMatch(/diff/)
  })

  it('give way to blocks where a model sends those', () => {
    expect(edits(parseReply(one, 'whole_file'))).toEqual([edit])
  })
})

describe('the contract', () => {
  it('shows a form that the parser reads', () => {
    expect(parseReply(replyContract('blocks'), 'blocks').kind).not.toBe('declined')
    const example = /src\/example\.py\n<<<[^]*?>>> REPLACE/.exec(replyContract('blocks'))?.[0] ?? ''
    expect(edits(parseReply(example, 'blocks'))).toMatchObject([{ path: 'src/example.py' }])
    const whole = /src\/example\.py\n```[^]*?\n```/.exec(replyContract('whole_file'))?.[0] ?? ''
    expect(edits(parseReply(whole, 'whole_file'))).toMatchObject([{ path: 'src/example.py' }])
  })
})

describe('the parser', () => {
  const pieces = fc.constantFrom(
    '<<<<<<< SEARCH',
    '=======',
    '>>>>>>> REPLACE',
    '```',
    '```python',
    'src/a.py',
    '<think>',
    '</think>',
    '',
    'x = 1',
    '# ...',
    '<<<<<<< HEAD',
    '**',
    '\r',
    '\0',
    '\ud800',
  )
  it('never throws, and never gives a change with an empty path', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(pieces, fc.string())),
        fc.constantFrom('blocks' as const, 'whole_file' as const),
        (lines, strategy) => {
          const reply = parseReply(lines.join('\n'), strategy)
          if (reply.kind === 'patch') for (const one of reply.edits) expect(one.path).not.toBe('')
          if (reply.kind === 'malformed') expect(reply.complaint).not.toBe('')
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('reads back every block it could be asked for', () => {
    const line = fc.stringMatching(/^[a-z ()=:"]{0,20}$/)
    const text = fc
      .array(line, { minLength: 1, maxLength: 6 })
      .filter((lines) => lines.some((one) => one.trim() !== ''))
      .map((lines) => lines.join('\n'))
    fc.assert(
      fc.property(text, text, (search, replace) => {
        expect(edits(parseReply(block('src/a.py', search, replace), 'blocks'))).toEqual([
          { kind: 'replace', path: 'src/a.py', search, replace },
        ])
      }),
    )
  })
})
