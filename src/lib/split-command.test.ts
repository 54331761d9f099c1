import { describe, expect, it } from 'vitest'
import { splitCommand } from './split-command.ts'

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
