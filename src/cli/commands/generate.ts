import type { Command } from 'commander'
import { addDetachOption, addGeneratorOptions, addOutputOptions, addRunOptions } from '../options.ts'
import type { GeneratorOptions, RunOptions } from '../options.ts'
import type { Session } from '../session.ts'
import { watched } from '../watched.ts'
import { inputOf } from './pipeline.ts'
import { showPlan } from './preview.ts'

/** `greenloop generate --suite FILE`: a checked script, not run. */
export function registerGenerate(program: Command, session: Session): void {
  const command = program.command('generate').description('from a suite to a checked script; no test is run')
  addDetachOption(addOutputOptions(addRunOptions(addGeneratorOptions(command)))).action(
    async (options: GeneratorOptions & RunOptions & { detach?: boolean }) => {
      if (session.server !== undefined) {
        const { startFromSuite } = await import('../remote-start.ts')
        return startFromSuite('startGeneration', options, session)
      }
      if (await showPlan(inputOf(options), options, session)) return
      const { generateTests } = await import('../../app/pipeline.ts')
      const { printValidated } = await import('../pipeline-result.ts')
      printValidated(await watched(session, options, (where) => generateTests(inputOf(options), where)), session)
    },
  )
}
