import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { executionRequestSchema } from '../../src/domain/execution-request.ts'
import type { ExecutionRequest } from '../../src/domain/execution-request.ts'
import type { Runner, RunnerInfo, Sandbox } from '../../src/domain/ports.ts'
import type { Progress } from '../../src/domain/progress.ts'
import type { Execution, SandboxTier, TestResult } from '../../src/domain/run.ts'
import type { z } from 'zod'
import { executeTasks } from '../../src/engine/execute-tasks.ts'
import { execute } from '../../src/execute/execute.ts'
import type { ExecuteParts } from '../../src/execute/execute.ts'

const framework = fileURLToPath(new URL('framework.mjs', import.meta.url))

/** A runner whose framework does what the JSON in its "test files" says. */
const scriptedRunner: Runner = {
  framework: 'pytest',
  probe: () => Promise.resolve(scriptedInfo),
  launch: async (job) => {
    const file = join(job.scratchDir, 'job.json')
    await writeFile(file, JSON.stringify({ job }))
    const command = { argv: [process.execPath, framework], cwd: job.cwd, env: { ...job.env, SCRIPTED_JOB: file } }
    return { command, channelFd: 3, readOnlyPaths: [] }
  },
}

const scriptedInfo: RunnerInfo = {
  framework: 'pytest',
  version: '1.0',
  executable: process.execPath,
  interpreter: 'scripted',
  plugins: {},
  readOnlyPaths: [],
}

/** A box that keeps nothing in and nothing out. */
export function openBox(tier: SandboxTier = 'none'): Sandbox {
  return {
    tier,
    gaps: ['nothing is protected'],
    prepare: () => Promise.resolve(),
    box: (command) => Promise.resolve({ command, release: () => Promise.resolve() }),
  }
}

/** A test file: behaviours by name of test, see framework.mjs. */
export type ScriptedFile = Readonly<Record<string, string>> | { readonly onCollect: string }

/** A project in a temporary folder and what may be asked of it. */
export interface ScriptedProject {
  readonly cwd: string
  readonly runDir: string
  run(request?: z.input<typeof executionRequestSchema>, more?: ScriptedOptions): Promise<Execution>
  /** Selections of the processes that were started, in order. */
  starts(): Promise<readonly unknown[]>
  log(name: string): Promise<string>
  readonly progress: readonly Progress[]
}

interface ScriptedOptions {
  readonly parts?: Partial<ExecuteParts>
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/** Runs `action` in a project of these files and removes it afterwards. */
export async function withProject<T>(
  files: Readonly<Record<string, ScriptedFile>>,
  action: (project: ScriptedProject) => Promise<T>,
): Promise<T> {
  const base = await mkdtemp(join(tmpdir(), 'greenloop-scripted-'))
  const [cwd, runDir, state] = [join(base, 'project'), join(base, 'run'), join(base, 'state')]
  await mkdir(state)
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true })
    await writeFile(join(cwd, name), JSON.stringify('onCollect' in content ? content : { tests: content }))
  }
  const progress: Progress[] = []
  const run: ScriptedProject['run'] = (request = {}, more = {}) => {
    const filled: ExecutionRequest = executionRequestSchema.parse({ tests: Object.keys(files), ...request, cwd })
    const parts: ExecuteParts = {
      runner: scriptedRunner,
      info: scriptedInfo,
      sandbox: openBox(),
      runDir,
      runId: 'run-1',
      environment: { PATH: process.env['PATH'] ?? '', SCRIPTED_STATE: state },
      runTasks: executeTasks,
      silence: { testMs: 800, idleMs: 1500, exitMs: 300 },
      ...more.parts,
    }
    const onProgress = (step: Progress): void => {
      progress.push(step)
      more.onProgress?.(step)
    }
    return execute(filled, parts, { signal: more.signal ?? new AbortController().signal, onProgress })
  }
  try {
    return await action({
      cwd,
      runDir,
      run,
      progress,
      starts: async () => {
        const text = await readFile(join(state, 'started.log'), 'utf8')
        return text
          .trim()
          .split('\n')
          .map((line): unknown => JSON.parse(line))
      },
      log: (name) => readFile(join(runDir, name), 'utf8'),
    })
  } finally {
    await rm(base, { recursive: true, force: true })
  }
}

/** Outcomes of all attempts by short name of test. */
export function outcomesOf({ tests }: Execution): Readonly<Record<string, string>> {
  return Object.fromEntries(tests.map(({ name, attempts }) => [name, attempts.map((one) => one.outcome).join(' ')]))
}

/** The test with this short name. */
export function testOf({ tests }: Execution, name: string): TestResult {
  const found = tests.find((test) => test.name === name)
  if (found === undefined) throw new Error(`no test ${name}`)
  return found
}
