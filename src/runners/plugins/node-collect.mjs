// Preloaded instead of node-reporter.mjs when tests are only to be listed: stands in for `node:test`, runs the bodies of
// suites and no other, and tells what it finds.
import { readFileSync, writeSync } from 'node:fs'
import * as hooks from 'node:module'
import { relative, sep } from 'node:path'

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
  return typeof first === 'string' ? first : ((typeof first === 'function' && first.name) || '<anonymous>')
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

const variants = (base) => Object.assign(base, { skip: (...values) => base(...values), todo: (...values) => base(...values), only: (...values) => base(...values) })
const nothing = () => {}
const api = variants(test)
const suite = variants(describe)
const standIn = { test: api, it: api, describe: suite, suite, before: nothing, after: nothing, beforeEach: nothing, afterEach: nothing }
