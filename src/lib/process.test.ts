import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runProcess, startProcess } from './process.ts'
import type { ProcessOptions } from './process.ts'

const linux = process.platform === 'linux'
if (!linux) console.log('skipped: a grandchild that left its session; setsid is a program of Linux')
const never = new AbortController().signal
const base: ProcessOptions = { outputCapBytes: 64 * 1024, signal: never, timeoutMs: 30_000 }
const node = (code: string, env: Record<string, string> = {}) => ({
  argv: [process.execPath, '-e', code],
  cwd: '/',
  env,
})

/** A process that ended but was not yet collected by its parent has no command line any more. */
const isRunning = (pid: number): boolean => {
  if (linux) return existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'latin1') !== ''
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a process', () => {
  it('ends with its exit code and its output', async () => {
    const end = await runProcess(node('console.log("out"); console.error("err"); process.exitCode = 3'), base)
    expect(end).toMatchObject({ exitCode: 3, signal: null, endedBy: 'itself' })
    expect([end.stdout.text, end.stderr.text]).toEqual(['out\n', 'err\n'])
  })

  it('has exactly the environment it was given', async () => {
    const end = await runProcess(node('console.log(JSON.stringify(process.env))', { ONLY: 'this' }), base)
    expect(JSON.parse(end.stdout.text)).toEqual({ ONLY: 'this' })
  })

  it('reads what it is given on its input', async () => {
    const end = await runProcess(node('process.stdin.pipe(process.stdout)'), { ...base, stdin: 'given' })
    expect(end.stdout.text).toBe('given')
  })

  it('may end without reading its input', async () => {
    const end = await runProcess(node(''), { ...base, stdin: 'x'.repeat(5_000_000) })
    expect(end.exitCode).toBe(0)
  })

  it('sends lines over descriptor 3, the last ones before its end too', async () => {
    const lines: string[] = []
    const code = 'for (let i = 0; i < 20000; i++) require("fs").writeSync(3, `${i}\\n`); process.exit()'
    const end = await runProcess(node(code), { ...base, onChannelLine: (line) => lines.push(line) })
    expect(lines).toHaveLength(20_000)
    expect(lines.at(-1)).toBe('19999')
    expect(end.cutLines).toBe(0)
  })

  it('has no descriptor 3 where nobody listens', async () => {
    const end = await runProcess({ argv: ['/bin/sh', '-c', 'echo x >&3'], cwd: '/', env: {} }, base)
    expect(end.exitCode).not.toBe(0)
  })

  it('is read to the end however much it prints, in bounded memory', async () => {
    let seen = 0
    const code = 'const b = Buffer.alloc(1 << 20, 97); for (let i = 0; i < 100; i++) require("fs").writeSync(1, b)'
    const end = await runProcess(node(code), { ...base, onStdout: (chunk) => (seen += chunk.length) })
    expect(end.stdout.totalBytes).toBe(seen)
    expect(end.stdout.cutBytes).toBe(seen - 64 * 1024)
    expect(end.stdout.text.length).toBeLessThan(66 * 1024)
  })

  it('is a value with the error of the system where it cannot be started', async () => {
    const missing = await runProcess({ argv: ['/nowhere/program'], cwd: '/', env: {} }, base)
    expect(missing).toMatchObject({ exitCode: null, spawnError: { code: 'ENOENT' } })
    const broken = await runProcess({ argv: ['/bin/echo', 'a\0b'], cwd: '/', env: {} }, base)
    expect(broken).toMatchObject({ exitCode: null, spawnError: { code: 'ERR_INVALID_ARG_VALUE' } })
  })

  it('is not started when the signal has aborted before', async () => {
    const running = startProcess(node('console.log(1)'), { ...base, signal: AbortSignal.abort() })
    expect(running.pid).toBeUndefined()
    expect(await running.ended).toMatchObject({ exitCode: null, endedBy: 'abort', stdout: { text: '' } })
  })

  it('is asked to end at its deadline and may do so in order', async () => {
    const code = 'process.on("SIGTERM", () => process.exit(7)); setInterval(() => {}, 1000); console.log("ready")'
    const stop = new AbortController()
    const end = await runProcess(node(code), {
      ...base,
      signal: stop.signal,
      graceMs: 20_000,
      onStdout: () => stop.abort(),
    })
    expect(end).toMatchObject({ exitCode: 7, endedBy: 'abort' })
  })

  it('is killed after the grace when it ignores being asked', async () => {
    const code = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("ready")'
    const stop = new AbortController()
    const end = await runProcess(node(code), {
      ...base,
      signal: stop.signal,
      graceMs: 50,
      onStdout: () => stop.abort(),
    })
    expect(end).toMatchObject({ signal: 'SIGKILL', endedBy: 'abort' })
  })

  it('says when a deadline or the caller ended it', async () => {
    const forever = node('setInterval(() => {}, 1000)')
    expect(await runProcess(forever, { ...base, timeoutMs: 50 })).toMatchObject({ endedBy: 'timeout' })
    const running = startProcess(forever, base)
    running.kill()
    expect(await running.ended).toMatchObject({ endedBy: 'kill', signal: 'SIGKILL' })
  })

  it('takes what is left of its group with it', async () => {
    const shell = { argv: ['/bin/sh', '-c', 'sleep 60 & echo $!'], cwd: '/', env: { PATH: '/usr/bin:/bin' } }
    const end = await runProcess(shell, base)
    await expect.poll(() => isRunning(Number(end.stdout.text))).toBe(false)
  })

  it.skipIf(!linux)('is not waited for through a grandchild that left and holds its output open', async () => {
    const shell = { argv: ['/bin/sh', '-c', 'setsid sleep 60 & echo $!'], cwd: '/', env: { PATH: '/usr/bin:/bin' } }
    const end = await runProcess(shell, base)
    expect(end.exitCode).toBe(0)
    process.kill(Number(end.stdout.text), 'SIGKILL')
  })
})
