import { mkdir, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { Framework } from '../domain/suite.ts'
import type { CappedText } from '../lib/capped.ts'
import { after, now } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'

/** The logs of a run: `<framework>.log`, `<framework>_stdout.log` and `<framework>_stderr.log`. */
export interface Logs {
  /** Adds a line with the time to the log of the run. */
  line(text: string): void
  /** Adds what a process has printed, below a header, while there is room. */
  output(header: string, stdout: CappedText, stderr: CappedText): void
  /** Writes what is left; returns why the logs are not complete, where they are not. */
  close(): Promise<string | undefined>
}

/** Where and how logs are written. */
export interface LogOptions {
  readonly folder: string
  readonly framework: Framework
  /** Passed over all that is written. */
  readonly redact: (text: string) => string
  /** Goes on with the logs that are there, instead of beginning them anew. */
  readonly append?: boolean | undefined
}

/** Opens the three logs; throws `artifact_failed` where the folder cannot be written. */
export async function openLogs({ folder, framework, redact, append }: LogOptions): Promise<Logs> {
  try {
    await mkdir(folder, { recursive: true })
    const names = [`${framework}.log`, `${framework}_stdout.log`, `${framework}_stderr.log`]
    const handles = await Promise.all(names.map((name) => open(join(folder, name), append ? 'a' : 'w')))
    const [run, stdout, stderr] = handles.map((handle) => appender(handle, redact))
    if (run === undefined || stdout === undefined || stderr === undefined) throw new Error('three files were opened')
    return {
      line: (text) => run.add(`${new Date(now()).toISOString()} ${text}\n`),
      output: (header, out, err) => {
        stdout.add(section(header, out), maxOutput)
        stderr.add(section(header, err), maxOutput)
      },
      close: async () => (await Promise.all([run, stdout, stderr].map((log) => log.close()))).find(Boolean),
    }
  } catch (error) {
    const help = 'choose another folder with --artifacts, or make room'
    throw new GreenloopError('artifact_failed', `the logs cannot be written to ${folder}`, { cause: error, help })
  }
}

function section(header: string, { text, cutBytes }: CappedText): string {
  const cut = cutBytes > 0 ? `, cut ${cutBytes} bytes in the middle` : ''
  return `==== ${header}${cut} ====\n${text}${text === '' || text.endsWith('\n') ? '' : '\n'}`
}

/** Lines of a moment go out together: a write for each would cost more than all the rest of the loop. */
const gatherMs = 100
/** What the logs of output hold together, in characters; each process has its own, smaller limit. */
const maxOutput = 64 * 1024 * 1024

function appender(handle: FileHandle, redact: (text: string) => string) {
  let waiting: string[] = []
  let timer: Timer | undefined
  let written = Promise.resolve()
  let fault: string | undefined
  let length = 0
  const flush = (): void => {
    timer?.cancel()
    timer = undefined
    const text = waiting.join('')
    waiting = []
    if (text !== '') written = written.then(() => handle.appendFile(redact(text))).catch(note)
  }
  // A full disk must not take the results away: the run goes on and says that its logs are not complete.
  const note = (error: unknown): void => {
    fault ??= error instanceof Error ? error.message : 'unknown'
  }
  return {
    add: (text: string, max = Infinity): void => {
      if (length > max) return
      length += text.length
      waiting.push(length > max ? '==== the output of further processes is left out ====\n' : text)
      timer ??= after(gatherMs, flush, { unref: true })
    },
    close: async (): Promise<string | undefined> => {
      flush()
      await written
      await handle.close()
      return fault
    },
  }
}
