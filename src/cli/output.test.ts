import { expect, it } from 'vitest'
import { openOutput } from './output.ts'

const stream = (isTTY: boolean): NodeJS.WriteStream => ({ isTTY, columns: 80 }) as unknown as NodeJS.WriteStream
const choice = (over: object) => ({
  json: false,
  jsonl: false,
  noProgress: false,
  env: {},
  stdout: stream(false),
  stderr: stream(false),
  ...over,
})

it('prints the JSON document in a pipe and leaves a terminal to the readable summary', () => {
  expect(openOutput(choice({})).result).toBe('json')
  expect(openOutput(choice({ stdout: stream(true) })).result).toBe('human')
  expect(openOutput(choice({ jsonl: true })).result).toBe('jsonl')
})

it('draws live only on a terminal outside CI, and only failures for an agent', () => {
  expect(openOutput(choice({ stderr: stream(true) })).progress).toBe('live')
  expect(openOutput(choice({ stderr: stream(true), env: { CI: 'true' } })).progress).toBe('lines')
  expect(openOutput(choice({ stderr: stream(true), env: { AI_AGENT: '1' } })).progress).toBe('agent')
  expect(openOutput(choice({ noProgress: true })).progress).toBe('none')
})

it('never lets CI alone switch on colour, and obeys NO_COLOR', () => {
  expect(openOutput(choice({ env: { CI: 'true' } })).colour).toBe(false)
  expect(openOutput(choice({ stderr: stream(true), env: { NO_COLOR: '1' } })).colour).toBe(false)
  expect(openOutput(choice({ env: { FORCE_COLOR: '1' } })).colour).toBe(true)
})

it('refuses --json together with --jsonl', () => {
  expect(() => openOutput(choice({ json: true, jsonl: true }))).toThrow('exclude each other')
})
