// Preloaded into the process of one test file. Tells what node:test does at the moment it does it: the runner's own
// event stream comes late, and not at all when a test ends the process or never gives control back.
import { EventEmitter } from 'node:events'
import { realpathSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect, stripVTControlCharacters } from 'node:util'
import { cap, capped, openChannel } from './channel.mjs'

const send = openChannel(Number(process.env.GREENLOOP_CHANNEL_FD))
const wantedIds = JSON.parse(process.env.GREENLOOP_IDS ?? 'null')
const wanted = wantedIds === null ? null : new Set(wantedIds)
for (const name of ['GREENLOOP_CHANNEL_FD', 'GREENLOOP_IDS', 'GREENLOOP_JOB']) delete process.env[name]
const entry = process.argv[1] ?? ''
const file = relative(process.cwd(), entry).split(sep).join('/')
const clock = Date.now
const print = process.stdout.write.bind(process.stdout)

// What we know of tests and suites, by the number that node gives them (or their place, before Node 24.11).

const nodes = new Map()
const names = new Map()
const running = []
const placed = []
const unfinished = new Set()

const keyOf = (data) => data.testId ?? `${data.nesting}:${data.line}:${data.column}:${data.name}`
const parentOf = (data) => (data.testId === undefined ? placed[data.nesting - 1] : nodes.get(data.parentId))

function nodeOf(data, type) {
  const known = nodes.get(keyOf(data))
  if (known !== undefined && !known.finished) return known
  const parent = parentOf(data)
  const plain = `${parent?.id ?? file} > ${data.name}`
  const count = (names.get(plain) ?? 0) + 1
  names.set(plain, count)
  const node = {
    id: count === 1 ? plain : `${plain} #${count}`,
    name: data.name,
    path: parent === undefined ? [] : [...parent.path, parent.name],
    line: data.file === entry ? data.line : undefined,
    tags: data.tags ?? [],
    isTest: type !== 'suite',
    wanted: false,
    started: false,
    finished: false,
    waiting: [],
    parent,
    output: { stdout: '', stderr: '' },
  }
  node.wanted = node.isTest && (wanted === null || wanted.has(node.id))
  nodes.set(keyOf(data), node)
  unfinished.add(node)
  if (node.wanted) {
    const { id, name, line, tags } = node
    send({ event: 'collected', tests: [{ id, name, file, line, suite: node.path, tags, labels: {} }] })
  }
  return node
}

function begin(node) {
  if (node.started) return
  node.started = true
  if (!node.isTest) return
  running.push(node)
  if (node.wanted) send({ event: 'test_start', id: node.id, at: clock() })
}

// Failures

const phases = { hookFailed: (text) => (/\bafter/.test(text) ? 'teardown' : 'setup') }

/** What a value thrown by a test says; anything can be thrown. */
function failureOf(error) {
  const cause = error?.cause ?? error
  const isError = cause instanceof Error || (typeof cause === 'object' && cause !== null && 'message' in cause)
  const message = isError ? String(cause.message) : show(cause)
  const trace = capped(stripVTControlCharacters(isError ? String(cause.stack ?? message) : message))
  const failure = {
    phase: phases[error?.failureType]?.(String(error.message)) ?? 'call',
    type: typeOf(error, cause, isError),
    message: capped(message),
    trace,
  }
  const line = lineIn(trace)
  if (line !== undefined) Object.assign(failure, { file, line })
  if (
    isError &&
    'expected' in cause &&
    'actual' in cause &&
    (cause.expected !== undefined || cause.actual !== undefined)
  ) {
    Object.assign(failure, { expected: capped(show(cause.expected)), actual: capped(show(cause.actual)) })
  }
  return failure
}

function typeOf(error, cause, isError) {
  if (error?.failureType === 'testTimeoutFailure') return 'Timeout'
  if (error?.failureType === 'subtestsFailed') return 'SubtestsFailed'
  return isError ? String(cause.name ?? 'Error') : 'Error'
}

const show = (value) =>
  typeof value === 'string'
    ? value
    : inspect(value, { depth: 6, maxArrayLength: 200, maxStringLength: 16_384, breakLength: 100 })

function lineIn(trace) {
  for (const text of trace.split('\n')) {
    const at = text.indexOf(entry)
    const found = at < 0 ? null : /^:(\d+)/.exec(text.slice(at + entry.length))
    if (found) return Number(found[1])
  }
  return undefined
}

function outcomeOf(data) {
  if (data.skip !== undefined && data.skip !== false)
    return { outcome: 'skipped', skipReason: reason(data.skip, 'skipped') }
  if (data.todo !== undefined && data.todo !== false)
    return { outcome: 'skipped', skipReason: reason(data.todo, 'todo') }
  const error = data.details.error
  if (data.details.passed !== false && error === undefined) return { outcome: 'passed' }
  const failure = { file, ...(data.file === entry ? { line: data.line } : {}), ...failureOf(error) }
  if (error?.failureType === 'testTimeoutFailure') return { outcome: 'timed_out', failure }
  const broken = error?.failureType === 'hookFailed' || error?.failureType === 'cancelledByParent'
  return { outcome: broken ? 'errored' : 'failed', failure }
}

const reason = (value, fallback) => (typeof value === 'string' && value !== '' ? value : fallback)

function end(node, durationMs, result) {
  if (node.finished) return
  begin(node)
  node.finished = true
  unfinished.delete(node)
  red ||= node.isTest && !['passed', 'skipped'].includes(result.outcome)
  running.splice(running.indexOf(node), 1)
  if (!node.wanted) return
  print(`${result.outcome} ${node.id} (${Math.round(durationMs)} ms)\n`)
  const { outcome, failure } = result
  send({ event: 'phase', id: node.id, phase: failure?.phase ?? 'call', outcome, durationMs, failure })
  const output = Object.fromEntries(Object.entries(node.output).filter(([, text]) => text !== ''))
  send({ event: 'test_finish', id: node.id, durationMs, ...result, ...output })
}

// Events

function complete(data) {
  // A test that timed out may be cancelled once more when its process ends.
  if (nodes.get(keyOf(data))?.finished) return
  const node = nodeOf(data, data.details.type)
  const error = data.details.error
  if (error?.failureType === 'cancelledByParent' && node.parent !== undefined) {
    // Its parent's error is the reason, and comes next.
    node.parent.waiting.push([node, data])
    return
  }
  for (const [child, childData] of node.waiting.splice(0)) settleCancelled(child, childData, error)
  if (node.isTest) end(node, data.details.duration_ms, outcomeOf(data))
  else suiteEnded(node, error)
}

function settleCancelled(child, data, parentError) {
  const inherits = parentError?.failureType === 'hookFailed' || parentError?.failureType === 'testTimeoutFailure'
  const details = inherits ? { ...data.details, error: parentError } : data.details
  for (const [inner, innerData] of child.waiting.splice(0)) settleCancelled(inner, innerData, details.error)
  if (child.isTest) end(child, data.details.duration_ms, outcomeOf({ ...data, details }))
}

/** A suite is no test; what broke in it beside its tests is told for the run as a whole. */
function suiteEnded(node, error) {
  node.finished = true
  unfinished.delete(node)
  red ||= error !== undefined
  if (error?.failureType === 'hookFailed' && /\bafter/.test(String(error.message))) {
    send({ event: 'suite_error', file, failure: { ...failureOf(error), phase: 'teardown' } })
  }
}

function coverageOf({ summary }) {
  const files = summary.files.flatMap((entry) => {
    const name = relative(summary.workingDirectory ?? process.cwd(), entry.path)
      .split(sep)
      .join('/')
    if (name.startsWith('..')) return []
    const branches = {}
    for (const { line, count } of entry.branches) {
      const [taken, total] = branches[line] ?? [0, 0]
      branches[line] = [taken + (count > 0 ? 1 : 0), total + 1]
    }
    return [{ file: name, lines: Object.fromEntries(entry.lines.map(({ line, count }) => [line, count])), branches }]
  })
  send({ event: 'coverage', files })
}

const handlers = {
  'test:enqueue': (data) => nodeOf(data, data.type),
  'test:dequeue': (data) => {
    const node = nodeOf(data, data.type)
    placed[data.nesting] = node
    begin(node)
  },
  'test:complete': complete,
  // Outside every suite an `after` that breaks is told as a failure of the file, and of nothing else.
  'test:fail': (data) => {
    if (data.nesting === 0 && data.name === entry && data.details.error?.failureType === 'hookFailed')
      send({ event: 'suite_error', file, failure: { ...failureOf(data.details.error), phase: 'teardown' } })
  },
  'test:coverage': coverageOf,
}

// node:test emits each event on the stream of its root before it queues it. That stream is the first of its kind to be
// made; a second one swallows what name patterns leave out.
const { init } = EventEmitter
EventEmitter.init = function (...values) {
  init.apply(this, values)
  if (this.constructor.name !== 'TestsStream') return
  EventEmitter.init = init
  const value = function (type, ...data) {
    if (handlers[type] !== undefined) {
      handlers[type](data[0])
      watchForEnd()
    }
    return EventEmitter.prototype.emit.call(this, type, ...data)
  }
  Object.defineProperty(this, 'emit', { value, configurable: true, writable: true })
}

for (const name of ['stdout', 'stderr']) {
  const stream = process[name]
  const write = stream.write
  stream.write = function (chunk, ...rest) {
    const output = running.at(-1)?.output
    if (output !== undefined && output[name].length < cap)
      output[name] += String(chunk).slice(0, cap - output[name].length)
    return write.call(this, chunk, ...rest)
  }
}

// What a test left running (a timer, a server) would keep the process alive long after its last test.

const later = setTimeout
const lingerMs = 1000
let loaded = false
let red = false
let timer
setImmediate(() => {
  // The entry is being loaded already; this only waits until it is. What it throws is reported elsewhere.
  import(pathToFileURL(realpathSync(entry)).href).catch(() => {}).finally(() => (loaded = true))
})

function watchForEnd() {
  clearTimeout(timer)
  if (unfinished.size === 0) timer = later(leave, lingerMs).unref()
}

function leave() {
  if (!loaded) return watchForEnd()
  // Lets node:test finish, with its coverage, as if nothing had been left running.
  process.emit('beforeExit', process.exitCode ?? 0)
  later(() => process.exit(red ? 1 : process.exitCode), lingerMs / 4)
}

process.on('uncaughtExceptionMonitor', (error) => {
  if (running.length > 0) return
  const [event, phase] = loaded ? ['suite_error', 'call'] : ['collect_error', 'collection']
  send({ event, file, failure: { ...failureOf(error), phase } })
})

process.on('exit', () => {
  // Without this word the file ended its process before it was loaded, and nobody knows what else is in it.
  if (loaded) send({ event: 'file_done', file })
})

/** node:test demands a reporter; everything was told before it gets here. */
export default async function* quiet(source) {
  for await (const _event of source) yield ''
}
