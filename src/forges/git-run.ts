import { GreenloopError } from '../domain/errors.ts'
import type { Clock } from '../lib/clock.ts'
import { capTail, plainText } from '../lib/plain-text.ts'
import { startProcess } from '../lib/process.ts'
import type { Redactor } from '../lib/redact.ts'

/** All that calls of git in one repository share. */
export interface Git {
  /** The bare repository. */
  readonly folder: string
  readonly url: string
  readonly env: Readonly<Record<string, string>>
  readonly redactor: Redactor
  readonly author: { readonly name: string; readonly email: string }
  readonly retry: { readonly intervalMs: number; readonly maxAttempts: number }
  readonly clock: Clock
  readonly random: () => number
  readonly onCommand?: ((line: string) => void) | undefined
}

/** One call of git. */
export interface GitCall {
  readonly args: readonly string[]
  readonly stdin?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Bytes of standard output after which git is ended; 1 MiB unless set. */
  readonly maxBytes?: number | undefined
  /** 120,000 unless set. */
  readonly timeoutMs?: number | undefined
  /** Takes the output instead of its being collected; git is ended when it throws. */
  readonly onStdout?: ((chunk: Buffer) => void) | undefined
}

/** How a call of git ended. */
export interface GitEnd {
  /** `null` where it was ended from outside. */
  readonly exitCode: number | null
  readonly stdout: Buffer
  /** What git said, without secrets and escapes, at most 4,000 characters. */
  readonly words: string
  /** Whether the output was longer than allowed. */
  readonly isCut: boolean
  readonly timedOut: boolean
}

const mebibyte = 1024 * 1024

/** Runs git. Throws `git_failed` where it cannot be started, and the signal's reason. */
export async function runGit(git: Git, call: GitCall, signal: AbortSignal): Promise<GitEnd> {
  signal.throwIfAborted()
  const taker = takeOutput(call, () => child.kill())
  const child = startProcess(
    { argv: ['git', ...call.args], cwd: git.folder, env: { ...git.env, ...call.env } },
    {
      stdin: call.stdin,
      onStdout: taker.add,
      outputCapBytes: 64 * 1024,
      signal,
      timeoutMs: call.timeoutMs ?? 120_000,
    },
  )
  const end = await child.ended
  const line = `git ${call.args.join(' ')} (${end.durationMs} ms, exit ${end.exitCode ?? 'none'})`
  git.onCommand?.(git.redactor.text(plainText(line)))
  if (end.spawnError !== undefined) {
    throw new GreenloopError('git_failed', `git cannot be started: ${end.spawnError.code ?? 'unknown'}`, {
      cause: end.spawnError,
      help: 'apt-get install git',
    })
  }
  if (end.endedBy === 'abort') throw signal.reason
  return {
    exitCode: end.exitCode,
    ...taker.read(),
    words: capTail(git.redactor.text(plainText(end.stderr.text)).trim(), 4000),
    timedOut: end.endedBy === 'timeout',
  }
}

/** Runs git and gives its output. Throws `git_failed` where it ends badly, takes too long, or says more than `maxBytes`. */
export async function gitOutput(git: Git, call: GitCall, signal: AbortSignal): Promise<Buffer> {
  const end = await runGit(git, call, signal)
  if (end.isCut) throw new GreenloopError('git_failed', `git ${call.args[0]} said more than ${call.maxBytes} bytes`)
  if (end.exitCode !== 0) throw gitFailure(call, end)
  return end.stdout
}

/** {@link gitOutput} as text without the line feed at its end. */
export async function gitText(git: Git, call: GitCall, signal: AbortSignal): Promise<string> {
  const output = await gitOutput(git, call, signal)
  return output.toString('utf8').replace(/\n$/, '')
}

/** The error for a call of git that ended badly, in git's own words. */
export function gitFailure(call: GitCall, end: GitEnd): GreenloopError {
  const words = end.timedOut ? 'it took too long' : end.words || `exit code ${end.exitCode ?? 'none'}`
  return new GreenloopError('git_failed', `git ${call.args[0]}: ${words}`)
}

/** Collects or hands on the output; what a listener throws is kept until git has ended, since nobody could catch it there. */
function takeOutput(call: GitCall, kill: () => void) {
  const cap = call.maxBytes ?? mebibyte
  const chunks: Buffer[] = []
  let size = 0
  let failed: { readonly error: unknown } | undefined
  const add = (chunk: Buffer): void => {
    if (failed !== undefined || size > cap) return
    try {
      if (call.onStdout !== undefined) return call.onStdout(chunk)
      size += chunk.length
      chunks.push(chunk)
    } catch (error) {
      failed = { error }
    }
    if (failed !== undefined || size > cap) kill()
  }
  const read = (): { readonly stdout: Buffer; readonly isCut: boolean } => {
    if (failed !== undefined) throw failed.error
    return { stdout: Buffer.concat(chunks).subarray(0, cap), isCut: size > cap }
  }
  return { add, read }
}
