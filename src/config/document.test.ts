import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { parseText, readDocument } from './document.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-document-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

async function failure(work: Promise<unknown>): Promise<GreenloopError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof GreenloopError) return error
  throw new Error('a GreenloopError was expected', { cause: error })
}

const refused = (name: string, content: string | Uint8Array) =>
  file(name, content).then((path) => failure(readDocument(path)))

describe('reading files', () => {
  it('reads JSON and YAML by the ending, and other files by what they look like', async () => {
    expect((await readDocument(await file('a.json', '{"a": [1]}'))).value).toEqual({ a: [1] })
    expect((await readDocument(await file('a.yml', 'a: [1]'))).value).toEqual({ a: [1] })
    expect((await readDocument(await file('a.txt', '  {"a": 1}'))).format).toBe('json')
    expect((await readDocument(await file('b.txt', 'a: 1'))).format).toBe('yaml')
  })

  it('accepts a byte-order mark', async () => {
    expect((await readDocument(await file('bom.json', '\u{feff}{"a": 1}'))).value).toEqual({ a: 1 })
  })

  it('names the nearest file where one is missing', async () => {
    await file('calculator.json', '{}')
    const error = await failure(readDocument(join(folder, 'calcualtor.json')))
    expect(error).toMatchObject({ code: 'file_missing', help: 'did you mean `calculator.json`?' })
    expect((await failure(readDocument(join(folder, 'nowhere', 'x.json')))).help).toBeUndefined()
  })

  it('refuses folders, pipes and devices without waiting for them', async () => {
    await mkdir(join(folder, 'inner'))
    expect((await failure(readDocument(join(folder, 'inner')))).message).toContain('is a folder')
    execFileSync('mkfifo', [join(folder, 'pipe.json')])
    expect((await failure(readDocument(join(folder, 'pipe.json')))).message).toContain('not a plain file')
    expect((await failure(readDocument('/dev/zero'))).message).toContain('not a plain file')
  })

  it.skipIf(process.getuid?.() === 0)(
    'says when a file may not be read (not tried as root, who may read all)',
    async () => {
      const path = await file('locked.json', '{}')
      await chmod(path, 0)
      expect((await failure(readDocument(path))).message).toContain('may not be read')
    },
  )

  it('refuses 50 MB by the size alone', async () => {
    const path = await file('huge.json', '{}')
    await truncate(path, 50_000_000)
    expect(await failure(readDocument(path))).toMatchObject({
      code: 'file_too_large',
      message: `\`${path}\` has 47.7 MiB; the limit is 10 MiB`,
    })
  })

  it('refuses what is not UTF-8 with the place of the first bad byte', async () => {
    const error = await refused('latin.json', Buffer.from('{\n "a": "caf\u00e9"}', 'latin1'))
    expect(error).toMatchObject({ code: 'syntax_invalid', place: { line: 2, column: 11 } })
    expect((await refused('wide.json', Buffer.from('\u{feff}{}', 'utf16le'))).why).toContain('UTF-16')
  })

  it('refuses empty files', async () => {
    expect(await refused('empty.json', '')).toMatchObject({ code: 'syntax_invalid' })
    expect((await refused('blank.yaml', ' \n\n')).message).toContain('is empty')
  })
})

describe('reading JSON', () => {
  it('points at the mistake', async () => {
    const error = await refused('bad.json', '{\n  "a": 1,\n  "b": yes\n}')
    expect(error).toMatchObject({
      code: 'syntax_invalid',
      message: '`yes` needs double quotes around it',
      place: { line: 3, column: 8, length: 3, text: '  "b": yes' },
    })
  })

  it('takes a hundred thousand levels for what they are', async () => {
    expect(await refused('deep.json', '['.repeat(100_000) + ']'.repeat(100_000))).toMatchObject({
      code: 'file_too_large',
    })
    expect(await refused('deep2.json', '{"a":'.repeat(100_000))).toMatchObject({ code: 'file_too_large' })
  })

  it('reports every key that stands twice', async () => {
    const error = await refused('twice.json', '{"a": 1,\n"a": 2,\n"b": {"c": 1, "c": 2}}')
    expect(error.problems.map(({ message, place }) => [message, place?.line])).toEqual([
      ['the key `a` stands here a second time; the first is on line 1', 2],
      ['the key `c` stands here a second time; the first is on line 3', 3],
    ])
  })

  it('keeps __proto__ a plain key', async () => {
    const { value } = await parseText('{"__proto__": {"polluted": true}}', 'x.json')
    expect(Object.keys(value as object)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('locates values and keys, and what holds them where they are missing', async () => {
    const document = await parseText('{"cases": [\n {"id": "a"},\n {"id": "b", "n": 1.5}\n]}', 'x.json')
    expect(document.locate(['cases', 1, 'n'])).toMatchObject({ line: 3, column: 19, length: 3 })
    expect(document.locate(['cases', 1, 'n'], 'key')).toMatchObject({ line: 3, column: 14, length: 3 })
    expect(document.locate(['cases', 0, 'title'])).toMatchObject({ line: 2, column: 2, length: 1 })
    expect(document.locate([])).toMatchObject({ line: 1, column: 1 })
  })

  it('leaves the text of an endless line out of the place', async () => {
    const document = await parseText(`{"a": "${'x'.repeat(20_000)}", "b": 1}`, 'x.json')
    expect(document.locate(['b'])).toEqual({ file: 'x.json', line: 1, column: 20_016 })
  })
})

describe('reading YAML', () => {
  it('lists all mistakes with their places', async () => {
    const error = await refused('bad.yaml', 'a: 1\na: 2\nb: !python/object x\n')
    expect(error.problems.map(({ message, place }) => [message, place?.line])).toEqual([
      ['the key `a` stands here a second time; the first is on line 1', 2],
      ['tags of your own (`!name`) are not read', 3],
    ])
    expect((await refused('tab.yaml', 'a:\n\tb: 1\n')).message).toContain('tab')
    expect((await refused('two.yaml', 'a: 1\n---\nb: 1\n')).message).toContain('second document')
  })

  it('takes a hundred thousand levels for what they are, in brackets and in indentation', async () => {
    const staircase = Array.from({ length: 2000 }, (_, index) => `${' '.repeat(index)}a:`).join('\n')
    for (const text of [
      '['.repeat(100_000),
      '{a: '.repeat(100_000),
      '- '.repeat(100_000),
      '? '.repeat(100_000),
      staircase,
    ]) {
      expect(await refused('deep.yaml', text)).toMatchObject({ code: 'file_too_large' })
    }
  })

  it('reads documents of five hundred levels less one', async () => {
    const text = `${'['.repeat(498)}${']'.repeat(498)}`
    expect(JSON.stringify((await parseText(text, 'x.yaml')).value)).toBe(text)
  })

  it('does not count brackets in text and comments', async () => {
    const text = `a: "${'['.repeat(900)}"\nb: |\n  ${'{'.repeat(900)}\n# ${'['.repeat(900)}\n`
    expect(Object.keys((await parseText(text, 'x.yaml')).value as object)).toEqual(['a', 'b'])
  })

  it('stops a billion laughs and aliases to themselves', async () => {
    const names = 'abcdefghij'.split('')
    const laughs = names.map((name, index) => {
      const items =
        index === 0 ? 'x'.repeat(10).split('') : Array.from({ length: 10 }, () => `*${names[index - 1] ?? ''}`)
      return `${name}: &${name} [${items.join(', ')}]`
    })
    expect(await refused('laughs.yaml', laughs.join('\n'))).toMatchObject({ code: 'file_too_large' })
    expect(await refused('self.yaml', 'a: &a\n  b: *a\n')).toMatchObject({ code: 'file_too_large' })
  })

  it('resolves plain aliases', async () => {
    const document = await parseText('a: &x {n: 1}\nb: *x\nc: *x\n', 'x.yaml')
    expect(document.value).toEqual({ a: { n: 1 }, b: { n: 1 }, c: { n: 1 } })
    expect(document.locate(['c', 'n'])).toMatchObject({ line: 1, column: 11 })
  })

  it('keeps __proto__ a plain key', async () => {
    const { value } = await parseText('__proto__:\n  polluted: true\n', 'x.yaml')
    expect(Object.keys(value as object)).toEqual(['__proto__'])
  })

  it('locates values and keys', async () => {
    const document = await parseText('cases:\n  - id: a\n    title: 用例\n', 'x.yaml')
    expect(document.locate(['cases', 0, 'title'])).toMatchObject({ line: 3, column: 12, length: 2 })
    expect(document.locate(['cases', 0, 'title'], 'key')).toMatchObject({ line: 3, column: 5, length: 5 })
    expect(document.locate(['cases', 0, 'steps'])).toMatchObject({ line: 2, column: 5 })
  })
})
