import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMarker, reap } from '../lib/process-tree.ts'
import { runProcess } from '../lib/process.ts'
import { limitedSandbox, noSandbox } from './sandbox-plain.ts'
import { processesWith, smallPolicy } from './sandbox.fixture.ts'

const linux = process.platform === 'linux'
if (!linux) console.log('skipped: plain tiers; they are tested on Linux')
const prlimit = existsSync('/usr/bin/prlimit') ? '/usr/bin/prlimit' : undefined
const setpriv = existsSync('/usr/bin/setpriv') ? '/usr/bin/setpriv' : undefined
const signal = new AbortController().signal
const options = { outputCapBytes: 9999, signal, timeoutMs: 20_000 }

describe.skipIf(!linux)('without a sandbox', () => {
  it('still ends a daemon that forked twice and left its session', async () => {
    const name = `greenloop-daemon-${process.pid}`
    const daemon = `(setsid sh -c '(exec -a ${name} sleep 60 <&- >&- 2>&- & echo started)')`
    const command = {
      argv: ['/bin/bash', '-c', daemon.replace('sh -c', 'bash -c')],
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
    }
    const box = await noSandbox({ prlimit }).box(command, smallPolicy)
    const end = await runProcess(box.command, options)
    expect(end).toMatchObject({ exitCode: 0, stdout: { text: 'started\n' } })
    await expect.poll(() => processesWith(name)).toBe(1)
    await box.release()
    await expect.poll(() => processesWith(name)).toBe(0)
  })

  it('leaves processes with another marker alone', async () => {
    expect(await reap(createMarker())).toBe(0)
  })

  it('refuses to pretend that a folder lies elsewhere', async () => {
    const policy = { ...smallPolicy, writable: [{ outside: '/tmp/a', inside: '/workspace' }] }
    await expect(noSandbox({}).box({ argv: ['true'], cwd: '/', env: {} }, policy)).rejects.toThrow('/workspace')
  })

  it('says more of what is missing the less it can do', () => {
    expect(noSandbox({}).gaps.join()).toContain('Memory, processor time')
    expect(noSandbox({ prlimit }).gaps.join()).toContain('Files are not protected')
  })
})

describe.skipIf(!linux || setpriv === undefined || prlimit === undefined)('with limited rights', () => {
  it('runs the command without the chance to gain privileges, and with limits', async () => {
    const sandbox = limitedSandbox({ prlimit, setpriv }, { namespaces: false, dropPrivileges: true })
    const argv = ['/bin/sh', '-c', 'grep NoNewPrivs /proc/self/status; ulimit -c']
    const box = await sandbox.box({ argv, cwd: '/', env: { PATH: '/usr/bin:/bin' } }, smallPolicy)
    const end = await runProcess(box.command, options)
    await box.release()
    expect(end.stdout.text).toBe('NoNewPrivs:\t1\n0\n')
    expect(sandbox.gaps.join(' ')).toContain('network is not cut off')
  })
})
