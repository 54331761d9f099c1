import { performance } from 'node:perf_hooks'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../lib/redact.ts'
import { buried, expectations, noise, recorded, stamped } from './trace.fixture.ts'
import { isComplete, reduceTrace } from './trace.ts'

const options = { maxChars: 24_000, redact: (text: string) => text }
const names = Object.keys(expectations)
const placesOf = (reduced: ReturnType<typeof reduceTrace>) =>
  reduced.mentions.map(({ path, line }) => (line === undefined ? path : `${path}:${line}`))

function survives(name: string, trace: string) {
  const reduced = reduceTrace(trace, options)
  const { words = [], place = '', counts } = expectations[name] ?? {}
  for (const each of words) expect(reduced.text).toContain(each)
  if (place !== '') expect(placesOf(reduced)).toContain(place)
  const { executed, failed, skipped } = reduced.counts ?? {}
  expect(reduced.counts === undefined ? undefined : [executed, failed, skipped]).toEqual(counts)
  expect(reduced.text.length).toBeLessThanOrEqual(24_000)
}

describe('recorded traces', () => {
  test.each(names)('%s keeps assertion, place and counts', (name) => survives(name, recorded(name)))
  test.each(names)('%s keeps them with times in front of each line', (name) => survives(name, stamped(recorded(name))))
  test.each(names)('%s keeps them in 5 MB of noise', (name) => survives(name, buried(recorded(name), 5_000_000)))
  test.each(names)('%s keeps them without any section', (name) =>
    survives(name, recorded(name).replaceAll(/section_(?:start|end):\d+:\w+\r\u001b\[0K/g, '')),
  )
  test.each(names)('%s is known as complete, and as incomplete when it is cut', (name) => {
    const trace = recorded(name)
    expect(isComplete(trace)).toBe(true)
    expect(isComplete(stamped(trace))).toBe(true)
    expect(isComplete(trace.slice(0, trace.indexOf('after_script')))).toBe(false)
  })
  test('a failure is the best anchor, masked', () => {
    const { anchors } = reduceTrace(buried(recorded('go-build'), 1_000_000), options)
    expect(anchors[0]).toBe(
      'price/broken.go:#:#: invalid operation: cents + " cents" (mismatched types int and untyped string)',
    )
  })
  test('anchors do not depend on numbers, times and the folder of the runner', () => {
    const trace = recorded('pytest-import')
    const other = trace
      .replaceAll('/builds/tools/calculator', '/home/runner/b7/tools')
      .replaceAll('1732180000', '1732199999')
    expect(reduceTrace(other, options).anchors.slice(0, 3)).toEqual(reduceTrace(trace, options).anchors.slice(0, 3))
  })
})

describe('sections', () => {
  const section = (name: string, text: string) =>
    `section_start:1:${name}\r\u001b[0K${text}section_end:2:${name}\r\u001b[0K`
  const script = (text: string) => `${section('get_sources', 'error: stale lock\n')}${section('step_script', text)}`

  test('only the script is looked at', () => {
    const { text } = reduceTrace(
      `${script('TypeError: broken\n')}${section('after_script', 'error: cleanup\n')}ERROR: Job failed: exit code 1\n`,
      options,
    )
    expect(text).toBe('TypeError: broken\nERROR: Job failed: exit code 1')
  })
  test('a reason that is not the script brings all sections', () => {
    const trace = `${section('get_sources', 'fatal: no such ref\n')}${section('step_script', '')}ERROR: Job failed (system failure)\n`
    expect(reduceTrace(trace, { ...options, failureReason: 'runner_system_failure' }).text).toContain('no such ref')
    expect(reduceTrace(trace, { ...options, failureReason: 'script_failure' }).text).not.toContain('no such ref')
  })
  test('a failed checkout, before any script, is shown', () => {
    expect(reduceTrace(`${section('get_sources', 'fatal: no such ref\n')}ERROR: Job failed\n`, options).text).toContain(
      'no such ref',
    )
  })
  test('an upload that fails after a script that succeeded is shown', () => {
    const trace = `${script('fine\n')}${section('upload_artifacts_on_success', 'ERROR: Uploading artifacts: 413 Request Entity Too Large\n')}ERROR: Job failed: exit status 1\n`
    expect(reduceTrace(trace, options).text).toContain('413 Request Entity Too Large')
  })
  test('markers that a program prints do not hide its failure', () => {
    const fake = 'section_end:1:step_script\r\u001b[0Ksection_start:1:after_script\r\u001b[0K'
    const { text } = reduceTrace(
      `${script(`before\n${fake}\nTypeError: hidden\n`)}ERROR: Job failed: exit code 1\n`,
      options,
    )
    expect(text).toContain('TypeError: hidden')
    expect(text).not.toContain('section_')
  })
  test('sections that are never closed end where others begin', () => {
    const open = (name: string) => `section_start:1:${name}\r\u001b[0K`
    const trace = `${open('get_sources')}error: lock\n${open('step_script')}TypeError: x\n${open('after_script')}error: cleanup\n`
    expect(reduceTrace(trace, options).text).toBe('TypeError: x')
  })
})

describe('times in front of lines', () => {
  const at = (line: string) => `2026-11-21T10:00:00.123456Z ${line}`

  test('go, and a line that goes on is one line, if another stream wrote in between too', () => {
    const trace = [
      at('00O section_start:1:step_script\r\u001b[0K'),
      at('00O+\u001b[0K\u001b[32;1m$ make\u001b[0;m'),
      at('01E TypeError: a long'),
      at('01E+ line'),
      at('00O+section_end:2:step_script\r\u001b[0K'),
      at('00O+\u001b[31;1mERROR: Job failed: exit status 1'),
    ].join('\n')
    expect(reduceTrace(trace, options).text).toBe('$ make\nTypeError: a long line\nERROR: Job failed: exit status 1')
    expect(isComplete(trace)).toBe(true)
  })
  test('go where markers lost their end', () => {
    const lines = [
      '00O section_start:1:get_sources',
      '00O+error: lock',
      '00O section_start:1:step_script',
      '00O+$ make',
      '01O TypeError: x',
      '00O section_end:1:step_script',
      '00O+ERROR: Job failed: exit status 1',
    ]
    expect(reduceTrace(lines.map(at).join('\n'), options).text).toBe(
      '$ make\nTypeError: x\nERROR: Job failed: exit status 1',
    )
  })
})

describe('what is left out', () => {
  test('lines that were there when the job succeeded are no anchors', () => {
    const lastGreen = 'error: cannot reach metrics after 3 tries\ndone\n'
    const trace = `error: cannot reach metrics after 5 tries\n${'step\n'.repeat(100)}error: the real one\n`
    expect(reduceTrace(trace, { ...options, lastGreen }).anchors).toEqual(['error: the real one'])
  })
  test('gaps and repetitions are counted', () => {
    const many = Array.from({ length: 1_000 }, (_, at) => `polling the service ${at}`).join('\n')
    const { text } = reduceTrace(`TypeError: x\n${many}\nend\n`, options)
    expect(text).toMatch(/… \d+ lines omitted …/)
    expect(text).toContain('(1000 lines like this)')
  })
  test('of progress in one line the last frame stays', () => {
    expect(reduceTrace('10 %\r50 %\r\u001b[K100 % done\r\u001b[K\n', options).text).toBe('100 % done')
  })
  test('a long line keeps its beginning and its end', () => {
    const { text } = reduceTrace(`error: begin ${'x'.repeat(5_000)} end\n`, options)
    expect(text).toMatch(/^error: begin x+ … x+ end$/)
    expect(text.length).toBeLessThanOrEqual(400)
  })
})

describe('secrets', () => {
  const token = `glpat-${'a1B2c3D4e5'.repeat(2)}`
  const { text: redact } = createRedactor([])

  test('one that colours split is found', () => {
    const split = `${token.slice(0, 9)}\u001b[31m${token.slice(9, 15)}\u001b[0m${token.slice(15)}`
    const reduced = reduceTrace(`error: denied for ${split}\n`, { ...options, redact })
    expect(reduced.text).toBe('error: denied for [redacted gitlab token]')
    expect(reduced.anchors.join('')).not.toContain('glpat')
  })
  test('one at the place where a line is cut leaves no part', () => {
    for (let at = 260; at < 300; at++) {
      const reduced = reduceTrace(`error: ${' '.repeat(at - 7)}${token}${' '.repeat(500)}x\n`, { ...options, redact })
      expect(reduced.text).not.toContain('glpat')
    }
  })
  test('a private key leaves nothing, whichever lines are chosen', () => {
    const key = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEowIBAAKCAQEA\n'.repeat(30)}-----END RSA PRIVATE KEY-----\n`
    expect(reduceTrace(`a\n${key}TypeError: x\n`, { ...options, redact }).text).not.toContain('MIIE')
  })
})

describe('hostile traces', () => {
  const timed = (trace: string) => {
    const start = performance.now()
    const reduced = reduceTrace(trace, options)
    expect(reduced.text.length).toBeLessThanOrEqual(24_000)
    return performance.now() - start
  }
  const growing: Readonly<Record<string, (size: number) => string>> = {
    noise,
    'a single line': (size) => 'error: a'.repeat(size / 8),
    'short lines': (size) => 'x\n'.repeat(size / 2),
    'frames in one line': (size) => 'failed 1%\r'.repeat(size / 10),
    'only carriage returns': (size) => '\r'.repeat(size),
    'escapes without end': (size) => '\u001b]8;;'.repeat(size / 5),
    'markers without end': (size) => 'section_start:1:step_script\r\u001b[0K\n'.repeat(size / 34),
    'brackets of markers': (size) => 'section_start:1:a['.repeat(size / 18),
    'binary garbage': (size) =>
      Buffer.from(Uint8Array.from({ length: size / 2 }, (_, at) => (at * at * 31) % 251)).toString('latin1'),
    stamps: (size) => '2026-11-21T10:00:00.000000Z 00O+x\n'.repeat(size / 34),
    paths: (size) => `${'/a.b/'.repeat(70)}\n`.repeat(size / 351),
    'almost anchors': (size) =>
      `${'(1,1):1:1 a.py:1 /b/c.ts:1:1 error exit code E d.go '.repeat(78)}\n`.repeat(size / 3_900),
    'digits and dots': (size) => `${'1.'.repeat(1_900)}\n${'a.A'.repeat(1_200)}Error\n`.repeat(size / 7_400),
    underscores: (size) => `${'_'.repeat(390)}x\n`.repeat(size / 392),
    'different lines': (size) =>
      Array.from({ length: size / 20 }, (_, at) => `error ${at.toString(36).replaceAll(/\d/g, 'q')} failed`).join('\n'),
  }
  test.each(Object.keys(growing))('%s takes time linear in its length', (name) => {
    const make = growing[name] ?? noise
    timed(make(300_000))
    const once = Math.min(timed(make(1_000_000)), timed(make(1_000_000)))
    const twice = Math.min(timed(make(2_000_000)), timed(make(2_000_000)))
    expect(twice).toBeLessThan(3 * once + 150)
  })
  test('nothing gives nothing', () => {
    expect(reduceTrace('', options)).toEqual({ text: '', anchors: [], failed: [], mentions: [] })
    expect(isComplete('')).toBe(false)
  })
  test('what a program says is no trailer', () => {
    expect(isComplete(`Job succeeded\n${'working\n'.repeat(20)}`)).toBe(false)
  })
})

describe('any trace', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      '\n',
      '\r',
      '\u001b[31m',
      '\u001b[',
      'section_start:1:step_script\r\u001b[0K',
      'section_end:2:step_script\r\u001b[0K',
    ),
    fc.constantFrom(
      'E   assert 1 == 2',
      'Traceback (most recent call last)',
      'error: x',
      '2026-11-21T10:00:00.000000Z 00O+',
      'a/b.py:3',
    ),
    fc.constantFrom(...names).map((name) => recorded(name).slice(500, 1_500)),
  )
  const trace = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))

  test('is never longer than asked for, the same each time, and well formed', () => {
    fc.assert(
      fc.property(trace, trace, fc.nat(3_000), (text, lastGreen, maxChars) => {
        const given = { maxChars, lastGreen, redact: createRedactor([]).text }
        const reduced = reduceTrace(text, given)
        expect(reduced.text.length).toBeLessThanOrEqual(maxChars)
        expect(reduced.text.isWellFormed()).toBe(true)
        expect(reduced.text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
        expect(reduceTrace(text, given)).toEqual(reduced)
      }),
      { numRuns: 300 },
    )
  })
})
