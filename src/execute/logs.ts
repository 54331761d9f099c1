import { mkdir, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { GreenloopError } from '../domain/errors.ts'
import type { Framework } from '../domain/suite.ts'
import type { CappedText } from '../lib/capped.ts'
import { after, now } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'

/** The logs of a run: `<framework>.log`, `<framework>_stdout.log` and `<framework>_stderr.log`. */
export interface Logs {
  /** Adds a line with the time to the log of the run. */
  line(text: string): void
  /** Begins to take what a process prints; `capBytes` are kept of each stream, half of them from its end. */
  output(title: string, capBytes: number): OutputLog
  /** Writes what is left; returns why the logs are not complete, where they are not. */
  close(): Promise<string | undefined>
}

/** What one process prints, while there is room: whole lines as they come, then what is left. */
interface OutputLog {
  readonly stdout: (chunk: Buffer) => void
  readonly stderr: (chunk: Buffer) => void
  /** Adds the rest of both streams and how the process ended. */
  end(how: string, stdout: CappedText, stderr: CappedText): void
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
      output: (title, capBytes) => {
        const [out, err] = [stdout, stderr].map((log) => livePart(log, title, capBytes))
        if (out === undefined || err === undefined) throw new Error('there are two streams')
        return {
          stdout: out.add,
          stderr: err.add,
          end: (how, outText, errText) => {
            out.end(how, outText)
            err.end(how, errText)
          },
        }
      },
      close: async () => (await Promise.all([run, stdout, stderr].map((log) => log.close()))).find(Boolean),
    }
  } catch (error) {
    const help = 'choose another folder with --artifacts, or make room'
    throw new GreenloopError('artifact_failed', `the logs cannot be written to ${folder}`, { cause: error, help })
  }
}

/** A line that is longer is cut for the log. */
const longestLine = 64 * 1024
/** A key that does not end within this is none. */
const longestKey = 16 * 1024

type Appender = ReturnType<typeof appender>

/** Takes one stream of one process. Its lines stand below a title, which is written again when another process spoke meanwhile. */
function livePart(log: Appender, title: string, capBytes: number) {
  const decoder = new StringDecoder('utf8')
  let room = Math.ceil(capBytes / 2)
  let held = ''
  /** Characters that are in the log already. */
  let told = 0
  const tell = (text: string): void => {
    if (text === '') return
    told += text.length
    if (log.speaker !== title) log.add(`==== ${title} ====\n`, maxOutput)
    log.speaker = title
    log.add(text, maxOutput)
  }
  return {
    add: (chunk: Buffer): void => {
      if (room <= 0) return
      held += decoder.write(chunk.subarray(0, room))
      room -= chunk.length
      const end = wholeLines(held)
      tell(held.slice(0, end))
      held = held.slice(end)
    },
    end: (how: string, { text, cutBytes }: CappedText): void => {
      const rest = text.slice(told)
      tell(rest === '' || rest.endsWith('\n') ? rest : `${rest}\n`)
      const cut = cutBytes > 0 ? `, cut ${cutBytes} bytes in the middle` : ''
      log.add(`==== ${title}, ${how}${cut} ====\n`, maxOutput)
      log.speaker = undefined
    },
  }
}

/** Length of what can be redacted as it stands: lines that are whole, up to a private key that has not ended. */
function wholeLines(text: string): number {
  const end = text.length > longestLine ? text.length : text.lastIndexOf('\n') + 1
  const key = text.lastIndexOf('-----BEGIN ', end)
  const isOpen = key !== -1 && !text.includes('-----END ', key) && text.length - key < longestKey
  return isOpen ? Math.min(end, key) : end
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
    /** Whose lines came last. */
    speaker: undefined as string | undefined,
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
