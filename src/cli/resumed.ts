import type { TrialResult } from '../app/trial.ts'
import { storeHint, storeSurroundings } from './flags.ts'
import type { StoreOptions } from './options.ts'
import { printReport } from './result.ts'
import type { Session } from './session.ts'
import { printTrial, trialProgress } from './trial-lines.ts'
import { watched } from './watched.ts'

/** Goes on with a run that was broken off, and prints what its own command would have printed. */
export async function resumeStored(id: string, options: StoreOptions, session: Session): Promise<void> {
  const { resumeRun } = await import('../app/resume.ts')
  const { printPipeline, printValidated } = await import('./pipeline-result.ts')
  const { flags } = storeSurroundings(session, options)
  const progress = trialProgress(session)
  const resumed = await watched(session, {}, (where) => resumeRun(id, { ...where, flags }, progress.onResult))
  progress.close()
  switch (resumed.kind) {
    case 'execute':
      return printReport(resumed.result, session)
    case 'pipeline':
      return printPipeline(resumed.result, session)
    case 'generate':
      return printValidated(resumed.result, session)
    case 'trial':
      return printTrial(resumed.result satisfies TrialResult, session, storeHint(options))
    case 'experiment': {
      const { printExperiment } = await import('./experiment-lines.ts')
      return printExperiment(resumed.result, session, storeHint(options))
    }
    case 'repair': {
      const { printRepair } = await import('./repair-lines.ts')
      return printRepair(resumed.result, session)
    }
  }
}
