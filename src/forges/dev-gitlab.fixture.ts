import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import type { ReportedTest } from '../domain/forge.ts'
import { systemClock } from '../lib/clock.ts'
import { runProcess } from '../lib/process.ts'
import type { CiJob, CiRunner } from './ci.ts'
import { startDevGitLab } from './dev-gitlab.ts'
import type { DevGitLab, DevGitLabConfig } from './dev-gitlab.ts'

const token = 'glpat-of-the-tests'
const path = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`

/** A runner of the tests: `hold` waits until it is let go, all else is a line for the shell. */
interface ScriptedRunner extends CiRunner {
  /** Names of jobs in the order they began. */
  readonly begun: string[]
  /** Lets jobs with `hold` go on, those to come too. */
  release(): void
}

interface Description {
  readonly stages?: readonly string[]
  readonly [name: string]: unknown
}

/** Plans `.gitlab-ci.yml` with few keys, runs scripts with sh in the work folder. */
function scriptedRunner(): ScriptedRunner {
  const begun: string[] = []
  let release = (): void => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  const read = async (folder: string, file: string): Promise<Description> =>
    parse(await readFile(join(folder, file), 'utf8')) as Description
  const jobsIn = (description: Description) =>
    Object.entries(description).filter(([name]) => name !== 'stages') as [string, Record<string, never>][]
  return {
    begun,
    release,
    plan: async ({ folder, file }) => {
      const text = await readFile(join(folder, file), 'utf8')
      if (text.includes('BROKEN'))
        return { errors: ['jobs:build config should implement the script:, run:, or trigger: keyword'] }
      const description = await read(folder, file)
      const jobs = jobsIn(description).map(([name, job]): CiJob => ({
        name,
        stage: job['stage'] ?? 'test',
        when: job['when'] ?? 'on_success',
        allowFailure: job['allow_failure'] ?? false,
        allowedExitCodes: job['exit_codes'] ?? [],
        needs: job['needs'],
        retry: { max: job['retry'] ?? 0, when: [] },
        startInMs: job['start_in'],
        junit: [],
        trigger: job['trigger'],
      }))
      return { plan: { stages: description.stages ?? ['test'], jobs, merged: text } }
    },
    run: async ({ folder, file, name }, onOutput, signal) => {
      begun.push(name)
      const job = jobsIn(await read(folder, file)).find(([other]) => other === name)?.[1]
      const script: string = job?.['script'] ?? 'true'
      onOutput(`$ ${script}\n`)
      if (script === 'hold') {
        const aborted = new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => resolve(), { once: true }),
        )
        await Promise.race([released, aborted])
        if (signal.aborted) return { outcome: 'cancelled', tests: [] }
      }
      const argv = ['sh', '-c', script === 'hold' ? 'true' : script]
      const end = await runProcess({ argv, cwd: folder, env: { PATH: path } }, { outputCapBytes: 1e6, signal })
      onOutput(end.stdout.text + end.stderr.text)
      const isGood = end.exitCode === 0
      onOutput(isGood ? 'Job succeeded\n' : `ERROR: Job failed: exit code ${end.exitCode}\n`)
      const status = isGood ? 'success' : 'failed'
      const tests =
        job?.['tests'] === 'told'
          ? toldTests(name, end.stdout.text)
          : job?.['tests'] === true
            ? [{ suite: name, classname: 'c', name: 'adds', status, output: end.stdout.text } as const]
            : []
      return { outcome: isGood ? 'success' : 'failed', exitCode: end.exitCode ?? 1, tests }
    },
  }
}

/** Tests of a job that tells them itself, a line for each: `pass NAME` or `fail NAME`. */
function toldTests(suite: string, output: string): readonly ReportedTest[] {
  return [...output.matchAll(/^(pass|fail) (\S+)$/gm)].map(([, word, test = '']) => ({
    suite,
    classname: 'c',
    name: test,
    status: word === 'pass' ? 'success' : 'failed',
  }))
}

/** Any member of an answer, to be compared. */
export type Json = { readonly [key: string]: Json } & readonly Json[]

/** A member deep in an answer. */
export function pick(value: Json | undefined, ...path: readonly (string | number)[]): Json {
  const found = path.reduce((at: unknown, name) => (at as Record<string | number, unknown> | undefined)?.[name], value)
  return found as Json
}

/** An answer of the API. */
interface TestAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Json
}

/** A test GitLab in a folder of its own, with a client. */
export interface TestHost extends DevGitLab {
  readonly folder: string
  readonly runner: ScriptedRunner
  readonly token: string
  /** Calls the API; gives status, headers and the JSON or text of the answer. */
  call(method: string, path: string, body?: unknown): Promise<TestAnswer>
  /** The same with another token; none for an empty one. */
  callAs(token: string, method: string, path: string): Promise<TestAnswer>
  /** Runs git in a folder; `url` bears the token. */
  git(folder: string, ...args: string[]): Promise<{ exitCode: number | null; text: string }>
  /** Address of a project for git, with a token. */
  cloneUrl(path: string, as?: string): string
  /** Asks until `isThere` holds, at most 20 seconds. */
  until<T>(ask: () => Promise<T>, isThere: (value: T) => boolean): Promise<T>
  dispose(): Promise<void>
}

/** Starts one; `folder` goes on with what is there. */
export async function startTestHost(config: Partial<DevGitLabConfig> = {}): Promise<TestHost> {
  const folder = config.folder ?? (await mkdtemp(join(tmpdir(), 'greenloop-dev-')))
  const runner = scriptedRunner()
  const dev = await startDevGitLab({
    token,
    runner,
    clock: systemClock,
    random: () => 0.5,
    env: { PATH: path },
    ...config,
    folder,
  })
  const send = async (as: string, path: string, init: { method: string; body?: unknown }): Promise<TestAnswer> => {
    const headers = { 'content-type': 'application/json', ...(as === '' ? {} : { 'private-token': as }) }
    const content = init.body === undefined ? {} : { body: JSON.stringify(init.body) }
    const response = await fetch(`${dev.url}${path}`, { method: init.method, headers, ...content })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    const body = (isJson ? JSON.parse(text) : text) as Json
    return { status: response.status, headers: response.headers, body }
  }
  return {
    ...dev,
    folder,
    runner,
    token,
    call: (method, path, body) => send(token, path, { method, body }),
    callAs: (as, method, path) => send(as, path, { method }),
    git: async (at, ...args) => {
      const env = { PATH: path, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', ...identity }
      const end = await runProcess(
        { argv: ['git', ...args], cwd: at, env },
        { outputCapBytes: 1e6, signal: new AbortController().signal },
      )
      return { exitCode: end.exitCode, text: end.stdout.text + end.stderr.text }
    },
    cloneUrl: (project, as = token) => dev.url.replace('://', `://oauth2:${as}@`) + `/${project}.git`,
    until: async (ask, isThere) => {
      for (let attempt = 0; attempt < 400; attempt++) {
        const value = await ask()
        if (isThere(value)) return value
        await systemClock.sleep(50, new AbortController().signal)
      }
      throw new Error(`it never came: ${JSON.stringify(await ask())}`)
    },
    dispose: async () => {
      await dev.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const identity = {
  GIT_AUTHOR_NAME: 'Tester',
  GIT_AUTHOR_EMAIL: 'tester@example.com',
  GIT_COMMITTER_NAME: 'Tester',
  GIT_COMMITTER_EMAIL: 'tester@example.com',
}
