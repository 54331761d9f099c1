import type { Surroundings } from '../app/surroundings.ts'
import { flagsOf } from './flags.ts'
import type { GeneratorOptions, RunOptions } from './options.ts'
import { openProgress } from './progress.ts'
import type { Session } from './session.ts'
import { eventStream } from './stream.ts'

/** Runs a use case with progress shown, and closes the display whatever happens. */
export async function watched<T>(
  session: Session,
  options: GeneratorOptions & RunOptions,
  use: (where: Surroundings) => Promise<T>,
): Promise<T> {
  const view = openProgress(session.output)
  const stream = eventStream(session.output)
  try {
    return await use({
      cwd: session.cwd,
      env: session.env,
      signal: session.signal,
      flags: flagsOf(options),
      onText: (piece) => {
        view.onText(piece)
        stream.emit({ kind: 'text', text: piece })
      },
      onStep: (text) => {
        view.step(text)
        stream.emit({ kind: 'step', text })
      },
      onProgress: (progress) => {
        view.onProgress(progress)
        stream.progress(progress)
      },
      onRun: session.begin,
    })
  } finally {
    view.close()
  }
}
