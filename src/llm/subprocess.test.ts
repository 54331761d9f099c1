import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { subprocessProvider } from './subprocess.ts'
import type { SubprocessConfig } from './subprocess.ts'

const prompt = { system: 'You write tests.', user: 'Test "add" – 测试.' }
const limits = { connectMs: 30_000, firstByteMs: 30_000, idleMs: 30_000, totalMs: 30_000 }

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'greenloop-subprocess-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true })
})

/** A model made of a line of JavaScript. */
function model(code: string, changes: Partial<SubprocessConfig> = {}) {
  return subprocessProvider({
    command: `'${process.execPath}' -e "${code.replaceAll(/["\\]/gu, '\\$&')}"`,
    cwd: dir,
    env: { GREETING: 'good day' },
    timeouts: limits,
    maxAnswerBytes: 1024 * 1024,
    ...changes,
  })
}

function ask(
  provider: ReturnType<typeof model>,
  onText?: (piece: string) => void,
  signal = new AbortController().signal,
) {
  return provider.complete(prompt, { signal, onText })
}

describe('a command as a model', () => {
  it('reads the prompt from its input and answers on its output', async () => {
    const pieces: string[] = []
    const answer = await ask(model('process.stdin.pipe(process.stdout)'), (piece) => pieces.push(piece))
    expect(answer).toMatchObject({
      text: `${prompt.system}\n\n${prompt.user}`,
      finish: 'stop',
      usage: { estimated: true },
    })
    expect(pieces.join('')).toBe(answer.text)
  })

  it('has the environment it was given and no other', async () => {
    const { text } = await ask(model('console.log(JSON.stringify(process.env))'))
    expect(JSON.parse(text)).toMatchObject({ GREETING: 'good day' })
    expect(JSON.parse(text)).not.toHaveProperty('PATH')
  })

  it('may leave its input unread', async () => {
    await expect(ask(model("process.stdin.destroy(); console.log('ok')"))).resolves.toMatchObject({ text: 'ok\n' })
  })
})

describe('a command that fails', () => {
  it('shows the end of what it complained about', async () => {
    const error = ask(model("console.error('a'.repeat(9000) + ' model file not found'); process.exitCode = 3"))
    await expect(error).rejects.toMatchObject({
      code: 'llm_failed',
      message: expect.stringMatching(/exit code 3: .*model file not found$/u),
    })
  })

  it('is named when it is not there, and refused when it is empty', async () => {
    const error = ask(model('', { command: 'no-such-program-here --flag' }))
    await expect(error).rejects.toMatchObject({
      code: 'llm_failed',
      message: expect.stringContaining('no-such-program-here'),
    })
    expect(() => model('', { command: '  ' })).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    expect(() => model('', { command: `sh -c 'echo` })).toThrow('a quote is not closed')
  })
})

describe('limits', () => {
  it('stop a command that writes without end', async () => {
    const error = ask(
      model(
        "const pour = () => { while (process.stdout.write('x'.repeat(65536))); process.stdout.once('drain', pour) }; pour()",
      ),
    )
    await expect(error).rejects.toMatchObject({ code: 'llm_too_large' })
  })

  it.each([
    ['firstByte', 'setInterval(() => {}, 1000)', { firstByteMs: 200 }],
    ['idle', "process.stdout.write('a'); setInterval(() => {}, 1000)", { idleMs: 200 }],
    ['total', "setInterval(() => process.stdout.write('a'), 10)", { totalMs: 600 }],
  ])('name themselves: %s', async (name, code, changes) => {
    const error = ask(model(code, { timeouts: { ...limits, ...changes } }))
    await expect(error).rejects.toMatchObject({
      code: 'llm_timeout',
      message: expect.stringContaining(`limit: ${name}`),
    })
  })

  it('end the children of the command too', async () => {
    const child = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"
    const code = `const c = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { detached: true, stdio: 'ignore' });
      require('fs').writeFileSync('pid', String(c.pid)); console.log('started'); setInterval(() => {}, 1000)`
    await expect(ask(model(code, { timeouts: { ...limits, idleMs: 300 } }))).rejects.toMatchObject({
      code: 'llm_timeout',
    })
    const pid = await readFile(join(dir, 'pid'), 'utf8')
    // A killed process is still listed for a moment.
    const state = (): Promise<string> => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone')
    await expect.poll(state, { timeout: 5000 }).toMatch(/^gone$|\) Z /u)
  })

  it('include an abort, which gives its own reason', async () => {
    const stop = new AbortController()
    const code = "process.on('SIGTERM', () => process.exit(0)); console.log('a'); setInterval(() => {}, 1000)"
    const call = ask(model(code), () => stop.abort(new Error('enough')), stop.signal)
    await expect(call).rejects.toThrow('enough')
  })
})
