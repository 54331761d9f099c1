// Runs each test file in a process of its own, with node-reporter.mjs preloaded, and passes on what the files tell.
// A test that ends its process, or is ended with it, is reported as crashed: nothing that began stays without an end.
import { spawn } from 'node:child_process'
import { globSync, readFileSync, statSync, writeSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const job = JSON.parse(readFileSync(process.env.GREENLOOP_JOB, 'utf8'))
const channel = Number(process.env.GREENLOOP_CHANNEL_FD)
const reporter = fileURLToPath(new URL('node-reporter.mjs', import.meta.url))
const collector = fileURLToPath(new URL('node-collect.mjs', import.meta.url))
const separator = ' > '
const redOutcomes = new Set(['failed', 'errored', 'timed_out', 'crashed'])
const stderrTail = 16 * 1024
/** A test that never gives back control is ended a little later than Node's own deadline would end it. */
const silenceMs = job.testTimeoutMs + 1500
const testFiles = [
  '**/*{.,-,_}test.{js,mjs,cjs,ts,mts,cts}',
  '**/test{,-*}.{js,mjs,cjs,ts,mts,cts}',
  '**/test/**/*.{js,mjs,cjs,ts,mts,cts}',
]
const pause = new Int32Array(new SharedArrayBuffer(4))

function sendLine(line) {
  let data = Buffer.from(`${line}\n`)
  while (data.length > 0) {
    try {
      data = data.subarray(writeSync(channel, data))
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
      Atomics.wait(pause, 0, 0, 1)
    }
  }
}

const send = (event) => sendLine(JSON.stringify(event))
const isFolder = (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

function filesBelow(folder) {
  const found = globSync(testFiles, {
    cwd: folder,
    exclude: (entry) => /(^|\/)(node_modules|\.[^/]+)$/.test(entry),
  })
  return found.sort().map((file) => relative(job.cwd, resolve(folder, file)))
}

/** Files to run, each with the ids wanted of it; `undefined` means all. */
function planFiles() {
  if (job.select.kind === 'ids') {
    const byFile = new Map()
    for (const id of job.select.ids) {
      const file = id.split(separator, 1)[0]
      byFile.set(file, [...(byFile.get(file) ?? []), id])
    }
    return [...byFile].map(([file, ids]) => ({ file, ids }))
  }
  const paths = job.select.paths.length > 0 ? job.select.paths : ['.']
  const files = [
    ...new Set(
      paths.flatMap((path) => {
        const full = resolve(job.cwd, path)
        return isFolder(full) ? filesBelow(full) : [relative(job.cwd, full)]
      }),
    ),
  ].map((file) => ({ file: file.split(sep).join('/'), ids: undefined }))
  const { index = 0, of = 1 } = job.select.shard ?? {}
  return files.slice(Math.round((files.length * index) / of), Math.round((files.length * (index + 1)) / of))
}

const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)

/** Patterns that match the ids' full names. ` #2` may be ours, for a name used twice, or part of the name. */
function patternsOf(ids, wholly) {
  const patterns = ids.map((id) => {
    const names = id.split(separator).slice(1)
    const exact = names.map((name) => escaped(name).replace(/ #\d+$/, '($&)?'))
    return wholly ? `^${exact[0]}( |$)` : `^${exact.join(' ')}$`
  })
  // Where the list is too long for a command line the whole file runs, and the reporter leaves out the others.
  return patterns.join(' ').length > 60_000
    ? []
    : [...new Set(patterns)].map((pattern) => `--test-name-pattern=${pattern}`)
}

function coverageFlags() {
  if (job.coverage === undefined) return []
  const folders = job.coverage.sources.map((source) => (isFolder(resolve(job.cwd, source)) ? `${source}/**` : source))
  const inside = folders.map((pattern) => `--test-coverage-include=${relative(job.cwd, resolve(job.cwd, pattern))}`)
  return ['--experimental-test-coverage', ...inside]
}

function argumentsFor({ file, ids, wholly, listOnly }) {
  if (job.collectOnly || listOnly) return [...job.nodeArgs, `--import=${collector}`, file]
  return [
    ...job.nodeArgs,
    `--import=${reporter}`,
    ...[`--test-reporter=${reporter}`, '--test-reporter-destination=stdout', `--test-timeout=${job.testTimeoutMs}`],
    ...coverageFlags(),
    ...(ids === undefined ? [] : patternsOf(ids, wholly)),
    file,
  ]
}

/** Follows one file's events; knows what began without an end. */
function follow(coverage) {
  const open = new Map()
  const begun = new Set()
  let red = false
  let heard = false
  let loaded = false
  let at = performance.now()
  const take = (line) => {
    let event
    try {
      event = JSON.parse(line)
    } catch {
      return // The file's process died in the middle of a line.
    }
    heard = true
    at = performance.now()
    if (event.event === 'file_done') {
      loaded = true
      return
    }
    if (event.event === 'coverage') return coverage.add(event.files)
    if (event.event === 'test_start') {
      open.set(event.id, event.at)
      begun.add(event.id)
    }
    if (event.event === 'test_finish') open.delete(event.id)
    red ||= event.event === 'collect_error' || redOutcomes.has(event.outcome)
    sendLine(line)
  }
  const isSilent = () => open.size > 0 && performance.now() - at > silenceMs
  return { take, open, begun, isSilent, heard: () => heard, loaded: () => loaded, red: () => red }
}

function reportEnd({ file, ids }, follower, { code, signal, stderr, silent }) {
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`
  for (const [id, at] of follower.open) {
    const message = silent
      ? `no sign of life within the limit of ${job.testTimeoutMs / 1000} s, so its process was killed`
      : `the process ended ${how} while the test ran`
    const failure = { phase: 'call', type: silent ? 'Timeout' : 'ProcessEnded', message, trace: stderr, file }
    send({
      event: 'test_finish',
      id,
      outcome: silent ? 'timed_out' : 'crashed',
      durationMs: Date.now() - at,
      failure,
    })
  }
  if (code !== 0 && !follower.heard() && ids === undefined) {
    const message = (/^\s*(\w*(?:Error|Exception)\b.*)$/m.exec(stderr)?.[1] ?? `the process ended ${how}`).trim()
    const failure = { phase: 'collection', type: /^\w+/.exec(message)?.[0] ?? 'Error', message, trace: stderr, file }
    send({ event: 'collect_error', file, failure })
  }
}

/** What the process ended with; where only some tests were wanted, the others have no say in it. */
function codeOf({ ids }, follower, code) {
  return ids !== undefined && ids.every((id) => follower.begun.has(id)) ? Number(follower.red()) : code
}

/** Ids below other names that never began, unless the whole outer test ran. */
function unseenBy({ ids, wholly }, follower) {
  if (wholly || ids === undefined) return []
  return ids.filter((id) => !follower.begun.has(id) && id.split(separator).length > 2)
}

/** Calls `take` with every line. `node:readline` would also break lines at U+2028, which JSON leaves unescaped. */
function eachLine(stream, take) {
  let pieces = []
  stream.setEncoding('utf8').on('data', (chunk) => {
    const [first, ...rest] = chunk.split('\n')
    pieces.push(first)
    for (const piece of rest) {
      take(pieces.join(''))
      pieces = [piece]
    }
  })
}

/** Runs one file to its end; resolves with its exit code and with the ids below other names that were not seen. */
function runFile(entry, coverage) {
  return new Promise((done) => {
    const env = { ...process.env, GREENLOOP_CHANNEL_FD: '3', GREENLOOP_IDS: JSON.stringify(entry.ids ?? null) }
    const child = spawn(process.execPath, argumentsFor(entry), {
      cwd: job.cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    const follower = follow(coverage)
    let stderr = ''
    child.stdout.pipe(process.stdout, { end: false })
    child.stderr.on('data', (chunk) => {
      process.stderr.write(chunk)
      stderr = (stderr + chunk).slice(-stderrTail)
    })
    eachLine(child.stdio[3], follower.take)
    let ended
    let silent = false
    const watch = setInterval(() => {
      if (silent || !follower.isSilent()) return
      silent = true
      child.kill('SIGKILL')
    }, 250)
    const finish = () => {
      if (ended === undefined) return
      clearInterval(watch)
      const lost = follower.open.size > 0
      reportEnd(entry, follower, { ...ended, stderr, silent })
      done({
        code: lost ? 1 : codeOf(entry, follower, ended.code ?? 1),
        unseen: unseenBy(entry, follower),
        isWhole: follower.loaded() && !lost,
        hasBegun: follower.begun.size > 0,
      })
    }
    child.on('error', (error) => {
      ended = { code: 1, signal: null }
      stderr += error.message
      finish()
    })
    child.on('exit', (code, signal) => {
      ended = { code, signal }
      // A surviving grandchild may hold the pipes open for ever.
      setTimeout(() => child.stdio.forEach((stream) => stream?.destroy()), 1000).unref()
    })
    child.on('close', finish)
  })
}

/** Adds up the hits of all files. */
function createCoverage() {
  const files = new Map()
  const add = (found) => {
    for (const { file, lines, branches } of found) {
      const had = files.get(file) ?? { file, lines: {}, branches: {} }
      for (const [line, hits] of Object.entries(lines)) had.lines[line] = (had.lines[line] ?? 0) + hits
      for (const [line, [taken, total]] of Object.entries(branches)) {
        const [takenBefore, totalBefore] = had.branches[line] ?? [0, 0]
        had.branches[line] = [Math.max(taken, takenBefore), Math.max(total, totalBefore)]
      }
      files.set(file, had)
    }
  }
  return { add, files: () => [...files.values()] }
}

async function main() {
  send({
    event: 'session_start',
    version: process.version.slice(1),
    interpreter: `Node.js ${process.version}`,
    plugins: {},
  })
  const queue = planFiles()
  if (job.select.kind === 'paths') send({ event: 'files', files: queue.map(({ file }) => file) })
  const coverage = createCoverage()
  let exitCode = 0
  const worker = async () => {
    for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
      const { code, unseen, isWhole, hasBegun } = await runFile(entry, coverage)
      if (isWhole && entry.ids === undefined) send({ event: 'file_done', file: entry.file })
      if (entry.listOnly) continue
      // A process that broke off may have had more tests before it; they get a process of their own later.
      if (!isWhole && hasBegun && entry.ids === undefined) queue.unshift({ ...entry, listOnly: true })
      if (code !== 0 && unseen.length === 0) exitCode = 1
      // A test inside another test exists only while the outer one runs, which a pattern for the inner one prevents.
      if (unseen.length > 0) queue.unshift({ file: entry.file, ids: unseen, wholly: true })
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, job.workers) }, worker))
  if (job.coverage !== undefined) send({ event: 'coverage', files: coverage.files() })
  send({ event: 'session_end', exitCode })
  process.exitCode = exitCode
}

await main()
