import type { Clock } from '../lib/clock.ts'

/** Writes the trace of a job as GitLab's runner does. */
export interface JobTrace {
  /** Ends the section before, and begins one. `title` is empty where it has no line of its own. */
  section(name: string, title: string): void
  /** Whole lines of the runner itself. */
  line(text: string): void
  /** A line of the job; beyond 4 MiB nothing more is taken. */
  output(line: string): void
  /** Ends the last section and writes the trailer. */
  end(trailer: string): void
}

const maxOutputBytes = 4 * 1024 * 1024
const [cyan, green, red, yellow, reset] = ['\u001b[36;1m', '\u001b[32;1m', '\u001b[31;1m', '\u001b[33;1m', '\u001b[0;m']
const clear = '\r\u001b[0K'

/** Begins a trace: the runner's greeting is written at once. */
export function openTrace(onOutput: (text: string) => void, clock: Clock): JobTrace {
  let open: string | undefined
  let bytes = 0
  const at = (): number => Math.floor(clock.now() / 1000)
  const close = (): string => {
    const text = open === undefined ? '' : `section_end:${at()}:${open}${clear}`
    open = undefined
    return text
  }
  onOutput(`\u001b[0KRunning with gitlab-runner (greenloop)${reset}\n`)
  return {
    section: (name, title) => {
      const end = close()
      open = name
      onOutput(`${end}section_start:${at()}:${name}${clear}\u001b[0K${cyan}${title}${reset}${reset}\n`)
    },
    line: (text) => onOutput(`${text}\n`),
    output: (line) => {
      if (bytes > maxOutputBytes) return
      bytes += Buffer.byteLength(line) + 1
      if (bytes <= maxOutputBytes) onOutput(`${line}\n`)
      else
        onOutput(
          `\n${yellow}Job's log exceeded limit of ${maxOutputBytes} bytes.\nJob execution will continue but no more output will be collected.${reset}\n`,
        )
    },
    end: (trailer) => onOutput(`${close()}${trailer}\n`),
  }
}

/** The last line of a job that went well. */
export const succeeded = `${green}Job succeeded${reset}`

/** The last line of a job that did not. */
export function failedTrailer(reason: string): string {
  return `${red}ERROR: Job failed${reason}\n${reset}`
}

/** A command of the runner itself. */
export function runnerStep(text: string): string {
  return `${green}${text}${reset}`
}

/** A warning of the runner itself. */
export function runnerWarning(text: string): string {
  return `${yellow}WARNING: ${text}${reset}`
}
