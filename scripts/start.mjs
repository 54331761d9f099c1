// `npm start`: on a fresh clone installs what is missing, then shows the main job on an example, without a key or a question.
import { join } from 'node:path'
import { prepareNode, preparePython, root, runPinned, say } from './prepare.mjs'

prepareNode()
const framework = preparePython() ? 'pytest' : 'vitest'
say(`suite examples/suites/calculator.json → plan → tests (offline, no model) → ${framework} → report\n`)
const suite = join('examples', 'suites', 'calculator.json')
const args = ['pipeline', '--suite', suite, '--mode', 'offline', '--framework', framework, '--coverage', '--benchmark']
process.exitCode = runPinned(join(root, 'bin', 'greenloop'), [...args, '--show-next', ...process.argv.slice(2)])
