import { Command, CommanderError } from 'commander'
import { errorCatalog, GreenloopError } from '../domain/errors.ts'
import { formatError } from '../lib/frame.ts'
import { registerCombine } from './commands/combine.ts'
import { registerCompletion } from './commands/completion.ts'
import { registerConfig } from './commands/config.ts'
import { registerDev } from './commands/dev.ts'
import { registerDoctor } from './commands/doctor.ts'
import { registerExperiment } from './commands/experiment.ts'
import { registerExplain } from './commands/explain.ts'
import { registerGenerate } from './commands/generate.ts'
import { registerInit } from './commands/init.ts'
import { registerManifest } from './commands/manifest.ts'
import { registerMcp } from './commands/mcp.ts'
import { registerNote } from './commands/note.ts'
import { registerPipeline } from './commands/pipeline.ts'
import { registerRepair } from './commands/repair.ts'
import { registerRun } from './commands/run.ts'
import { registerRuns } from './commands/runs.ts'
import { registerServe } from './commands/serve.ts'
import { registerStore } from './commands/store.ts'
import { registerTrial } from './commands/trial.ts'
import { registerWorker } from './commands/worker.ts'
import { watchInterrupts } from './interrupt.ts'
import { checkRemote, serverOf } from './remote-commands.ts'
import type { Output } from './output.ts'
import { openOutput } from './output.ts'
import type { Session } from './session.ts'
import { version } from './version.ts'

/** Runs one command line (without program and script) and sets the exit code of the process. */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on('error', ignoreClosedPipe)
  process.once('uncaughtException', endWith)
  const interrupt = watchInterrupts((text) => void process.stderr.write(text))
  const program = new Command('greenloop')
  const output = lazily(() =>
    openOutput({
      json: program.opts<Globals>().json ?? false,
      jsonl: program.opts<Globals>().jsonl ?? false,
      noProgress: program.opts<Globals>().progress === false,
      env: process.env,
      stdout: process.stdout,
      stderr: process.stderr,
    }),
  )
  let run: Readonly<Record<string, string>> = {}
  let isAsAsked = false
  const session: Session = {
    cwd: process.cwd(),
    env: process.env,
    signal: interrupt.signal,
    get output() {
      return output()
    },
    get debug() {
      return program.opts<Globals>().debug ?? false
    },
    get server() {
      return serverOf(program.opts<Globals>(), process.env)
    },
    get tokenFile() {
      return program.opts<Globals>().tokenFile
    },
    begin: (runId, runDir) => {
      run = runDir === '' ? { runId } : { runId, runDir }
    },
    end: (code) => {
      process.exitCode = code
    },
    endAsAsked: (code) => {
      process.exitCode = code
      isAsAsked = true
    },
  }
  buildProgram(program, session)
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return
    process.exitCode = fail(translate(error, args), { error, run, session: () => session })
  } finally {
    interrupt.release()
  }
  const signalled = interrupt.code()
  if (signalled !== undefined && !isAsAsked) process.exitCode = signalled
}

interface Globals {
  json?: boolean
  jsonl?: boolean
  progress?: boolean
  debug?: boolean
  server?: string
  tokenFile?: string
}

/** The whole command line, also the source of completions and of the reference. */
export function buildProgram(program: Command, session: Session): Command {
  program
    .description('From a test specification to a green pipeline: a model writes, mechanical checks decide.')
    .version(version, '-V, --version')
    .option('--json', 'print one JSON document on standard output')
    .option('--jsonl', 'print the events as JSON lines on standard output')
    .option('--no-progress', 'print no progress on standard error')
    .option('--debug', 'print stack traces')
    .option('--server <url>', 'let this Greenloop server do the work (GREENLOOP_SERVER)')
    .option('--token-file <file>', 'file that holds the token of the server (GREENLOOP_TOKEN)')
    .hook('preAction', (_program, action) => checkRemote(action, session))
    .showHelpAfterError(false)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .addHelpText('after', exitCodeHelp)
  registerPipeline(program, session)
  registerGenerate(program, session)
  registerRun(program, session)
  registerRuns(program, session)
  registerTrial(program, session)
  registerCombine(program, session)
  registerExperiment(program, session)
  registerManifest(program, session)
  registerRepair(program, session)
  registerNote(program, session)
  registerServe(program, session)
  registerMcp(program, session)
  registerWorker(program, session)
  registerStore(program, session)
  registerInit(program, session)
  registerDoctor(program, session)
  registerConfig(program, session)
  registerExplain(program, session)
  registerDev(program, session)
  registerCompletion(program, session)
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} })
  return program
}

const exitCodeHelp = `
Exit codes: 0 green, 1 red, 2 usage, 3 infrastructure, 4 nothing ran, 5 incomplete, 6 budget, 130/143 interrupted.
\`greenloop explain CODE\` says what an error means.`

interface Failing {
  readonly error: unknown
  readonly run: Readonly<Record<string, string>>
  readonly session: () => Session
}

/** Prints an error as its reader needs it and gives the exit code. */
function fail(known: GreenloopError, { error, run, session }: Failing): number {
  const entry = errorCatalog[known.code]
  const { output, debug } = safely(session)
  const text = formatError(
    {
      id: entry.id,
      message: known.message,
      place: known.place,
      why: known.why,
      help: known.help,
      problems: known.problems,
    },
    { colour: output.colour, width: output.width },
  )
  output.note(`${text}\n`)
  if (debug && error instanceof Error) output.note(`${error.stack ?? ''}\n`)
  if (output.result !== 'human') {
    const { code, message, place, why, help, problems } = known
    const document = { code: entry.id, name: code, message, place, why, help, problems }
    output.print(`${JSON.stringify({ status: 'failed', exitCode: entry.exit, ...run, error: document })}\n`)
  }
  return entry.exit
}

function translate(error: unknown, args: readonly string[]): GreenloopError {
  if (error instanceof GreenloopError) return error
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '')
    if (error.code === 'commander.help')
      return new GreenloopError('usage_invalid', 'a command is wanted', { help: 'greenloop --help' })
    const [text = message, hint] = message.split('\n')
    const meant = hint?.replace(/^\(Did you mean (one of )?(.+)\?\)$/, 'did you mean $1`$2`?').replaceAll(', ', '`, `')
    const help = meant ?? `greenloop ${args.find((arg) => !arg.startsWith('-')) ?? ''} --help`.replace('  ', ' ')
    return new GreenloopError('usage_invalid', text, { help })
  }
  const message = error instanceof Error ? error.message : String(error)
  return new GreenloopError('internal', message, {
    cause: error,
    help: 'run again with --debug and report what it prints',
  })
}

/** The options may be what is wrong: then plain text on standard error is what is left. */
function safely(session: () => Session): { output: Output; debug: boolean } {
  try {
    const { output, debug } = session()
    return { output, debug }
  } catch {
    return {
      debug: false,
      output: {
        result: 'human',
        asked: false,
        progress: 'none',
        colour: false,
        width: 100,
        print: () => {},
        note: (text) => void process.stderr.write(text),
      },
    }
  }
}

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** What nobody caught, such as a function of the user that throws from a timer, is no result: never exit code 1. */
function endWith(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`an error that nobody caught: ${text}\n`)
  process.exit(errorCatalog.internal.exit)
}

/** `greenloop … | head` closes the pipe early, which is no failure of ours. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
