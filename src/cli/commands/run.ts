import type { Command } from 'commander'
import { addDetachOption, addOutputOptions, addRunOptions } from '../options.ts'
import type { RunOptions } from '../options.ts'
import { printReport } from '../result.ts'
import type { Session } from '../session.ts'
import { overridesOf } from '../flags.ts'
import { watched } from '../watched.ts'

interface RunFlags extends RunOptions {
  detach?: boolean
}

/** `greenloop run REQUEST` or `greenloop run TESTS…`: runs tests that are there. */
export function registerRun(program: Command, session: Session): void {
  const command = program
    .command('run')
    .argument('<request or tests...>', 'a request file (JSON or YAML), or files and folders of tests')
    .description('run tests: retries, deadlines, parallel processes, a sandbox, reports')
    .option('--framework <name>', 'pytest, vitest or node')
  addDetachOption(addOutputOptions(addRunOptions(command))).action(async (targets: string[], options: RunFlags) => {
    if (session.server !== undefined) {
      const { startExecution } = await import('../remote-start.ts')
      return startExecution(targets, options, session)
    }
    const { warmUp } = await import('../../app/warm-up.ts')
    if (options.sandbox !== 'off') warmUp()
    const { runTests } = await import('../../app/run.ts')
    const reported = await watched(session, options, (where) =>
      runTests(
        { ...inputOf(targets), overrides: overridesOf(options), coverage: options.coverage, runId: options.runId },
        where,
      ),
    )
    printReport(reported, session)
  })
}

function inputOf(targets: readonly string[]): { requestPath: string } | { tests: readonly string[] } {
  const [only = ''] = targets
  return targets.length === 1 && /\.(json|ya?ml)$/i.test(only) ? { requestPath: only } : { tests: targets }
}
