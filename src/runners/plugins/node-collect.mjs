// Preloaded instead of node-reporter.mjs when tests are only to be listed: stands in for `node:test`, runs the bodies of
// suites and no other, and tells what it finds.
import { realpathSync, writeSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { relative, sep } from 'node:path'
import * as real from 'node:test'
import { pathToFileURL } from 'node:url'

const channel = Number(process.env.GREENLOOP_CHANNEL_FD)
const entry = process.argv[1] ?? ''
const file = relative(process.cwd(), entry).split(sep).join('/')
const tests = []
const names = new Map()
const suites = [{ id: file, path: [] }]

const lineOf = () => {
  const frame = new Error('here').stack.split('\n').find((text) => text.includes(entry))
  const found = frame === undefined ? null : /:(\d+):\d+\)?$/.exec(frame)
  return found === null ? undefined : Number(found[1])
}

function name(values) {
  const [first] = values
  return typeof first === 'string' ? first : (typeof first === 'function' && first.name) || '<anonymous>'
}

function idOf(parent, title) {
  const plain = `${parent.id} > ${title}`
  const count = (names.get(plain) ?? 0) + 1
  names.set(plain, count)
  return count === 1 ? plain : `${plain} #${count}`
}

function test(...values) {
  const parent = suites.at(-1)
  const title = name(values)
  tests.push({ id: idOf(parent, title), name: title, file, line: lineOf(), suite: parent.path, tags: [], labels: {} })
  return Promise.resolve()
}

function describe(...values) {
  const parent = suites.at(-1)
  const title = name(values)
  suites.push({ id: idOf(parent, title), path: [...parent.path, title] })
  try {
    const body = values.find((value) => typeof value === 'function')
    return Promise.resolve(body?.({ name: title, fullName: title, signal: new AbortController().signal }))
  } finally {
    suites.pop()
  }
}

const withVariants = (base) => {
  for (const variant of ['skip', 'todo', 'only', 'expectFailure']) base[variant] = (...values) => base(...values)
  return base
}
const nothing = () => {}
const every = {
  ...real,
  ...{ test: withVariants(test), it: test, describe: withVariants(describe), suite: describe },
  ...{ before: nothing, after: nothing, beforeEach: nothing, afterEach: nothing },
}
Object.assign(test, every)

function send(event) {
  let data = Buffer.from(`${JSON.stringify(event)}\n`)
  while (data.length > 0) data = data.subarray(writeSync(channel, data))
}

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'node:test'
      ? { url: import.meta.url, format: 'module', shortCircuit: true }
      : next(specifier, context),
})
process.on('uncaughtExceptionMonitor', (error) => {
  const { name: type = 'Error', message = String(error), stack = message } = /** @type {Partial<Error>} */ (error ?? {})
  send({ event: 'collect_error', file, failure: { phase: 'collection', type, message, trace: stack, file } })
})
let loaded = false
setImmediate(() => {
  // The entry is being loaded already; this only waits until it is.
  import(pathToFileURL(realpathSync(entry)).href).then(
    () => (loaded = true),
    () => {},
  )
})
process.on('exit', () => {
  send({ event: 'collected', tests })
  if (loaded) send({ event: 'file_done', file })
})

const { it, suite, before, after, beforeEach, afterEach, mock, snapshot, assert } = every
export {
  after,
  afterEach,
  assert,
  before,
  beforeEach,
  describe,
  it,
  mock,
  snapshot,
  suite,
  test,
  test as default,
  test as 'module.exports',
}
