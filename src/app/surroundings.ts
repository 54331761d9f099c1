import type { OnProgress } from '../domain/progress.ts'
import type { SettingPath } from '../config/settings-schema.ts'
import type { Confinement } from './confinement.ts'

/** Settings that the command line gave, by their names. */
export type Flags = Readonly<Partial<Record<SettingPath, unknown>>>

/** Where a use case runs, what it may ask, and whom it tells. */
export interface Surroundings {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /** Settings that the command line gave. */
  readonly flags?: Flags | undefined
  /** Bounds of what tests may see, where somebody else has ordered the run. */
  readonly confined?: Confinement | undefined
  readonly onProgress?: OnProgress | undefined
  /** Pieces of a model's answer as they come. */
  readonly onText?: ((piece: string) => void) | undefined
  /** A run has its folder from now on. */
  readonly onRun?: ((runId: string, runDir: string) => void) | undefined
  /** A step began, or something is worth knowing. */
  readonly onStep?: ((text: string) => void) | undefined
}
