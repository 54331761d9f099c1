import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { systemClock } from '../lib/clock.ts'
import { createCiRunner } from './ci-runner.ts'
import type { CiRunnerConfig } from './ci-runner.ts'
import type { CiContext, CiJobEnd, CiPlan } from './ci.ts'

/** Environment of jobs in tests. */
export const jobEnv: Readonly<Record<string, string>> = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: tmpdir(),
  LANG: 'C.UTF-8',
}

interface RunOptions {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly onOutput?: (text: string) => void
}

/** A working copy whose jobs are run. */
export interface Pipeline extends Disposable {
  readonly context: CiContext
  plan(): Promise<CiPlan>
  errors(): Promise<readonly string[]>
  run(name: string, options?: RunOptions, context?: CiContext): Promise<CiJobEnd & { readonly trace: string }>
}

const never = new AbortController().signal

/** A git repository with these files and one commit, in which pipelines run. */
export function createPipeline(
  files: Readonly<Record<string, string>>,
  config: Partial<CiRunnerConfig> = {},
): Pipeline {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-ci-test-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com']
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
    [...who, 'commit', '-qm', 'first', '--allow-empty'],
  ]) {
    execFileSync('git', args, { cwd: folder })
  }
  const runner = createCiRunner({ env: jobEnv, clock: systemClock, ...config })
  const variables = { CI_PIPELINE_ID: '7', CI_COMMIT_REF_NAME: 'main', CI_COMMIT_SHA: 'a'.repeat(40) }
  const context = { folder, file: '.gitlab-ci.yml', variables }
  return {
    context,
    plan: async () => {
      const result = await runner.plan(context, never)
      if ('errors' in result) throw new Error(result.errors.join('\n'))
      return result.plan
    },
    errors: async () => {
      const result = await runner.plan(context, never)
      return 'errors' in result ? result.errors : []
    },
    run: async (name, { timeoutMs = 60_000, signal = never, onOutput } = {}, asked = context) => {
      let trace = ''
      const onText = (text: string): void => {
        trace += text
        onOutput?.(text)
      }
      const end = await runner.run({ ...asked, name, id: 41, timeoutMs }, onText, signal)
      return { ...end, trace }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
