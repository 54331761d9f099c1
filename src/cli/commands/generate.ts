import type { Command } from 'commander'
import { relative } from 'node:path'
import { addGeneratorOptions, addOutputOptions, addRunOptions } from '../options.ts'
import type { GeneratorOptions, RunOptions } from '../options.ts'
import type { Session } from '../session.ts'
import { watched } from '../watched.ts'
import { describe, inputOf } from './pipeline.ts'
import { showPlan } from './preview.ts'

/** `greenloop generate --suite FILE`: a checked script, not run. */
export function registerGenerate(program: Command, session: Session): void {
  const command = program.command('generate').description('from a suite to a checked script; no test is run')
  addOutputOptions(addRunOptions(addGeneratorOptions(command))).action(
    async (options: GeneratorOptions & RunOptions) => {
      if (await showPlan(inputOf(options), options, session)) return
      const { generateTests, usageOf } = await import('../../app/pipeline.ts')
      const result = await watched(session, options, (where) => generateTests(inputOf(options), where))
      const { generated, collected } = result
      const { output, cwd } = session
      const generation = describe(result, usageOf(generated.generation))
      const document = { status: 'finished', exitCode: 0, artifacts: generated.files, ...generation }
      if (output.result === 'human') {
        output.note(`\n${collected} tests in ${relative(cwd, String(generation.script))}\n`)
      } else
        output.print(`${JSON.stringify(output.result === 'jsonl' ? { kind: 'summary', ...document } : document)}\n`)
      session.end(0)
    },
  )
}
