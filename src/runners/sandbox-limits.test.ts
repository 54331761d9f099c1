import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProcess } from '../lib/process.ts'
import { findGroupParents } from './sandbox-cgroup.ts'
import { boxParent, sweepBoxes } from './sandbox-sweep.ts'
import { createTrials, createWorkspace, processesWith, python, sandboxHere, smallPolicy } from './sandbox.fixture.ts'

const { sandbox, usable } = await sandboxHere()
let workspace = ''
const { runPython } = createTrials(sandbox, () => workspace)
beforeAll(async () => {
  workspace = await createWorkspace(sandbox)
})
afterAll(() => rm(workspace, { recursive: true, force: true }))

const boxesOf = async (pid: number | undefined): Promise<string[]> =>
  (await readdir(boxParent)).filter((name) => name.startsWith('greenloop-box-') && name.includes(`-${pid}-`))

describe.skipIf(!usable)('the limits of a box', () => {
  it('takes a daemon down that left its session', async () => {
    const name = `daemon-${process.pid}-boxed`
    const code = `import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: time.sleep(60)\n  os._exit(0)\nprint("${name}")`
    const end = await runPython(code)
    expect(end.stdout.text).toBe(`${name}\n`)
    expect(await processesWith(name)).toBe(0)
  })

  it('stops a fork bomb at the limit of processes', async () => {
    const code = [
      'import os, time',
      'made = 0',
      'for _ in range(200):',
      '  try:',
      '    if os.fork() == 0: time.sleep(60); os._exit(0)',
      '    made += 1',
      '  except OSError: break',
      'print(made)',
    ].join('\n')
    const made = Number((await runPython(code)).stdout.text)
    expect(made).toBeGreaterThan(10)
    expect(made).toBeLessThanOrEqual(48)
  })

  it('stops a file at the limit of its size', async () => {
    const end = await runPython('f = open("big", "wb"); f.write(bytes(8 * 1024 * 1024)); f.close()')
    expect(end.stderr.text).toContain('File too large')
  })

  it('stops a process that takes too much memory', async () => {
    const end = await runPython('x = bytearray(2 * 1024 ** 3); print("survived")')
    expect(end.stdout.text).toBe('')
    expect(end.exitCode).not.toBe(0)
  })

  it('stops a process that computes for too long', async () => {
    const end = await runPython('while True: pass', { policy: { cpuSeconds: 1 } })
    expect(end.exitCode).toBe(128 + 9)
  })

  it('gives the command the grace to end itself on a timeout', async () => {
    const code = [
      'import os, signal, time',
      'signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"ended in order\\n"), os._exit(3)))',
      'print("ready", flush=True)',
      'time.sleep(60)',
    ].join('\n')
    const stop = new AbortController()
    const options = { signal: stop.signal, graceMs: 20_000, onStdout: () => stop.abort() }
    const end = await runPython(code, { options })
    expect(end).toMatchObject({ exitCode: 3, endedBy: 'abort', stdout: { text: 'ready\nended in order\n' } })
  })

  it('ends a command that ignores being asked', async () => {
    const code = 'import signal, time; signal.signal(15, signal.SIG_IGN); print("ready", flush=True); time.sleep(60)'
    const stop = new AbortController()
    const options = { signal: stop.signal, graceMs: 50, onStdout: () => stop.abort() }
    expect(await runPython(code, { options })).toMatchObject({ signal: 'SIGKILL', endedBy: 'abort' })
  })

  it('dies with the process that started it, even by KILL, and what it left is swept away', async () => {
    const name = `sleeper-${process.pid}`
    const at = (file: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, file)).href)
    const code = `import time; print("${name}", flush=True); time.sleep(60)`
    const script = join(workspace, 'supervisor.ts')
    await writeFile(
      script,
      `import { openSandbox } from ${at('sandbox.ts')}
       import { startProcess } from ${at('../lib/process.ts')}
       const { sandbox } = await openSandbox('auto')
       const command = { argv: ${JSON.stringify([python, '-c', code])}, cwd: '/', env: {} }
       const box = await sandbox.box(command, ${JSON.stringify(smallPolicy)})
       const options = { outputCapBytes: 99, signal: new AbortController().signal }
       startProcess(box.command, { ...options, onStdout: (chunk) => process.stdout.write(chunk) })`,
    )
    const command = { argv: [process.execPath, script], cwd: '/', env: {} }
    const signal = new AbortController().signal
    const supervisor = startProcess(command, { outputCapBytes: 9999, signal, onStdout: () => supervisor.kill() })
    const end = await supervisor.ended
    expect(end).toMatchObject({ signal: 'SIGKILL', stdout: { text: `${name}\n` } })
    await expect.poll(() => processesWith(name)).toBe(0)
    expect(await boxesOf(supervisor.pid)).toHaveLength(1)
    await sweepBoxes(await findGroupParents())
    expect(await boxesOf(supervisor.pid)).toEqual([])
  })
})
