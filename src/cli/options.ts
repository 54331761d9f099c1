import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'

/** Options that choose a model and shape a script, as commander gives them. */
export interface GeneratorOptions {
  suite?: string
  mode?: string
  mockResponse?: string
  subprocessCmd?: string
  httpEndpoint?: string
  httpModel?: string
  httpHeader?: string[]
  httpApiKey?: string
  httpApiKeyEnv?: string
  record?: string
  replay?: string
  fallback?: boolean
  template?: string
  context?: string[]
  maxTestsPerEndpoint?: number
  tag?: string[]
  priority?: string[]
  showPrompt?: boolean
  dryRun?: boolean
  framework?: string
  artifacts?: string
  store?: string
  runId?: string
  out?: string
}

/** Options that shape an execution, as commander gives them. */
export interface RunOptions {
  framework?: string
  artifacts?: string
  store?: string
  runId?: string
  runnerPath?: string
  retries?: number
  workers?: number | 'auto'
  timeout?: number
  testTimeout?: number
  coverage?: boolean
  benchmark?: boolean
  allowNetwork?: boolean
  sandbox?: string
}

/** Adds what `generate` and `pipeline` share. */
export function addGeneratorOptions(command: Command): Command {
  return command
    .requiredOption('--suite <file>', 'test suite, JSON or YAML')
    .option('--mode <mode>', 'offline, mock, local (a command), http or replay')
    .option('--mock-response <file>', 'mock: answer with the text of this file')
    .option('--subprocess-cmd <command>', 'local: prompt on its stdin, answer on its stdout')
    .option('--http-endpoint <url>', 'http: base URL or …/chat/completions of an OpenAI-compatible server')
    .option('--http-model <name>', 'http: model')
    .option('--http-header <"K:V">', 'http: header to send; repeat for more', collect)
    .option('--http-api-key <key>', 'http: key, sent as a bearer token (better: the environment)')
    .option('--http-api-key-env <name>', 'http: variable that holds the key (LLM_API_KEY)')
    .option('--record <folder>', 'keep every answer there, for --replay')
    .option('--replay <folder>', 'answer from recordings only, without any network')
    .option('--fallback', 'use the offline generator when the model fails')
    .option('--template <file>', 'Jinja template of the prompt, instead of the built-in one')
    .option('--context <"K=V">', 'value for the template; repeat for more', collect)
    .option('--max-tests-per-endpoint <n>', 'bound on tests planned for one endpoint', wholeNumber(1))
    .option('--tag <tag>', 'only cases with this tag; repeat for more', collect)
    .option('--priority <priority>', 'only cases of this priority; repeat for more', collect)
    .option('--framework <name>', 'pytest, vitest or node')
    .option('--show-prompt', 'print the prompt and stop; no model is called')
    .option('--dry-run', 'print the plan with an estimate of tokens and stop; no model is called')
    .option('--out <file>', 'also write the script to this file')
}

/** Adds what `run` and `pipeline` share. */
export function addRunOptions(command: Command): Command {
  return command
    .option('--runner-path <path>', 'interpreter or executable of the framework')
    .option('--retries <n>', 'further attempts for a test that failed', wholeNumber(0))
    .option('--workers <n>', 'processes side by side, or `auto`', workers)
    .option('--timeout <seconds>', 'limit for the whole run', seconds)
    .option('--test-timeout <seconds>', 'limit for one test', seconds)
    .option('--coverage', 'measure coverage')
    .option('--benchmark', 'collect benchmark figures')
    .option('--allow-network', 'let the tests reach the network from inside the sandbox')
    .option('--sandbox <mode>', 'required, auto or off')
}

/** Adds what every command takes that leaves a run behind. */
export function addOutputOptions(command: Command): Command {
  return command
    .option('--artifacts <folder>', 'where runs are kept (artifacts)')
    .option('--store <file or URL>', 'where runs are recorded (.greenloop/greenloop.db), or `off`')
    .option('--run-id <id>', 'name of the run; made from the time where it is left out')
}

/** Adds what commands take whose run a server can carry out. */
export function addDetachOption(command: Command): Command {
  return command.option('--detach', 'with --server: start the run, say which it is, and do not wait')
}

/** Options of commands that look into the store. */
export interface StoreOptions {
  store?: string
  database?: string
}

/** Adds what every command takes that looks into the store. */
export function addStoreOptions(command: Command): Command {
  return command
    .option('--store <file or URL>', 'where runs are recorded (.greenloop/greenloop.db)')
    .option('--database <url>', 'the same, for a shared PostgreSQL database')
}

/** Takes an option that may be given again and again. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value]
}

/** Reads a whole number from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`A whole number from ${least} on is wanted.`)
    return value
  }
}

function workers(text: string): number | 'auto' {
  return text === 'auto' ? 'auto' : wholeNumber(1)(text)
}

/** Reads a number of seconds above 0. */
export function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('A number of seconds above 0 is wanted.')
  return value
}

/** Reads one of several names, in whatever case. */
export function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name.toLowerCase() === text.toLowerCase())
    if (found === undefined) throw new InvalidArgumentError(`One of ${names.join(', ')} is wanted.`)
    return found
  }
}
