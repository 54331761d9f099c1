// A test framework for tests of the loop: its "test files" are JSON, and its tests behave as badly as they are told to.
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const { job } = JSON.parse(readFileSync(process.env.SCRIPTED_JOB, 'utf8'))
const channel = (text) => {
  for (let data = Buffer.from(text); data.length > 0;) data = data.subarray(writeSync(3, data))
}
const send = (event) => channel(`${JSON.stringify(event)}\n`)
const hang = () => {
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)
}
const failure = { phase: 'call', type: 'AssertionError', message: 'expected 1, got 2', trace: 'at line 1' }
const filesOf = (list) =>
  list.length > 0
    ? list
    : readdirSync('.')
        .filter((name) => name.startsWith('test_'))
        .sort()
const wanted = job.select.kind === 'ids' ? new Set(job.select.ids) : undefined
const paths = wanted ? [...new Set(job.select.ids.map((id) => id.split('::')[0]))] : filesOf(job.select.paths)
const state = process.env.SCRIPTED_STATE
if (state) appendFileSync(join(state, 'started.log'), `${JSON.stringify(job.select)}\n`)

if (process.env.SCRIPTED_REFUSE) {
  console.error('unknown option')
  process.exit(4)
}
send({ event: 'session_start', version: '1.0', interpreter: 'scripted', plugins: {} })

let tests = []
let broken = 0
for (const path of paths) {
  const { onCollect, tests: found } = JSON.parse(readFileSync(path, 'utf8'))
  if (onCollect === 'exit') process.exit(0)
  if (onCollect === 'hang') hang()
  if (onCollect === 'error') {
    broken++
    send({ event: 'collect_error', file: path, failure: { ...failure, phase: 'collection' } })
    continue
  }
  for (const [name, behaviour] of Object.entries(found)) tests.push({ id: `${path}::${name}`, name, path, behaviour })
}
const { shard } = job.select
if (shard) tests = tests.filter((_, at) => at % shard.of === shard.index)
if (wanted) tests = tests.filter(({ id }) => wanted.has(id))
send({
  event: 'collected',
  tests: tests.map(({ id, name, path }) => ({ id, name, file: path, line: 1, suite: [], tags: [], labels: {} })),
})
if (job.collectOnly) {
  send({ event: 'session_end', exitCode: 0 })
  process.exit(0)
}

const finish = (id, outcome, more = {}) => send({ event: 'test_finish', id, outcome, durationMs: 1, ...more })
const start = (id) => send({ event: 'test_start', id, at: Date.now() })
/** Whether this test was started before in this run. */
const isAgain = (id) => {
  const file = join(state, encodeURIComponent(id))
  const again = existsSync(file)
  writeFileSync(file, '')
  return again
}
const behaviours = {
  pass: (id) => finish(id, 'passed', { stdout: 'hello\n' }),
  fail: (id) => finish(id, 'failed', { failure }),
  skip: (id) => finish(id, 'skipped', { skipReason: 'not today' }),
  flaky: (id) => (isAgain(id) ? finish(id, 'passed') : finish(id, 'failed', { failure })),
  exit: () => process.exit(0),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  crashOnce: (id) => (isAgain(id) ? finish(id, 'passed') : process.exit(0)),
  hang,
  hangOnce: (id) => (isAgain(id) ? finish(id, 'passed') : hang()),
  stubborn: () => {
    process.on('SIGTERM', () => {})
    hang()
  },
  print: (id) => {
    const block = 'x'.repeat(1024 * 1024)
    for (let n = 0; n < 64; n++) writeSync(1, block)
    finish(id, 'passed')
  },
  garbage: (id) => {
    channel('{{{ not json\n\u0000\n{"event":"nonsense"}\n{"event":"test_finish","id":7}\n')
    finish(id, 'passed')
  },
  forged: (id) => {
    finish(id, 'passed')
    finish(id, 'failed', { failure })
  },
  stranger: (id) => {
    finish(id, 'passed')
    start('test_none.py::made_up')
    finish('test_none.py::made_up', 'passed')
  },
  endSession: () => {
    send({ event: 'session_end', exitCode: 0 })
    process.exit(0)
  },
  exitAfter: (id) => {
    finish(id, 'passed')
    process.exit(0)
  },
  hangAfter: (id) => {
    finish(id, 'passed')
    hang()
  },
  wipe: (id) => {
    rmSync(process.cwd(), { recursive: true, force: true })
    finish(id, 'passed')
  },
  write: (id) => {
    writeFileSync('left-behind.txt', 'x')
    finish(id, 'passed')
  },
  blind: (id) => finish(id, existsSync('left-behind.txt') ? 'failed' : 'passed', { failure }),
  // Starts its neighbours as well, as a framework with workers of its own does, and goes down with them.
  together: (id) => {
    for (const other of tests) if (other.id !== id && other.behaviour === 'bystander') start(other.id)
    if (tests.length > 1) process.exit(0)
    finish(id, 'passed')
  },
  bystander: (id) => finish(id, 'passed'),
}

let red = 0
for (const { id, behaviour } of tests) {
  start(id)
  if (behaviour === 'fail') red++
  behaviours[behaviour](id)
}
if (job.coverage) send({ event: 'coverage', files: [{ file: 'a.py', lines: { 1: 1, 2: tests.length }, branches: {} }] })
const { SCRIPTED_END: end } = process.env
if (end === 'vanish') process.exit(0)
send({ event: 'session_end', exitCode: red + broken > 0 ? 1 : end === 'dirty' ? 1 : 0 })
if (end === 'hang') hang()
process.exit(red + broken > 0 ? 1 : end === 'dirty' ? 1 : 0)
