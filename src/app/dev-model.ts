import { resolve } from 'node:path'
import { systemClock } from '../lib/clock.ts'
import { startDevModel } from '../llm/dev-model.ts'
import type { DevModel } from '../llm/dev-model.ts'
import type { Surroundings } from './surroundings.ts'

/** Starts a model server that answers from a script. Throws `file_missing`, and `config_invalid` for a script that makes no sense. */
export function startModel(
  { script, port }: { readonly script: string; readonly port: number },
  { cwd }: Pick<Surroundings, 'cwd'>,
): Promise<DevModel> {
  return startDevModel({ script: resolve(cwd, script), port, clock: systemClock })
}
