import { describe, expect, it } from 'vitest'
import { hasOpenQuote, splitCommand } from './split-command.ts'

describe('splitCommand', () => {
  it.each([
    ['python3 server.py --port {port}', ['python3', 'server.py', '--port', '{port}']],
    [`run 'two words' "and 'these'" a\\ b`, ['run', 'two words', "and 'these'", 'a b']],
    [`say "a \\"quoted\\" word" ''`, ['say', 'a "quoted" word', '']],
    [`pre'fix'ed`, ['prefixed']],
    ['  ', []],
    [`open 'to the end`, ['open', 'to the end']],
  ])('splits %s as a shell would', (command, words) => {
    expect(splitCommand(command)).toEqual(words)
  })
})

describe('hasOpenQuote', () => {
  it.each([
    [`open 'to the end`, true],
    [`say "a \\" b`, true],
    [`run 'two "words' "and 'these"`, false],
    [`a\\'b`, false],
  ])('of %s is %s', (command, open) => {
    expect(hasOpenQuote(command)).toBe(open)
  })
})
