// `npm test`: installs what is missing, then format, lint, types, unused code, and all tests. Arguments go to the test runner.
import { prepareNode, preparePython, runPinned, say } from './prepare.mjs'

prepareNode()
preparePython()
const only = process.argv.slice(2)
const steps = [
  ['format', 'oxfmt', ['--check', '.']],
  ['lint', 'oxlint', ['--deny-warnings']],
  ['types', 'tsc', ['-p', '.']],
  ['types of the page', 'tsc', ['-p', 'web']],
  ['unused code', 'knip', []],
]
if (only.length === 0) {
  for (const [name, command, args] of steps) {
    say(name)
    const code = runPinned(command, args)
    if (code !== 0) {
      say(`${name} failed`)
      process.exit(code)
    }
  }
}
say('tests')
process.exitCode = runPinned('vitest', ['run', ...only])
