import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { subprocessProvider } from './subprocess.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const wrapper = join(root, 'bin', 'greenloop-local-model.mjs')
const prompt = { system: 'You are brief.', user: 'Say hello. 你好' }
const limits = { connectMs: 300_000, firstByteMs: 300_000, idleMs: 300_000, totalMs: 300_000 }
const path = process.env['PATH'] ?? ''

const model = process.env['GREENLOOP_TEST_GGUF'] ?? globSync(join(root, '.greenloop/models/*.gguf'))[0]
const engine = join(root, '.greenloop/node_modules/node-llama-cpp')
const unavailable = model === undefined || !existsSync(engine)
if (unavailable) console.log('skipped: no real local model here; scripts/fetch-test-model.sh gets one')
const noPython = spawnSync('python3', ['--version']).status !== 0
if (noPython) console.log('skipped: the Python engine of the local model; python3 is not on the PATH')

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'greenloop-local-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true })
})

function ask(args: string, env: Readonly<Record<string, string>> = { PATH: path }) {
  const provider = subprocessProvider({
    command: `'${process.execPath}' '${wrapper}' ${args}`,
    cwd: dir,
    env,
    timeouts: limits,
    maxAnswerBytes: 1024 * 1024,
  })
  return provider.complete(prompt, { signal: new AbortController().signal })
}

/** Stands where llama-cpp-python would: says its settings and the prompt back. */
const stub = `
class Llama:
    def __init__(self, model_path, n_ctx, n_threads, seed, verbose):
        with open(model_path, "rb") as model:
            if model.read(4) != b"GGUF":
                raise ValueError("Failed to load model from file: " + model_path)
        self.n_ctx = n_ctx

    def create_chat_completion(self, messages, max_tokens, temperature, stream):
        yield {"choices": [{"delta": {"role": "assistant"}, "finish_reason": None}]}
        for text in (f"{self.n_ctx} {max_tokens} {temperature} ", messages[0]["content"]):
            yield {"choices": [{"delta": {"content": text}, "finish_reason": None}]}
        yield {"choices": [{"delta": {}, "finish_reason": "stop"}]}
`

describe('the wrapper of a local model', () => {
  it.skipIf(unavailable)('lets a real model answer', { timeout: 300_000 }, async () => {
    const answer = await ask(
      `--model '${model}' --engine node --max-tokens 6 --temperature 0 --threads 1 --context 512`,
    )
    expect(answer.text.trim()).not.toBe('')
  })

  it.skipIf(unavailable)('says when the prompt is longer than the context', { timeout: 300_000 }, async () => {
    await expect(ask(`--model '${model}' --engine node --context 4`)).rejects.toMatchObject({
      code: 'llm_failed',
      message: expect.stringMatching(/exit code 1: .*raise --context/u),
    })
  })

  it.skipIf(unavailable)('says when the file is no model', { timeout: 300_000 }, async () => {
    await writeFile(join(dir, 'broken.gguf'), 'this is no model')
    await expect(ask('--model broken.gguf --engine node')).rejects.toMatchObject({ code: 'llm_failed' })
  })

  it.skipIf(noPython)('goes by way of Python where that is what there is', async () => {
    await mkdir(join(dir, 'models'))
    await writeFile(join(dir, 'models', 'tiny.gguf'), 'GGUF')
    await writeFile(join(dir, 'llama_cpp.py'), stub)
    const answer = await ask('--model models --engine python --context 99 --max-tokens 5', {
      PATH: path,
      PYTHONPATH: dir,
    })
    expect(answer.text).toBe(`99 5 0.2 ${prompt.system}\n\n${prompt.user}`)
  })

  it.skipIf(noPython)('passes on what Python complains about', async () => {
    await writeFile(join(dir, 'broken.gguf'), 'this is no model')
    await writeFile(join(dir, 'llama_cpp.py'), stub)
    const call = ask('--model broken.gguf --engine python', { PATH: path, PYTHONPATH: dir })
    await expect(call).rejects.toMatchObject({ message: expect.stringContaining('Failed to load model') })
  })

  it('says how to get an engine when there is none', async () => {
    await writeFile(join(dir, 'tiny.gguf'), 'GGUF')
    await expect(ask('--model tiny.gguf --engine python', { PATH: dir })).rejects.toMatchObject({
      code: 'llm_failed',
      message: expect.stringMatching(/exit code 3: .*npm install node-llama-cpp.*pip install llama-cpp-python/u),
    })
  })
})

describe('a wrong call of the wrapper', () => {
  it.each([
    ['', 'which model'],
    ['--model none.gguf', 'there is no such file or folder'],
    ['--model .', 'holds no .gguf file'],
    ['--model m --max-tokens many', 'wants a number'],
    ['--modle m', "Unknown option '--modle'"],
  ])('is explained with exit code 2: %s', async (args, message) => {
    const answer = spawnSync(process.execPath, [wrapper, ...args.split(' ').filter(Boolean)], {
      cwd: dir,
      encoding: 'utf8',
    })
    expect(answer).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining(message) })
  })

  it('is explained when a folder holds two models, but not when it holds one in parts', async () => {
    await writeFile(join(dir, 'a-00001-of-00002.gguf'), '')
    await writeFile(join(dir, 'a-00002-of-00002.gguf'), '')
    const args = [wrapper, '--model', '.', '--engine', 'python']
    const env = { PATH: dir }
    expect(spawnSync(process.execPath, args, { cwd: dir, env, input: 'x' }).status).toBe(3)
    await writeFile(join(dir, 'b.gguf'), '')
    expect(spawnSync(process.execPath, args, { cwd: dir, env, input: 'x' }).status).toBe(2)
  })
})
