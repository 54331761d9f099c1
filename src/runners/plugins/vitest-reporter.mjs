// Vitest's side of Greenloop: a reporter in the main process that tells each event as soon as it is known. What the
// workers tell comes in batches, so vitest-setup.mjs also notes each beginning in a file, which is read here: only so
// can a test be named that never gives control back.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { inspect, stripVTControlCharacters } from 'node:util'
import { cap, capped, openChannel } from './channel.mjs'

const job = JSON.parse(readFileSync(process.env.GREENLOOP_JOB, 'utf8'))
const send = openChannel(Number(process.env.GREENLOOP_CHANNEL_FD))
delete process.env.GREENLOOP_CHANNEL_FD
const wanted = job.select.kind === 'ids' ? new Set(job.select.ids) : undefined
const pollMs = 40

// Names

const fileOf = (module) => relative(job.cwd, module.moduleId).split(sep).join('/')

function suitePath(test) {
  const names = []
  for (let node = test.parent; node.type === 'suite'; node = node.parent) names.unshift(node.name)
  return names
}

/** Gives every test of a module its id; a name that stands twice gets ` #2`. */
function nameTests(module) {
  const count = new Map()
  return [...module.children.allTests()].map((test) => {
    const plain = [fileOf(module), ...suitePath(test), test.name].join(' > ')
    const number = (count.get(plain) ?? 0) + 1
    count.set(plain, number)
    return [test, number === 1 ? plain : `${plain} #${number}`]
  })
}

// Failures

const show = (value) => (typeof value === 'string' ? value : inspect(value, { depth: 6, breakLength: 100 }))

function failureOf(error, phase, file) {
  const message = stripVTControlCharacters(String(error.message ?? error))
  const stack = String(error.stack ?? '')
  const diff = typeof error.diff === 'string' ? `\n\n${error.diff}` : ''
  const trace = capped(stripVTControlCharacters(`${stack === '' ? message : stack}${diff}`))
  const frames = (error.stacks ?? []).filter((frame) => file !== undefined && String(frame.file).endsWith(`/${file}`))
  const line = frames[0]?.line ?? lineIn(stack, file)
  const compared = error.expected !== undefined || error.actual !== undefined
  return {
    phase,
    type: timedOut(error) ? 'Timeout' : String(error.name ?? 'Error'),
    message: capped(message),
    trace,
    ...(line === undefined ? {} : { file, line }),
    ...(compared ? { expected: capped(show(error.expected)), actual: capped(show(error.actual)) } : {}),
  }
}

function lineIn(stack, file) {
  const at = file === undefined ? -1 : stack.indexOf(`/${file}:`)
  const found = at < 0 ? null : /^\d+/.exec(stack.slice(at + file.length + 2))
  return found === null ? undefined : Number(found[0])
}

const timedOut = (error) =>
  /^(?:Test|Hook) timed out in \d+ms/.test(stripVTControlCharacters(String(error.message ?? '')))

/** What the suites around a test failed with: vitest passes over the tests of a suite whose beforeAll failed. */
function errorsAround(test) {
  for (let node = test.parent; node !== undefined; node = node.parent) {
    const errors = node.errors()
    if (errors.length > 0) return errors
    if (node.type === 'module') return []
  }
  return []
}

function attemptsOf(test, file) {
  const { state, errors = [], note } = test.result()
  const diagnostic = test.diagnostic()
  const durationMs = diagnostic?.duration ?? 0
  if (state === 'skipped' || state === 'pending') {
    const reasons = test.options.mode === 'run' || test.options.mode === undefined ? errorsAround(test) : []
    if (reasons.length > 0)
      return [{ outcome: 'errored', durationMs: 0, failure: failureOf(reasons[0], 'setup', file) }]
    return [{ outcome: 'skipped', durationMs: 0, skipReason: note ?? test.options.mode ?? 'skipped' }]
  }
  const attempts = test.attempts?.() ?? []
  if (attempts.length > 1) {
    return attempts.map(({ state, errors, duration, startTime }) => {
      const result = state === 'failed' ? failed(errors?.[0] ?? {}, file) : { outcome: 'passed' }
      return { ...result, at: startTime, durationMs: duration }
    })
  }
  const last = state === 'passed' ? { outcome: 'passed' } : failed(errors.at(-1) ?? {}, file)
  // Before vitest 5: one error for each failed attempt, and no times.
  const retries = diagnostic?.retryCount ?? 0
  const before = errors.slice(0, state === 'passed' ? undefined : -1).slice(0, retries)
  return [...before.map((error) => ({ ...failed(error, file), durationMs: 0 })), { ...last, durationMs }]
}

function failed(error, file) {
  return { outcome: timedOut(error) ? 'timed_out' : 'failed', failure: failureOf(error, 'call', file) }
}

// The reporter

/** Follows a file that others append lines to. */
function followFile(path, take) {
  const fd = openSync(path, 'a+')
  const buffer = Buffer.alloc(64 * 1024)
  let at = 0
  let rest = ''
  const read = () => {
    for (
      let size = readSync(fd, buffer, 0, buffer.length, at);
      size > 0;
      size = readSync(fd, buffer, 0, buffer.length, at)
    ) {
      at += size
      const lines = (rest + buffer.toString('utf8', 0, size)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) take(line)
    }
  }
  const timer = setInterval(read, pollMs)
  timer.unref()
  return { read, close: () => (clearInterval(timer), closeSync(fd)) }
}

/** Regular expression over full names: those of suites and test, with ` > ` (vitest 5) or a space between. */
function patternOf(ids) {
  const names = ids.map((id) =>
    id
      .split(' > ')
      .slice(1)
      .map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`).replace(/ #\d+$/, '(?:$&)?'))
      .join(' (?:> )?'),
  )
  return new RegExp(`^(?:${[...new Set(names)].join('|')})$`)
}

export default class GreenloopReporter {
  ids = new Map()
  started = new Set()
  finished = new Set()
  output = new Map()
  starts
  runEnded = false
  red = false

  onInit(vitest) {
    const interpreter = `Node.js ${process.version}`
    send({ event: 'session_start', version: vitest.version, interpreter, plugins: {} })
    this.starts = followFile(join(job.scratchDir, 'vitest-starts'), (line) => this.noteStart(line))
    for (const project of vitest.projects) project.config.setupFiles.push(join(job.scratchDir, 'vitest-setup.mjs'))
    if (job.collectOnly) vitest.setGlobalTestNamePattern(/(?!)/)
    else if (wanted !== undefined) vitest.setGlobalTestNamePattern(patternOf(job.select.ids))
    process.on('exit', (code) => this.end(code))
  }

  onTestRunStart(modules) {
    if (wanted === undefined) send({ event: 'files', files: modules.map(fileOf) })
  }

  onTestModuleCollected(module) {
    const tests = []
    for (const [test, id] of nameTests(module)) {
      if (wanted !== undefined && !wanted.has(id)) continue
      this.ids.set(test.id, id)
      const [file, line, tags] = [fileOf(module), test.location?.line, [...(test.tags ?? [])]]
      tests.push({ id, name: test.name, file, line, suite: suitePath(test), tags, labels: {} })
    }
    if (tests.length > 0) send({ event: 'collected', tests })
    send({ event: 'file_done', file: fileOf(module) })
  }

  noteStart(line) {
    const [taskId, at] = line.split(' ')
    this.start(taskId, Number(at))
  }

  start(taskId, at) {
    const id = this.ids.get(taskId)
    if (id === undefined || this.started.has(id) || job.collectOnly) return
    this.started.add(id)
    send({ event: 'test_start', id, at })
  }

  onUserConsoleLog({ taskId, type, content }) {
    const kept = this.output.get(taskId) ?? { stdout: '', stderr: '' }
    if (kept[type].length < cap) kept[type] += content.slice(0, cap - kept[type].length)
    this.output.set(taskId, kept)
  }

  onTestCaseResult(test) {
    // A test that was passed over may belong to a suite that broke; that is known when its module ends.
    if (test.result().state !== 'skipped') this.finish(test)
  }

  finish(test) {
    this.starts.read()
    const id = this.ids.get(test.id)
    if (id === undefined || this.finished.has(id) || job.collectOnly) return
    this.finished.add(id)
    const at = test.diagnostic()?.startTime ?? Date.now()
    const attempts = attemptsOf(test, fileOf(test.module))
    this.red ||= !['passed', 'skipped'].includes(attempts.at(-1)?.outcome)
    for (const [index, result] of attempts.entries()) {
      if (index > 0) send({ event: 'test_start', id, at: result.at ?? at })
      else this.start(test.id, at)
      const { outcome, durationMs, failure, skipReason } = result
      send({ event: 'phase', id, phase: failure?.phase ?? 'call', outcome, durationMs, failure, skipReason })
      const { stdout, stderr } = (index === attempts.length - 1 && this.output.get(test.id)) || {}
      send({
        event: 'test_finish',
        id,
        outcome,
        durationMs,
        failure,
        skipReason,
        stdout: stdout || undefined,
        stderr: stderr || undefined,
      })
    }
  }

  onTestModuleEnd(module) {
    const file = fileOf(module)
    this.red ||= module.errors().length > 0
    for (const node of [module, ...module.children.allSuites()]) {
      // Tests that ran were collected, so it was a hook behind them that broke.
      const hasRun = [...node.children.allTests()].some((test) => /passed|failed/.test(test.result().state))
      for (const error of hasRun ? node.errors() : []) this.breakSuite(file, failureOf(error, 'teardown', file))
      for (const error of hasRun || node !== module ? [] : node.errors())
        send({ event: 'collect_error', file, failure: failureOf(error, 'collection', file) })
    }
    for (const test of module.children.allTests()) if (test.result().state !== 'pending') this.finish(test)
  }

  breakSuite(file, failure) {
    this.red = true
    send({ event: 'suite_error', file, failure })
  }

  onTestRunEnd(_modules, unhandledErrors) {
    this.starts.read()
    this.red ||= unhandledErrors.length > 0
    for (const error of unhandledErrors) {
      const path = error.VITEST_TEST_PATH ?? error.stacks?.[0]?.file
      if (/^(?:Unhandled Rejection|(?:Uncaught|Unhandled) Exception)$/.test(error.type) && typeof path === 'string') {
        const file = fileOf({ moduleId: path })
        this.breakSuite(file, failureOf(error, 'call', file))
        continue
      }
      const message = stripVTControlCharacters(`${error.name ?? 'Error'}: ${error.message}\n${error.stack ?? ''}`)
      send({ event: 'internal_error', message: capped(message) })
    }
    for (const id of this.started) if (!this.finished.has(id)) this.crash(id, unhandledErrors)
    this.runEnded = true
  }

  crash(id, errors) {
    const message = String(errors[0]?.message ?? 'the worker ended while the test ran')
    const failure = { phase: 'call', type: 'ProcessEnded', message, trace: capped(String(errors[0]?.stack ?? message)) }
    send({ event: 'test_finish', id, outcome: 'crashed', durationMs: 0, failure })
  }

  onCoverage(coverage) {
    if (typeof coverage?.files !== 'function') return
    const files = coverage.files().map((path) => coverageOf(path, coverage.fileCoverageFor(path)))
    send({ event: 'coverage', files: files.filter(({ file }) => !file.startsWith('..')) })
  }

  end(exitCode) {
    this.starts.close()
    // Names that match in other files may have run as well; what was not asked for has no say in the exit code.
    const green = wanted !== undefined && !this.red && [...wanted].every((id) => this.finished.has(id))
    if (green) process.exitCode = 0
    if (this.runEnded) send({ event: 'session_end', exitCode: green ? 0 : exitCode })
  }
}

/** Istanbul's map of a file as hits by line and branches by line. */
function coverageOf(path, found) {
  const branches = {}
  for (const [key, { loc, line }] of Object.entries(found.branchMap)) {
    const hits = found.b[key] ?? []
    const at = loc?.start?.line ?? line
    const [taken, total] = branches[at] ?? [0, 0]
    branches[at] = [taken + hits.filter((count) => count > 0).length, total + hits.length]
  }
  return { file: relative(job.cwd, path).split(sep).join('/'), lines: found.getLineCoverage(), branches }
}
