// `greenloop --version` beside `node -e 0`, both on the same Node. npm run bench:version [rounds]
import { join } from 'node:path'
import { compare, report } from './side-by-side.ts'

const rounds = Number(process.argv[2] ?? 15)
const root = join(import.meta.dirname, '..')
const result = compare(
  { name: 'greenloop --version', argv: [join(root, 'bin', 'greenloop'), '--version'], cwd: root },
  { name: 'node -e 0', argv: [process.execPath, '-e', '0'], cwd: root },
  rounds,
)
report('--version', result, (seconds) => seconds * 2)
