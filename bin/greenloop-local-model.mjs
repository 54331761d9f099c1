#!/usr/bin/env node
// A language model from disk that speaks the subprocess protocol: prompt on standard input, answer on standard output,
// everything else on standard error. Exit codes: 0 answered, 1 the model failed, 2 usage, 3 no engine to run it.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import process, { stderr, stdin, stdout } from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const usage = `usage: greenloop-local-model --model PATH [options] < prompt > answer

  --model PATH       a .gguf file, or a folder that holds one
  --max-tokens N     length of the answer at most (2048)
  --temperature T    0 always takes the likeliest token (0.2)
  --context N        tokens of prompt and answer together (8192, or what the model was trained for)
  --threads N        processor threads (0: one for each core)
  --seed N           makes an answer with a temperature repeatable
  --engine NAME      node, python, or auto: whichever is installed (auto)

In Greenloop:
  greenloop generate SUITE --mode subprocess --subprocess-cmd "greenloop-local-model --model models/qwen.gguf"
`
const here = dirname(fileURLToPath(import.meta.url))
const maxPromptBytes = 16 * 1024 * 1024

/** A message for the person who called, and the exit code that goes with it. */
class Stop extends Error {
  constructor(message, code) {
    super(message)
    this.code = code
  }
}

try {
  await main()
} catch (error) {
  stderr.write(`greenloop-local-model: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = error instanceof Stop ? error.code : 1
}

async function main() {
  const options = readOptions()
  if (options === undefined) {
    stdout.write(usage)
    return
  }
  const model = findModel(options.model)
  const engine = findEngine(options.engine)
  const prompt = await readPrompt()
  if (engine.kind === 'node') await answerInNode(engine.path, { ...options, model, prompt })
  else await answerInPython(engine.path, { ...options, model, prompt })
}

function readOptions() {
  const values = parse()
  if (values.help) return undefined
  if (values.model === undefined) throw new Stop(`which model? Name it with --model PATH\n\n${usage}`, 2)
  if (!['auto', 'node', 'python'].includes(values.engine)) throw new Stop(`there is no engine ${values.engine}`, 2)
  return {
    model: resolve(values.model),
    engine: values.engine,
    maxTokens: number(values, 'max-tokens', 1),
    temperature: number(values, 'temperature', 0),
    context: number(values, 'context', 0),
    threads: number(values, 'threads', 0),
    seed: values.seed === undefined ? undefined : number(values, 'seed', 0),
  }
}

function parse() {
  try {
    return parseArgs({
      options: {
        model: { type: 'string' },
        'max-tokens': { type: 'string', default: '2048' },
        temperature: { type: 'string', default: '0.2' },
        context: { type: 'string', default: '0' },
        threads: { type: 'string', default: '0' },
        seed: { type: 'string' },
        engine: { type: 'string', default: 'auto' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new Stop(`${error.message}\n\n${usage}`, 2)
  }
}

function number(values, name, least) {
  const value = Number(values[name])
  if (!(value >= least)) throw new Stop(`--${name} wants a number of at least ${least}, not ${values[name]}`, 2)
  return value
}

/** The .gguf file itself, or the only one in a folder; of a model in several parts, the first. */
function findModel(path) {
  if (!existsSync(path)) throw new Stop(`there is no such file or folder: ${path}`, 2)
  if (!statSync(path).isDirectory()) return path
  const files = readdirSync(path).filter((name) => /\.gguf$/iu.test(name))
  const starts = files.filter((name) => !/-\d{5}-of-\d{5}\.gguf$/iu.test(name) || /-00001-of-/u.test(name)).sort()
  if (starts.length === 1) return join(path, starts[0])
  const why = starts.length === 0 ? 'holds no .gguf file' : `holds several models (${starts.join(', ')}): name one`
  throw new Stop(`the folder ${path} ${why}`, 2)
}

function findEngine(wanted) {
  const node = wanted === 'python' ? undefined : findNodeEngine()
  if (node !== undefined) return { kind: 'node', path: node }
  const python = wanted === 'node' ? undefined : findPython()
  if (python !== undefined) return { kind: 'python', path: python }
  throw new Stop(
    `nothing is installed that can run the model. Either of these will do:
  npm install node-llama-cpp                 (ready-made for Linux, macOS and Windows; nothing is compiled)
  python3 -m pip install llama-cpp-python    (where a wheel fits your Python, or a C++ compiler is there)`,
    3,
  )
}

/** Looked for beside Greenloop, in the working folder, and in the folder .greenloop of both. */
function findNodeEngine() {
  const folders = [dirname(here), process.cwd()].flatMap((folder) => [folder, join(folder, '.greenloop')])
  for (const folder of folders) {
    try {
      return createRequire(join(folder, 'from.js')).resolve('node-llama-cpp')
    } catch {
      // Not here.
    }
  }
  return undefined
}

function findPython() {
  const candidates = [join(process.cwd(), '.venv', 'bin', 'python'), 'python3', 'python']
  const has = (python) =>
    spawnSync(python, ['-c', 'import llama_cpp'], { stdio: 'ignore', timeout: 60_000 }).status === 0
  return candidates.find(has)
}

async function readPrompt() {
  const chunks = []
  let size = 0
  for await (const chunk of stdin) {
    size += chunk.length
    if (size > maxPromptBytes) throw new Stop(`the prompt is larger than ${maxPromptBytes} bytes`, 2)
    chunks.push(chunk)
  }
  const prompt = Buffer.concat(chunks).toString('utf8')
  if (prompt.trim() === '') throw new Stop('there is no prompt on standard input', 2)
  return prompt
}

async function answerInNode(path, options) {
  const { getLlama, LlamaChatSession, LlamaLogLevel } = await import(pathToFileURL(path).href)
  const llama = await getLlama({
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
    logger: (_, message) => stderr.write(`${message}\n`),
  })
  try {
    const model = await llama.loadModel({ modelPath: options.model })
    const trained = model.trainContextSize ?? 8192
    const contextSize = options.context > 0 ? options.context : Math.min(8192, trained)
    refuseTooLong(model.tokenize(options.prompt).length, contextSize)
    const context = await model.createContext({
      contextSize,
      ...(options.threads > 0 ? { threads: options.threads } : {}),
    })
    const session = new LlamaChatSession({ contextSequence: context.getSequence() })
    const { stopReason } = await session.promptWithMeta(options.prompt, {
      maxTokens: options.maxTokens,
      temperature: options.temperature,
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      onTextChunk: (text) => stdout.write(text),
    })
    if (stopReason === 'maxTokens') stderr.write(`the answer was cut off at --max-tokens ${options.maxTokens}\n`)
  } finally {
    await llama.dispose()
  }
}

function refuseTooLong(promptTokens, contextSize) {
  if (promptTokens < contextSize) return
  throw new Stop(`the prompt has ${promptTokens} tokens, but the context holds ${contextSize}: raise --context`, 1)
}

async function answerInPython(python, options) {
  const { prompt, ...settings } = options
  const script = join(here, 'greenloop-local-model.py')
  const child = spawn(python, [script, JSON.stringify(settings)], { stdio: ['pipe', 'inherit', 'inherit'] })
  child.stdin.on('error', () => {})
  child.stdin.end(prompt)
  const code = await new Promise((settle, fail) => {
    child.once('error', fail)
    child.once('close', (exitCode) => settle(exitCode ?? 1))
  })
  process.exitCode = code
}
