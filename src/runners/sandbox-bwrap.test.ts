import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProcess } from '../lib/process.ts'
import { createTrials, createWorkspace, sandboxHere, smallPolicy, withListener } from './sandbox.fixture.ts'

const { sandbox, usable } = await sandboxHere()
let workspace = ''
const { run, runPython } = createTrials(sandbox, () => workspace)
beforeAll(async () => {
  workspace = await createWorkspace(sandbox)
})
afterAll(() => rm(workspace, { recursive: true, force: true }))

const connect = (port: number): string =>
  `import socket; s=socket.create_connection(("127.0.0.1", ${port}), 5); print(s.recv(9))`

describe.skipIf(!usable)('a box', () => {
  it('runs a command, hands on its exit code and its output', async () => {
    const end = await runPython('import sys; print("out"); sys.exit(7)')
    expect(end).toMatchObject({ exitCode: 7, endedBy: 'itself', stdout: { text: 'out\n' }, stderr: { text: '' } })
  })

  it('hands descriptor 3 through every layer', async () => {
    const lines: string[] = []
    const code = 'import os; os.write(3, b"one\\ntwo\\n")'
    await runPython(code, { options: { onChannelLine: (line) => lines.push(line) } })
    expect(lines).toEqual(['one', 'two'])
  })

  it('cannot reach a server on the loopback of the host', async () => {
    const end = await withListener((port) => runPython(connect(port)))
    expect(end.stderr.text).toContain('ConnectionRefusedError')
  })

  it('reaches it where the policy grants the network', async () => {
    const end = await withListener((port) => runPython(connect(port), { policy: { network: true } }))
    expect(end.stdout.text).toContain('seen')
  })

  it('has a loopback of its own, on which a test can start a server', async () => {
    const end = await runPython(
      [
        'import http.server, threading, urllib.request',
        'server = http.server.HTTPServer(("localhost", 0), http.server.SimpleHTTPRequestHandler)',
        'threading.Thread(target=server.serve_forever, daemon=True).start()',
        'print(urllib.request.urlopen(f"http://localhost:{server.server_port}/").status)',
      ].join('\n'),
    )
    expect(end.stdout.text).toBe('200\n')
  })

  it.each(['/etc/shadow', '/root/.bashrc', '/var/log', '/sys/kernel', process.cwd()])(
    'does not see %s',
    async (path) => {
      const end = await runPython(`import os; print(os.access(${JSON.stringify(path)}, os.R_OK))`)
      expect(end.stdout.text).toBe('False\n')
    },
  )

  it('sees a home of its own and no other', async () => {
    const end = await runPython('import os; print(os.listdir("/home"), os.environ["HOME"])')
    expect(end.stdout.text).toBe("['sandbox'] /home/sandbox\n")
  })

  it('cannot read the environment of its caller, through no process', async () => {
    const code = [
      'import glob',
      'for f in glob.glob("/proc/[0-9]*/environ"):',
      '  try: print(open(f).read())',
      '  except OSError: pass',
    ].join('\n')
    const end = await runPython(code, { env: { MINE: 'given' } })
    expect(end.stdout.text).toContain('MINE=given')
    expect(end.stdout.text).not.toContain('VITEST')
  })

  it('gives the command its environment and a home that exists, and nothing else', async () => {
    const code = 'import os, json; print(json.dumps([sorted(os.environ), os.listdir(os.environ["HOME"])]))'
    const end = await runPython(code, { env: { GREETING: 'hello' } })
    expect(JSON.parse(end.stdout.text)).toEqual([['GREETING', 'HOME', 'LANG', 'PATH', 'PWD', 'TMPDIR'], []])
  })

  it('keeps values of the environment out of every command line', async () => {
    const canary = 'canary-5f1d0c'
    const box = await sandbox.box({ argv: ['/bin/true'], cwd: '/', env: { SECRET: canary } }, smallPolicy)
    await box.release()
    expect(box.command.argv.join(' ')).not.toContain(canary)
    expect(Object.values(box.command.env)).not.toContain(canary)
  })

  it('does not let a library named in the environment into the launchers', async () => {
    const end = await runPython('print("alive")', { env: { LD_PRELOAD: '/nowhere/evil.so', BASH_ENV: '/nowhere' } })
    const complaints = end.stderr.text.split('\n').filter((line) => line.includes('evil.so'))
    expect(end.stdout.text).toBe('alive\n')
    // Only what runs inside the box (prlimit, then python) was told to load it.
    expect(complaints.length).toBeLessThanOrEqual(2)
  })

  it('does not see the process that started it', async () => {
    const end = await runPython('import os; print([n for n in os.listdir("/proc") if n.isdigit() and int(n) > 20])')
    expect(end.stdout.text).toBe('[]\n')
  })

  it('writes to its workspace and to temp, and nowhere else', async () => {
    const code = [
      'import os',
      'def can(path):',
      '  try: open(path, "w").write("x"); return True',
      '  except OSError: return False',
      `print([can(os.path.join(d, "probe")) for d in [${JSON.stringify(workspace)}, "/tmp", "/", "/usr", "/etc", "/dev", "/proc"]])`,
    ].join('\n')
    expect((await runPython(code)).stdout.text).toBe('[True, True, False, False, False, False, False]\n')
    expect(await readFile(join(workspace, 'probe'), 'utf8')).toBe('x')
  })

  it('shows a read-only folder inside the workspace without letting it be changed', async () => {
    const packages = join(workspace, 'node_modules')
    await mkdir(packages)
    await writeFile(join(packages, 'index.js'), 'kept')
    const file = JSON.stringify(join(packages, 'index.js'))
    const end = await runPython(`print(open(${file}).read()); open(${file}, "w")`, { policy: { readOnly: [packages] } })
    expect(end.stdout.text).toBe('kept\n')
    expect(end.stderr.text).toMatch(/Read-only|PermissionError/)
  })

  it('shows the workspace under another path where the policy says so', async () => {
    await writeFile(join(workspace, 'note'), 'here')
    const policy = { ...smallPolicy, writable: [{ outside: workspace, inside: '/workspace' }] }
    const box = await sandbox.box({ argv: ['/bin/cat', 'note'], cwd: '/workspace', env: {} }, policy)
    const end = await runProcess(box.command, { outputCapBytes: 999, signal: new AbortController().signal })
    await box.release()
    expect(end.stdout.text).toBe('here')
  })

  it('refuses ptrace, mount and new namespaces', async () => {
    const code = [
      'import ctypes, os',
      'libc = ctypes.CDLL(None, use_errno=True)',
      'def errno(call): return ctypes.get_errno() if call == -1 else 0',
      'print(errno(libc.ptrace(0, 0, 0, 0)), errno(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)),',
      '  errno(libc.unshare(0x10000000)), errno(libc.unshare(0x40000000)))',
    ].join('\n')
    expect((await runPython(code)).stdout.text).toBe('1 1 1 1\n')
  })

  it('runs Node with threads', async () => {
    const code =
      'const w=new (require("worker_threads").Worker)("console.log(1+1)",{eval:true});w.on("exit",c=>process.exit(c))'
    const real = process.execPath
    const end = await run([real, '-e', code], { policy: { readOnly: [real] } })
    expect(end).toMatchObject({ exitCode: 0, stdout: { text: '2\n' } })
  })

  it('leaves nothing behind', async () => {
    const box = await sandbox.box({ argv: ['/bin/true'], cwd: '/', env: {} }, smallPolicy)
    await runProcess(box.command, { outputCapBytes: 999, signal: new AbortController().signal })
    const places = box.command.argv.filter((part) => part.startsWith('/tmp/greenloop-box-'))
    await box.release()
    expect(places.length).toBeGreaterThan(0)
    expect(places.filter((path) => existsSync(path))).toEqual([])
  })
})
