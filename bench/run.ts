// `greenloop run` beside bare pytest on 1,000 trivial tests: one process, then four workers beside `pytest -n 4`.
// npm run bench:run [rounds]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare, report } from './side-by-side.ts'

const rounds = Number(process.argv[2] ?? 7)
const root = join(import.meta.dirname, '..')
const python = join(root, '.venv', 'bin', 'python')
const greenloop = join(root, 'bin', 'greenloop')

for (const files of [1, 20]) {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-bench-'))
  writeTests(folder, files)
  const request = (name: string, over: object): string => {
    const path = join(folder, `${name}.json`)
    writeFileSync(path, JSON.stringify({ framework: 'pytest', tests: ['tests'], cwd: '.', ...over }))
    return path
  }
  const ours = (path: string): readonly string[] => [
    greenloop,
    'run',
    path,
    '--artifacts',
    join(folder, 'artifacts'),
    '--json',
  ]
  const peer = (...args: string[]): readonly string[] => [python, '-m', 'pytest', '-q', ...args, 'tests']

  const one = compare(
    { name: 'greenloop', argv: ours(request('one', {})), cwd: folder },
    { name: 'pytest', argv: peer(), cwd: folder },
    rounds,
  )
  report(`1,000 tests in ${files} file(s), one process`, one, (seconds) => seconds * 1.15 + 0.3)
  const four = compare(
    { name: 'greenloop', argv: ours(request('four', { workers: 4 })), cwd: folder },
    { name: 'pytest -n 4', argv: peer('-n', '4'), cwd: folder },
    rounds,
  )
  report(`1,000 tests in ${files} file(s), four workers`, four, (seconds) => seconds)
  rmSync(folder, { recursive: true, force: true })
}

function writeTests(folder: string, files: number): void {
  mkdirSync(join(folder, 'tests'))
  for (let file = 0; file < files; file++) {
    const tests = Array.from({ length: 1000 / files }, (_, i) => `def test_${i}():\n    assert ${i} + 1 == ${i + 1}\n`)
    writeFileSync(join(folder, 'tests', `test_trivial_${file}.py`), tests.join('\n'))
  }
}
