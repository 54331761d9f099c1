import type { Command } from 'commander'
import { addPlanOptions, overridesOf } from '../experiment-options.ts'
import type { PlanFlags } from '../experiment-options.ts'
import { storeSurroundings } from '../flags.ts'
import type { Session } from '../session.ts'
import { registerTrials } from './experiment.ts'

/** `greenloop manifest`: what a plan would run, as a file that can be looked at, kept and run. */
export function registerManifest(program: Command, session: Session): void {
  const manifest = program.command('manifest').description('manifests of experiments: build, run')
  const build = manifest
    .command('build')
    .argument('<plan>', 'test_plan.yaml')
    .description('make the manifests of a plan, one for each workflow and variant')
    .option('--out <file>', 'where they go', 'run_manifest.yaml')
  addPlanOptions(build).action(async (path: string, flags: PlanFlags & { out: string }) => {
    const { buildManifestFile } = await import('../../app/experiment-plan.ts')
    const { printManifests } = await import('../experiment-plan-lines.ts')
    const { out, ...rest } = flags
    const overrides = overridesOf(rest)
    printManifests(await buildManifestFile(path, { out, overrides }, storeSurroundings(session, {})), session)
  })
  registerTrials(manifest, { kind: 'manifest', argument: '<manifest>', what: 'run_manifest.yaml' }, session)
}
