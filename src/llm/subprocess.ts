import { basename } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { Answer, CallOptions, Prompt, Provider } from '../domain/ports.ts'
import { monotonic } from '../lib/clock.ts'
import { createMarker, markerName, reap } from '../lib/process-tree.ts'
import { startProcess } from '../lib/process.ts'
import type { ProcessEnd } from '../lib/process.ts'
import { hasOpenQuote, splitCommand } from '../lib/split-command.ts'
import { estimateTokens } from '../lib/tokens.ts'
import { startDeadlines } from './deadlines.ts'
import type { Timeouts } from './deadlines.ts'
import { excerpt } from './excerpt.ts'

/** A command that stands for a model: prompt on its standard input, answer on its standard output. */
export interface SubprocessConfig {
  /** Split into words as a shell would, with quotes; no shell is started. */
  readonly command: string
  readonly cwd: string
  /** The whole environment of the command. */
  readonly env: Readonly<Record<string, string>>
  /** `connectMs` does not apply. */
  readonly timeouts: Timeouts
  readonly maxAnswerBytes: number
}

const stderrBytes = 64 * 1024

/**
 * A model behind a command. The prompt goes in as system text, empty line, user text; what comes out is the answer.
 * Throws `llm_failed` when the command ends with an error, `llm_timeout` and `llm_too_large` at the limits.
 */
export function subprocessProvider(config: SubprocessConfig): Provider {
  if (hasOpenQuote(config.command)) {
    throw new GreenloopError('config_invalid', `a quote is not closed in the command for the model: ${config.command}`)
  }
  const argv = splitCommand(config.command)
  const [program] = argv
  if (program === undefined) throw new GreenloopError('config_invalid', 'the command for the model is empty')
  const name = `subprocess ${basename(program)}`
  return {
    name,
    model: name,
    complete: async (prompt, options) => {
      const startedAt = monotonic()
      const text = await run(argv, { prompt, options, config })
      return answerOf(text, { prompt, name, durationMs: Math.round(monotonic() - startedAt) })
    },
  }
}

interface Asking {
  readonly prompt: Prompt
  readonly options: CallOptions
  readonly config: SubprocessConfig
}

async function run(argv: readonly string[], { prompt, options, config }: Asking): Promise<string> {
  options.signal.throwIfAborted()
  const output = collectOutput(config.maxAnswerBytes, options.onText)
  const marker = createMarker()
  let limit: GreenloopError | undefined
  const end = (error: GreenloopError): void => {
    limit ??= error
    running.kill()
  }
  const running = startProcess(
    { argv, cwd: config.cwd, env: { ...config.env, [markerName]: marker } },
    {
      stdin: prompt.system === '' ? prompt.user : `${prompt.system}\n\n${prompt.user}`,
      onStdout: (chunk) => {
        deadlines.enter('idle')
        if (!output.add(chunk)) end(tooLarge(config.maxAnswerBytes))
      },
      outputCapBytes: stderrBytes,
      signal: options.signal,
    },
  )
  const deadlines = startDeadlines(config.timeouts, end)
  deadlines.enter('firstByte')
  try {
    const ended = await running.ended
    options.signal.throwIfAborted()
    if (limit !== undefined) throw limit
    if (ended.spawnError !== undefined || ended.exitCode !== 0) throw failure(argv[0] ?? '', ended)
    return output.text()
  } finally {
    deadlines.stop()
    await reap(marker)
  }
}

function tooLarge(bytes: number): GreenloopError {
  return new GreenloopError('llm_too_large', `the answer is larger than ${bytes} bytes`, {
    help: 'only the answer may go to the standard output of the command',
  })
}

/** Decodes what is written up to a cap; `add` is false once the cap is passed. */
function collectOutput(capBytes: number, onText: ((piece: string) => void) | undefined) {
  const decoder = new TextDecoder()
  const pieces: string[] = []
  let size = 0
  const take = (piece: string): void => {
    if (piece === '') return
    pieces.push(piece)
    onText?.(piece)
  }
  return {
    add: (chunk: Uint8Array): boolean => {
      size += chunk.length
      if (size > capBytes) return false
      take(decoder.decode(chunk, { stream: true }))
      return true
    },
    text: (): string => {
      take(decoder.decode())
      return pieces.join('')
    },
  }
}

function failure(program: string, { exitCode, signal, stderr, spawnError }: ProcessEnd): GreenloopError {
  if (spawnError !== undefined) {
    const reason = spawnError.code === 'ENOENT' ? 'there is no such program' : spawnError.message
    return new GreenloopError('llm_failed', `the command for the model could not be started: ${program}: ${reason}`, {
      cause: spawnError,
      help: 'give the path of the program, or put its folder on the PATH',
    })
  }
  const how = exitCode === null ? `was ended by ${signal}` : `ended with exit code ${exitCode}`
  const said = excerpt(stderr.text.slice(-300))
  return new GreenloopError('llm_failed', `the command for the model ${how}${said === '' ? '' : `: ${said}`}`, {
    help: 'try the command by hand: the prompt is in prompt.md of the run',
  })
}

interface Asked {
  readonly prompt: Prompt
  readonly name: string
  readonly durationMs: number
}

function answerOf(text: string, { prompt, name, durationMs }: Asked): Answer {
  return {
    text,
    reasoning: '',
    // A command that ends well has said all it had to say.
    finish: 'stop',
    model: name,
    usage: {
      inputTokens: estimateTokens(prompt.system + prompt.user),
      outputTokens: estimateTokens(text),
      estimated: true,
    },
    durationMs,
  }
}
