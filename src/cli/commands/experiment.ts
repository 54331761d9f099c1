import type { Command } from 'commander'
import { keepHeapSmall } from '../../lib/memory.ts'
import { addPlanOptions, addTrialOptions, overridesOf } from '../experiment-options.ts'
import type { PlanFlags, TrialFlags } from '../experiment-options.ts'
import { storeHint, storeSurroundings } from '../flags.ts'
import { addDetachOption, addOutputOptions, addStoreOptions, collect, oneOf, wholeNumber } from '../options.ts'
import type { StoreOptions } from '../options.ts'
import type { Session } from '../session.ts'

interface RunFlags extends PlanFlags, TrialFlags, StoreOptions {
  artifacts?: string
  runId?: string
  detach?: boolean
}

interface CompareFlags extends StoreOptions {
  baseline?: string
  primary?: string
  metric?: string[]
  gate?: string[]
  seed?: number
  markdown?: boolean
}

/** `greenloop experiment`: workflows on combinations of parameters and variants of prompts, compared soundly. */
export function registerExperiment(program: Command, session: Session): void {
  const experiment = program
    .command('experiment')
    .description(
      'try workflows on combinations of parameters and prompt variants, and compare: plan, run, report, compare',
    )
  experiment
    .command('init')
    .argument('[folder]', 'where the files go', '.')
    .description('write the files of a first experiment')
    .option(
      '--target <name>',
      'what is tried: dify, http, openai or module',
      oneOf(['dify', 'http', 'openai', 'module']),
      'dify',
    )
    .action(async (folder: string, { target }: { target: 'dify' | 'http' | 'openai' | 'module' }) => {
      const { initExperiment } = await import('../../app/experiment-init.ts')
      const files = await initExperiment(session.cwd, folder, target)
      if (session.output.result !== 'human') session.output.print(`${JSON.stringify({ files })}\n`)
      const [next = ''] = files.filter((file) => file.endsWith('test_plan.yaml'))
      session.output.note(`${files.map((file) => `  ${file}`).join('\n')}\n\nnext: greenloop experiment plan ${next}\n`)
      session.end(0)
    })
  const plan = experiment
    .command('plan')
    .argument('<plan>', 'test_plan.yaml')
    .description('say what a plan would do, cost and could show; nothing is spent')
    .option('--diff', 'print what the patches of each variant change')
    .option('--gate <condition>', 'check this condition as well; repeat for more', collect)
  addPlanOptions(plan).action(async (path: string, flags: PlanFlags & TrialFlags & { diff?: boolean }) => {
    if (session.server !== undefined) {
      const { planRemotely } = await import('../remote-look.ts')
      return planRemotely(path, session)
    }
    const [{ planExperiment }, lines] = await Promise.all([
      import('../../app/experiment-plan.ts'),
      import('../experiment-plan-lines.ts'),
    ])
    const planned = await planExperiment(path, overridesOf(flags), storeSurroundings(session, {}))
    lines.printPlan(planned, { path, showDiff: flags.diff ?? false }, session)
  })
  registerTrials(experiment, { kind: 'plan', argument: '<plan>', what: 'test_plan.yaml' }, session)
  registerReport(experiment, session)
  registerCompare(experiment, session)
  experiment
    .command('import')
    .argument('<config>', 'promptfooconfig.yaml')
    .description('make a plan of the configuration of promptfoo')
    .option('--out <folder>', 'where the files go', '.')
    .option('--force', 'write over files that are there')
    .action(async (path: string, flags: { out: string; force?: boolean }) => {
      const { importConfig } = await import('../../app/experiment-import.ts')
      const { printImport } = await import('../experiment-plan-lines.ts')
      printImport(
        await importConfig({ path, out: flags.out, force: flags.force ?? false }, storeSurroundings(session, {})),
        session,
      )
    })
}

/** `run` of a plan or of a manifest file. */
export function registerTrials(
  parent: Command,
  { kind, argument, what }: { readonly kind: 'plan' | 'manifest'; readonly argument: string; readonly what: string },
  session: Session,
): void {
  const command = parent
    .command('run')
    .argument(argument, what)
    .description('run the trials, compare the variants, report')
  addDetachOption(addTrialOptions(addPlanOptions(addOutputOptions(command))))
  command.action(async (path: string, flags: RunFlags) => {
    if (session.server !== undefined) {
      const { startExperiment } = await import('../remote-start.ts')
      return startExperiment(path, flags, session)
    }
    const [{ runExperiment }, { printExperiment, experimentProgress }] = await Promise.all([
      import('../../app/experiment.ts'),
      import('../experiment-lines.ts'),
    ])
    keepHeapSmall()
    const progress = experimentProgress(session)
    const where = storeSurroundings(session, flags)
    const flagged = flags.artifacts === undefined ? where.flags : { ...where.flags, artifacts: flags.artifacts }
    const input = { kind, path, overrides: overridesOf(flags), runId: flags.runId }
    const onStep = (text: string): void => progress.onStep(text)
    const result = await runExperiment(input, { ...where, flags: flagged, onStep }, progress.onResult).finally(
      progress.close,
    )
    printExperiment(result, session, storeHint(flags))
  })
}

function registerReport(experiment: Command, session: Session): void {
  const command = experiment
    .command('report')
    .argument('<run>', 'id of the run, the beginning of it, or `latest`')
    .description('write the reports of an experiment once more, from its record')
    .option('--out <folder>', 'where they go; the folder of the run unless set')
    .option('--judge-by <plan>', 'judge the recorded answers anew by the checks of this plan; only judges are called')
  addStoreOptions(command).action(async (id: string, flags: StoreOptions & { out?: string; judgeBy?: string }) => {
    if (session.server !== undefined) {
      const { reportRemotely } = await import('../remote-look.ts')
      return reportRemotely(id, flags.out, session)
    }
    keepHeapSmall()
    const { reportAgain } = await import('../../app/experiment-again.ts')
    const { printExperiment } = await import('../experiment-lines.ts')
    const asked = { id, out: flags.out, plan: flags.judgeBy }
    printExperiment(await reportAgain(asked, storeSurroundings(session, flags)), session, storeHint(flags))
  })
}

function registerCompare(experiment: Command, session: Session): void {
  const command = experiment
    .command('compare')
    .argument('<results...>', 'runs by id, folders of runs, or results.jsonl files')
    .description('compare variants over runs, case by case')
    .option('--baseline <variant>', 'variant that the others are compared with; the first unless set')
    .option('--primary <metric>', 'metric that decides')
    .option('--metric <name>', 'metric that is compared; repeat for more', collect)
    .option('--gate <condition>', 'exit code 1 unless it holds; repeat for more', collect)
    .option('--seed <n>', 'seed of the bootstrap', wholeNumber(0))
    .option('--markdown', 'print a table for a merge request')
  addStoreOptions(command).action(async (sources: string[], flags: CompareFlags) => {
    const { compareExperiments } = await import('../../app/experiment-compare.ts')
    const { printComparison } = await import('../experiment-lines.ts')
    const { baseline, primary, metric: metrics, gate: gates, seed, markdown = false } = flags
    const input = { sources, baseline, primary, metrics, gates, seed }
    printComparison(await compareExperiments(input, storeSurroundings(session, flags)), markdown, session)
  })
}
