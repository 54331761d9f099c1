import { access, mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { GreenloopError } from '../../domain/errors.ts'
import type { Session } from '../session.ts'

interface Answers {
  readonly framework: 'pytest' | 'vitest' | 'node'
  readonly endpoint: string | undefined
}

/** `greenloop init`: at most three questions, at most three files, and the next command. */
export function registerInit(program: Command, session: Session): void {
  program
    .command('init')
    .option('--yes', 'ask nothing and take what was found')
    .description('write settings and a first suite for this project')
    .action(async (options: { yes?: boolean }) => {
      const found = await detect(session.cwd)
      const ask = !options.yes && process.stdin.isTTY
      if (!options.yes && !ask) {
        throw new GreenloopError('usage_invalid', 'there is no terminal to ask on', { help: 'greenloop init --yes' })
      }
      const answers = ask ? await question(found, session.signal) : found
      const written = await write(session.cwd, answers)
      session.output.note(`${written.map((file) => `  ${file}`).join('\n')}\n`)
      session.output.note(`\nnext: edit ${written.at(-1)}, then\n  greenloop pipeline --suite ${written.at(-1)}\n`)
      if (session.output.result === 'json') {
        session.output.print(`${JSON.stringify({ status: 'finished', exitCode: 0, files: written })}\n`)
      }
    })
}

/** Local model servers that are commonly there, by their usual port. */
const servers = [
  ['Ollama', 'http://127.0.0.1:11434/v1'],
  ['vLLM', 'http://127.0.0.1:8000/v1'],
] as const

async function detect(cwd: string): Promise<Answers> {
  const has = async (file: string): Promise<boolean> =>
    access(join(cwd, file)).then(
      () => true,
      () => false,
    )
  const javascript = (await has('package.json')) && !(await has('pyproject.toml')) && !(await has('pytest.ini'))
  for (const [, endpoint] of servers) {
    const up = await fetch(`${endpoint}/models`, { signal: AbortSignal.timeout(300) }).then(
      (response) => response.ok,
      () => false,
    )
    if (up) return { framework: javascript ? 'vitest' : 'pytest', endpoint }
  }
  return { framework: javascript ? 'vitest' : 'pytest', endpoint: undefined }
}

async function question(found: Answers, signal: AbortSignal): Promise<Answers> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const framework = (
      await terminal.question(`framework: pytest, vitest or node? [${found.framework}] `, { signal })
    ).trim()
    const hint = found.endpoint ?? 'none: the offline generator'
    const endpoint = (await terminal.question(`base URL of a model server? [${hint}] `, { signal })).trim()
    const known = framework === 'pytest' || framework === 'vitest' || framework === 'node' ? framework : found.framework
    return { framework: known, endpoint: endpoint === '' ? found.endpoint : endpoint }
  } finally {
    terminal.close()
  }
}

/** Writes what is not there yet and never over what is. */
async function write(cwd: string, answers: Answers): Promise<string[]> {
  const name = basename(cwd)
  const files: [string, string][] = [
    ['greenloop.yaml', settingsText(answers)],
    [join('suites', 'first.json'), suiteText(name, answers)],
  ]
  const written: string[] = []
  for (const [file, text] of files) {
    const path = join(cwd, file)
    await mkdir(dirname(path), { recursive: true })
    try {
      await writeFile(path, text, { flag: 'wx' })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
        throw new GreenloopError('usage_invalid', `${file} is there already`, {
          cause,
          help: 'move it away, or go on with it: greenloop config show --origin',
        })
      }
      throw new GreenloopError('artifact_failed', `${file} cannot be written: ${(cause as Error).message}`, { cause })
    }
    written.push(file)
  }
  return written
}

function settingsText({ framework, endpoint }: Answers): string {
  const model =
    endpoint === undefined
      ? '# llm:\n#   baseUrl: http://127.0.0.1:11434/v1\n#   model: qwen3-coder\n'
      : `llm:\n  baseUrl: ${endpoint}\n`
  return `# Settings of Greenloop; \`greenloop config show --origin\` prints all of them. Keys and secrets belong into .env.\n${model}generation:\n  framework: ${framework}\n`
}

function suiteText(name: string, { framework }: Answers): string {
  const suite = {
    schema: 'greenloop.suite/v1',
    name: `${name} first suite`,
    feature: name,
    owner: 'me',
    target: { kind: framework === 'pytest' ? 'python' : 'node', module: 'math', root: '..' },
    cases: [
      {
        id: 'FIRST-1',
        title: 'square root of nine',
        call: 'sqrt',
        args: [9],
        expected: { returns: 3 },
        priority: 'high',
        tags: ['smoke'],
      },
    ],
  }
  return `${JSON.stringify(suite, null, 2)}\n`
}
