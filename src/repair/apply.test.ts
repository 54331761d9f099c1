import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyEdits } from './apply.ts'
import type { Edit } from './reply.ts'

const change = (search: string, replace: string, path = 'a.py'): Edit => ({ kind: 'replace', path, search, replace })
const apply = (text: string | undefined, ...edits: readonly Edit[]): string => {
  const applied = applyEdits(edits, (path) => (path === 'a.py' ? text : undefined))
  return applied.kind === 'applied' ? (applied.files[0]?.after ?? 'no file') : `! ${applied.complaint}`
}

describe('a change', () => {
  it('is made where its lines stand once', () => {
    expect(apply('a\nb\nc\n', change('b', 'B'))).toBe('a\nB\nc\n')
    expect(apply('a\nb\nc\n', change('b\nc', ''))).toBe('a\n')
    expect(apply('ab\nb\n', change('b', 'B'))).toBe('ab\nB\n')
  })

  it('follows the changes of the same file before it', () => {
    expect(apply('a\nb\n', change('a', 'x'), change('x\nb', 'y'))).toBe('y\n')
  })

  it('is refused where its lines stand several times, with the places', () => {
    expect(apply('a\nb\na\n', change('a', 'x'))).toMatch(/^! a\.py: the SEARCH text occurs in 2 places \(lines 1, 3\)/)
    expect(apply('  a\nb\n    a\n', change('a', 'x'))).toMatch(/2 places/)
  })

  it('is refused where its lines stand nowhere, with the closest ten', () => {
    const file = Array.from({ length: 50 }, (_, index) => `line number ${index + 1}\n`).join('')
    const complaint = apply(file, change('line number 21\nline number 22\nsomething else entirely\nmore of it', 'x'))
    expect(complaint).toMatch(/^! a\.py: the SEARCH text is not in the file/)
    expect(complaint).toContain('line number 21\nline number 22')
    expect(complaint.split('\n')).toHaveLength(11)
  })

  it('that was made already is told as such', () => {
    expect(apply('a\nnew line\n', change('old line', 'new line'))).toMatch(/already made/)
  })

  it('keeps carriage returns, a byte order mark and a missing last line feed', () => {
    expect(apply('\ufeffa\r\nb\r\nc', change('b', 'B\nBB'))).toBe('\ufeffa\r\nB\r\nBB\r\nc')
    expect(apply('a\r\nb', change('b', 'B\nc'))).toBe('a\r\nB\r\nc')
    expect(apply('a\nb', change('a', ''))).toBe('b')
    expect(apply('a\r\nb\nc\r\n', change('c', 'd'))).toBe('a\r\nb\nd\r\n')
  })

  it('does not mind trailing space, and leaves that of lines it keeps', () => {
    expect(apply('a  \nb\t\nc\n', change('a\nb\nc', 'a\nB\nc'))).toBe('a  \nB\nc\n')
  })

  it('does not mind blank lines around it', () => {
    expect(apply('a\nb\n', change('\na\n', '\nA\n'))).toBe('A\nb\n')
    expect(apply('a\nb\n', change('a\n', 'A\n'))).toBe('A\nb\n')
  })

  it('is indented as the file is', () => {
    const file = 'class A:\n    def f(self):\n        return 1\n'
    expect(
      apply(file, change('def f(self):\n    return 1', 'def f(self):\n    if self:\n        return 2\n    return 1')),
    ).toBe('class A:\n    def f(self):\n        if self:\n            return 2\n        return 1\n')
    expect(
      apply('def f():\n  return 1\n', change('      def f():\n        return 1', '      def f():\n        return 2')),
    ).toBe('def f():\n  return 2\n')
  })

  it('gets tabs where the file has tabs', () => {
    expect(
      apply('if a {\n\tb()\n}\n', change('if a {\n    b()\n}', 'if a {\n    c()\n    if d {\n        e()\n    }\n}')),
    ).toBe('if a {\n\tc()\n\tif d {\n\t\te()\n\t}\n}\n')
  })

  it('is made where nearly all is as quoted, and keeps what the file says', () => {
    const file =
      'def total(items):\n    # Sums up all of the items that are given.\n    result = 0\n    for item in items:\n        result += item.price\n    return result\n'
    const search = file.replace('all of the items that are given', 'all the items that are given').trimEnd()
    expect(apply(file, change(search, search.replace('item.price', 'item.price * item.count')))).toBe(
      file.replace('item.price', 'item.price * item.count'),
    )
  })

  it('keeps lines that the quote leaves out in its middle', () => {
    const lines = Array.from({ length: 16 }, (_, index) => `value_${index} = compute(${index}, "some words")`)
    const file = `${lines.toSpliced(8, 0, '# note').join('\n')}\n`
    const replace = lines.with(3, 'value_3 = 0')
    expect(apply(file, change(lines.join('\n'), replace.join('\n')))).toBe(
      `${replace.toSpliced(8, 0, '# note').join('\n')}\n`,
    )
  })

  it('is not made where too much differs, or nothing holds it in place', () => {
    expect(
      apply(
        'def f(a):\n    return a + 1\n\ndef g(b):\n    return b\n',
        change('def f(x):\n    return x - 1\n\ndef h(b):', 'x'),
      ),
    ).toMatch(/^!/)
    const twice = 'a = 1\nb = 2\nc = 3\nd = 4\n'.repeat(2)
    expect(apply(twice, change('a = 1\nb = 2\nc = 3x\nd = 4', 'x'))).toMatch(/^!/)
  })

  it('never takes an elision for text', () => {
    const file = Array.from({ length: 20 }, (_, index) => `value_${index} = compute(${index})`).join('\n')
    expect(apply(file, change(file.replace('value_9 = compute(9)', '# ...'), file))).toMatch(/left out/)
  })
})

describe('a new file', () => {
  it('comes from an empty search and ends in a line feed', () => {
    expect(applyEdits([change('', 'x = 1', 'b.py')], () => undefined)).toEqual({
      kind: 'applied',
      files: [{ path: 'b.py', before: undefined, after: 'x = 1\n' }],
    })
  })

  it('is not made over one that is there', () => {
    expect(apply('a\n', change('', 'b'))).toMatch(/is there already/)
    expect(apply('', change('', 'b'))).toBe('b\n')
  })

  it('is not made by a search for text', () => {
    expect(apply(undefined, change('a', 'b'))).toMatch(/There is no file a\.py/)
  })
})

describe('a whole file', () => {
  const whole = (content: string): Edit => ({ kind: 'whole', path: 'a.py', content })

  it('takes the place of a short one and keeps its line ends', () => {
    expect(apply('a\r\nb', whole('x\ny\n'))).toBe('x\r\ny')
    expect(apply('\ufeffa\n', whole('x\n'))).toBe('\ufeffx\n')
  })

  it('is refused where it loses most of a long one', () => {
    const file = Array.from({ length: 300 }, (_, index) => `line ${index}\n`)
    expect(apply(file.join(''), whole(file.slice(0, 100).join('')))).toMatch(/keeps only 33 %/)
    expect(apply(file.join(''), whole(file.slice(0, 160).join('')))).toBe(file.slice(0, 160).join(''))
  })
})

describe('all changes or none', () => {
  it('are made', () => {
    const applied = applyEdits([change('a', 'b', 'a.py'), change('zzz', 'b', 'b.py')], () => 'a\n')
    expect(applied.kind).toBe('unapplied')
  })

  it('leaves out files that end as they began, unless all do', () => {
    const applied = applyEdits([change('a', 'a', 'a.py'), change('a', 'b', 'b.py')], () => 'a\n')
    expect(applied).toMatchObject({ files: [{ path: 'b.py' }] })
    expect(applyEdits([change('a', 'a')], () => 'a\n')).toMatchObject({ files: [{ before: 'a\n', after: 'a\n' }] })
  })
})

describe('hostile sizes', () => {
  it.each<[string, string, string, string]>([
    ['a file of equal lines', 'a\n'.repeat(450_000), `${'a\n'.repeat(300_000)}b`, 'c'],
    ['a file of blank lines', '\n'.repeat(900_000), `${'\n'.repeat(400_000)}b`, 'c'],
    ['one line', 'a'.repeat(990_000), 'b'.repeat(900_000), 'c'],
    ['a replacement of equal lines', 'x\n', 'x', 'a\n'.repeat(400_000)],
    [
      'other lines throughout',
      Array.from({ length: 90_000 }, (_, i) => `l${i}\n`).join(''),
      Array.from({ length: 90_000 }, (_, i) => `l${i}`).join('\n'),
      Array.from({ length: 90_000 }, (_, i) => `m${i}`).join('\n'),
    ],
    ['indentation that grows', Array.from({ length: 1_300 }, (_, i) => `${' '.repeat(i)}x\n`).join(''), 'x\nx\ny', 'c'],
    ['many candidates', 'ab cd ef\n'.repeat(100_000), `${'ab cd ef\n'.repeat(150)}xx`, 'c'],
  ])('take bounded time: %s', (_, file, search, replace) => {
    const started = performance.now()
    apply(file, change(search, replace))
    expect(performance.now() - started).toBeLessThan(15_000)
  })

  it('are refused with words', () => {
    expect(apply('a'.repeat(1_000_001), change('a', 'b'))).toMatch(/too large/)
    expect(apply('a\n', change('a', 'b'.repeat(1_000_001)))).toMatch(/too large/)
    expect(apply('a\n', ...Array.from({ length: 101 }, () => change('a', 'a')))).toMatch(/at most 100/)
  })
})

describe('any change of any file', () => {
  const line = fc.stringMatching(/^[ \t]{0,4}[a-zA-Z0-9 =():é]{0,12}$/)
  const file = fc.record({
    lines: fc.array(line, { minLength: 1, maxLength: 30 }),
    end: fc.constantFrom('\n', '\r\n'),
    closed: fc.boolean(),
    mark: fc.constantFrom('', '\ufeff'),
  })

  it('gives the file that was meant, byte by byte, where its search is unique', () => {
    fc.assert(
      fc.property(
        file,
        fc.nat(),
        fc.nat(),
        fc.array(line, { minLength: 1, maxLength: 5 }),
        ({ lines, end, closed, mark }, a, b, put) => {
          const text = (of: readonly string[]): string =>
            of.length === 0 ? mark : mark + of.join(end) + (closed ? end : '')
          const from = a % lines.length
          const to = from + 1 + (b % (lines.length - from))
          const search = lines.slice(from, to).join('\n')
          const isUnique = `\n${lines.join('\n')}\n`.split(`\n${search}\n`).length === 2
          // One line without an end does not tell which end a second one gets.
          fc.pre(closed || lines.length > 1)
          // A last empty line without an end is no line of its own.
          fc.pre(
            isUnique &&
              search.trim() !== '' &&
              (closed || lines.at(-1) !== '') &&
              put.some((one) => one.trim() !== '') &&
              put.at(-1) !== '',
          )
          expect(apply(text(lines), change(search, put.join('\n')))).toBe(
            text(lines.toSpliced(from, to - from, ...put)),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  it('that was quoted with a slip is made where it was meant, or not at all', () => {
    const lines = Array.from({ length: 60 }, (_, i) =>
      i % 7 === 3 ? '' : i % 5 === 4 ? '    }' : `    const value${i} = compute(${(i * 37) % 101}, input.part${i % 4})`,
    )
    const text = `${lines.join('\n')}\n`
    const slips: readonly ((quoted: readonly string[], at: number) => string[])[] = [
      (quoted, at) => quoted.toSpliced(at, 1),
      (quoted, at) => quoted.with(at, (quoted[at] ?? '').replace('value', 'vlaue')),
      (quoted, at) => quoted.toSpliced(at, 0, ''),
      (quoted, at) => quoted.toSpliced(at, 0, '    const other = 1'),
      (quoted) => quoted.map((line) => line.slice(4)),
      (quoted) => quoted.map((line) => `${line}  `),
    ]
    let made = 0
    fc.assert(
      fc.property(
        fc.nat(44),
        fc.integer({ min: 6, max: 15 }),
        fc.nat(14),
        fc.constantFrom(...slips),
        (from, size, at, slip) => {
          const middle = from + Math.floor(size / 2)
          fc.pre((lines[middle] ?? '').includes('value') && from + (at % size) !== middle)
          const quoted = slip(lines.slice(from, from + size), at % size)
          const index = quoted.findIndex((line) => line.trim() === lines[middle]?.trim())
          const indent = /^ */.exec(quoted[index] ?? '')?.[0] ?? ''
          const after = apply(text, change(quoted.join('\n'), quoted.with(index, `${indent}changed()`).join('\n')))
          if (after.startsWith('!')) return
          made++
          expect(after).toBe(`${lines.with(middle, '    changed()').join('\n')}\n`)
        },
      ),
      { numRuns: 400 },
    )
    expect(made).toBeGreaterThan(200)
  })

  it('never throws and never mixes line ends', () => {
    fc.assert(
      fc.property(file, line, line, ({ lines, closed }, search, replace) => {
        const text = lines.join('\r\n') + (closed ? '\r\n' : '')
        const after = apply(text, change(search, replace))
        if (!after.startsWith('!') && lines.length > 1) expect(after.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
      }),
    )
  })
})
