#!/usr/bin/env node
// Plain JavaScript that any Node since 16 can read: it finds a Node that runs the program, or says what to do.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { argv, exit, kill, pid, stderr, stdout, versions } from 'node:process'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const args = argv.slice(2)

if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  stdout.write(`${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version}\n`)
} else if (isRecent(versions.node)) {
  await start()
} else {
  restart()
}

function isRecent(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 18)
}

async function start() {
  const built = join(root, 'dist', 'cli', 'main.js')
  const source = join(root, 'src', 'cli', 'main.ts')
  // Node does not strip types below node_modules: an installed package runs what was built.
  const entry = existsSync(source) ? source : built
  if (entry === source && !existsSync(join(root, 'node_modules', 'zod'))) {
    stderr.write(
      'greenloop: the packages it needs are not installed yet\nhelp: npm ci    (or `npm start`, which does it)\n',
    )
    exit(3)
  }
  const { enableCompileCache } = await import('node:module')
  enableCompileCache(join(root, 'node_modules', '.cache', 'greenloop'))
  const { main } = await import(entry)
  await main(args)
}

/** Runs this same file on the pinned Node, passing signals through. */
function restart() {
  const pinned = join(root, 'node_modules', 'node', 'bin', 'node')
  if (!existsSync(pinned)) {
    stderr.write(
      `greenloop: Node 22.18 or later is needed, this is ${versions.node}\n` +
        'help: npm ci    (installs a fitting Node for this project alone)\n',
    )
    exit(3)
  }
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...args], { stdio: 'inherit' })
  // A terminal sends Ctrl-C to both; the child decides how to end, so the parent only stays.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code, signal) => {
    if (signal === null) exit(code ?? 3)
    else {
      process.removeAllListeners(signal)
      kill(pid, constants.signals[signal])
    }
  })
}
