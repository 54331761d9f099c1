import type { Command } from 'commander'
import { GreenloopError } from '../domain/errors.ts'
import type { ServerPlace, Session } from './session.ts'

const model = ['mode', 'mockResponse', 'httpModel']
const generator = ['suite', ...model, 'context', 'maxTestsPerEndpoint', 'tag', 'priority', 'framework', 'out']
const running = ['retries', 'workers', 'timeout', 'testTimeout', 'coverage', 'benchmark']
const start = ['artifacts', 'runId', 'detach']

/** Commands that a server carries out, with the options that it takes; the others are its own to set. */
const remote: Readonly<Record<string, readonly string[]>> = {
  pipeline: [...generator, ...running, ...start],
  generate: [...generator, ...start],
  run: ['framework', ...running, ...start],
  'runs list': ['kind', 'limit'],
  'runs show': ['failures'],
  'runs cancel': [],
  'runs resume': ['detach'],
  'runs logs': ['follow'],
  combine: ['engine', 'strength', 'seed', 'timeLimit', 'stats', 'format', 'out', 'cache'],
  'experiment plan': [],
  'experiment run': ['workflow', 'variant', 'maxCases', 'repeats', 'seed', 'concurrency', ...start],
  'experiment report': ['out'],
  'repair run': ['config', 'project', 'ref', 'mergeRequest', 'rounds', 'timeout', ...start],
  'repair status': [],
  'repair resume': ['detach'],
  doctor: [],
  'config show': ['origin'],
  mcp: [],
}

/** Commands whose work lies on this machine alone; one that is not listed here or above is refused without more words. */
const here: Readonly<Record<string, string>> = {
  trial: 'trial runs are made on this machine; a server takes none',
  'runs prune': 'the record is pruned on the machine of the server',
  'experiment init': 'it writes files into this folder',
  'experiment import': 'it writes files into this folder',
  'experiment compare': 'it compares results that lie on this machine',
  'manifest build': 'it writes a file into this folder',
  'manifest run': 'a server runs plans of its own folder: greenloop experiment run PLAN',
  'repair watch': 'it looks at the code host from this machine',
  'repair check': 'it tries connections from this machine',
  'repair serve': 'it is a server itself',
  serve: 'it is a server itself',
  'serve link': 'it asks the server of this folder; GREENLOOP_SERVER does not matter to it',
  worker: 'it works for the database that --database names',
  'store check': 'it looks into the store of this machine',
  'store backup': 'it copies the store of this machine',
  'store restore': 'it replaces the store of this machine',
  init: 'it writes files into this folder',
  completion: 'it prints a script for this shell',
  explain: 'it needs no server',
  dev: 'it runs on this machine',
}

/** Commands that start or change something: a server in the environment must not be passed over for them. */
const changing = new Set(['trial', 'manifest run', 'runs prune', 'experiment compare', 'repair watch', 'repair check'])

/** The server that the options or the environment name; an empty text stands for none. */
export function serverOf(
  { server, tokenFile }: { readonly server?: string; readonly tokenFile?: string },
  env: Readonly<Record<string, string | undefined>>,
): ServerPlace | undefined {
  const url = server ?? env.GREENLOOP_SERVER ?? ''
  return url === '' ? undefined : { url, tokenFile, isAsked: server !== undefined }
}

/**
 * Checks a command before it begins: what a server cannot do is refused, never done here in silence. Throws `usage_invalid`.
 */
export function checkRemote(command: Command, session: Session): void {
  const name = nameOf(command)
  const { server } = session
  const given = givenOptions(command)
  if (server === undefined) {
    if (given.includes('detach') && name !== 'trial') refuse(`--detach wants a server`, 'name it with --server')
    if (session.tokenFile !== undefined && !given.includes('remote')) {
      refuse('--token-file wants a server', 'name it with --server')
    }
    return
  }
  const taken = remote[name]
  if (taken !== undefined) return checkOptions(command, { taken, given })
  const why = here[name] ?? 'it works on this machine'
  if (server.isAsked) refuse(`\`${name}\` takes no --server: ${why}`, `leave --server out`)
  if (changing.has(name)) {
    refuse(
      `\`${name}\` is not done by the server that GREENLOOP_SERVER names: ${why}`,
      `GREENLOOP_SERVER= greenloop ${name} …`,
    )
  }
}

function checkOptions(
  command: Command,
  { taken, given }: { readonly taken: readonly string[]; readonly given: readonly string[] },
): void {
  const other = command.options.find(
    (option) => given.includes(option.attributeName()) && !taken.includes(option.attributeName()),
  )
  if (other === undefined) return
  refuse(
    `${other.long ?? other.short ?? ''} cannot be given with a server`,
    'the server sets it; `greenloop config show --server URL` shows what is in force there',
  )
}

function givenOptions(command: Command): string[] {
  return command.options
    .map((option) => option.attributeName())
    .filter((name) => command.getOptionValueSource(name) === 'cli')
}

/** The words of a command behind the program's name. */
function nameOf(command: Command): string {
  const { parent } = command
  return parent === null || parent.parent === null ? command.name() : `${parent.name()} ${command.name()}`
}

function refuse(message: string, help: string): never {
  throw new GreenloopError('usage_invalid', message, { help })
}
