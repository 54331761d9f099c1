import { GreenloopError } from '../domain/errors.ts'

/** How progress is shown on standard error. */
type ProgressMode = 'live' | 'lines' | 'agent' | 'none'
/** What standard output carries: one document, the event stream, or nothing (a terminal reads standard error). */
type ResultMode = 'json' | 'jsonl' | 'human'

/** Where a command writes and how. */
export interface Output {
  readonly progress: ProgressMode
  readonly result: ResultMode
  /** JSON was asked for, rather than chosen because standard output is a pipe. */
  readonly asked: boolean
  readonly colour: boolean
  /** Columns of the terminal, 100 where there is none. */
  readonly width: number
  /** Writes the result to standard output. */
  print(text: string): void
  /** Writes to standard error. */
  note(text: string): void
}

/** What decides the modes. */
export interface OutputChoice {
  readonly json: boolean
  readonly jsonl: boolean
  readonly noProgress: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

const agentVariables = ['AI_AGENT', 'CLAUDECODE', 'CURSOR_AGENT', 'GEMINI_CLI', 'OPENCODE', 'CODEX_SANDBOX', 'CODEX_CI']

/** Decides by flag, then GREENLOOP_OUTPUT (`live`, `lines`, `agent`, `json`, `jsonl`), then what the streams are. */
export function openOutput(choice: OutputChoice): Output {
  if (choice.json && choice.jsonl) throw new GreenloopError('usage_invalid', '--json and --jsonl exclude each other')
  const { env, stdout, stderr } = choice
  const wish = env.GREENLOOP_OUTPUT ?? ''
  return {
    result: resultMode(choice, wish),
    asked: choice.json || choice.jsonl || wish === 'json' || wish === 'jsonl',
    progress: choice.noProgress ? 'none' : progressMode(choice, wish),
    colour: wantsColour(env, stderr),
    width: stderr.columns ?? 100,
    print: (text) => void stdout.write(text),
    note: (text) => void stderr.write(text),
  }
}

function resultMode(choice: OutputChoice, wish: string): ResultMode {
  if (choice.json) return 'json'
  if (choice.jsonl) return 'jsonl'
  if (wish === 'json' || wish === 'jsonl') return wish
  return choice.stdout.isTTY ? 'human' : 'json'
}

function progressMode({ env, stderr }: OutputChoice, wish: string): ProgressMode {
  if (wish === 'live' || wish === 'lines' || wish === 'agent') return wish
  if (agentVariables.some((name) => env[name])) return 'agent'
  return stderr.isTTY && env.TERM !== 'dumb' && !env.CI ? 'live' : 'lines'
}

/** `CI` alone never enables colour; NO_COLOR always disables it. */
function wantsColour(env: OutputChoice['env'], stderr: NodeJS.WriteStream): boolean {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0'
  return stderr.isTTY && env.TERM !== 'dumb'
}

const codes = { red: 31, green: 32, yellow: 33, blue: 34, dim: 2, bold: 1 } as const
/** Colours and weights used for states. */
export type Paint = (name: keyof typeof codes, text: string) => string

/** A function that paints where colour is wanted and leaves the text alone elsewhere. */
export function painter(colour: boolean): Paint {
  return (name, text) => (colour ? `\u001b[${codes[name]}m${text}\u001b[0m` : text)
}
