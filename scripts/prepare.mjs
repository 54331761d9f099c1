// Installs what a fresh clone lacks: npm packages, and a Python environment of the project's own where Python is there.
// Plain JavaScript, so that it runs on whatever Node the machine has.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamps = join(root, 'node_modules', '.cache', 'greenloop')

/** The program npm was started as, so that a wrapped npm keeps its settings. */
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

export function prepareNode() {
  const wanted = digest('package-lock.json')
  if (readStamp('npm') === wanted && existsSync(join(root, 'node_modules', 'node', 'bin', 'node'))) return
  say('installing npm packages')
  const done = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (done.status !== 0) fail('npm ci failed: see above')
  writeStamp('npm', wanted)
}

/** Whether the project's own virtual environment is ready; says why where it is not. */
export function preparePython() {
  const python = venvPython()
  const wanted = digest('requirements.txt')
  if (readStamp('python') === wanted && existsSync(python)) return true
  const base = ['python3', 'python'].find(
    (name) => spawnSync(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0,
  )
  if (base === undefined) {
    say('no Python 3.9 or later here: tests run on vitest instead of pytest')
    return false
  }
  say('making a Python environment in .venv')
  rmSync(join(root, '.venv'), { recursive: true, force: true })
  const made = spawnSync(base, ['-m', 'venv', '.venv'], { cwd: root, stdio: ['ignore', 2, 2] })
  if (made.status !== 0) {
    say('python3 -m venv failed (Debian: apt-get install python3-venv): tests run on vitest instead of pytest')
    return false
  }
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt']
  const installed = spawnSync(python, pip, { cwd: root, stdio: ['ignore', 2, 'pipe'], encoding: 'utf8' })
  if (installed.status !== 0) {
    say(
      `pip could not install pytest: tests run on vitest instead\n${installed.stderr.trim().split('\n').slice(-3).join('\n')}`,
    )
    return false
  }
  writeStamp('python', wanted)
  return true
}

export function venvPython() {
  return process.platform === 'win32'
    ? join(root, '.venv', 'Scripts', 'python.exe')
    : join(root, '.venv', 'bin', 'python')
}

/** Runs a program of the project with the pinned Node first on the PATH, and gives its exit code. */
export function runPinned(command, args, env = {}) {
  const path = [join(root, 'node_modules', 'node', 'bin'), join(root, 'node_modules', '.bin'), process.env.PATH].join(
    process.platform === 'win32' ? ';' : ':',
  )
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env, PATH: path } })
  return done.status ?? 1
}

export function say(text) {
  process.stderr.write(`greenloop: ${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(3)
}

function digest(file) {
  return createHash('sha256')
    .update(readFileSync(join(root, file)))
    .digest('hex')
}

function readStamp(name) {
  const file = join(stamps, `${name}.stamp`)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function writeStamp(name, text) {
  mkdirSync(stamps, { recursive: true })
  writeFileSync(join(stamps, `${name}.stamp`), text)
}
