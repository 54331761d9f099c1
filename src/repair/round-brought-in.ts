import { known } from './repair-state.ts'
import { projectOf, repositoryOf } from './repair-context.ts'
import type { FileChange, Repository } from '../domain/repository.ts'
import type { RepairContext } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'

/** Largest file that is compared with what is there, in bytes; a larger one counts as changed. */
const maxBytes = 8 * 1024 * 1024

/** Files that come into the branch before its first pipeline: those that differ from the base. */
export async function broughtIn(
  state: RepairState,
  context: RepairContext,
): Promise<{ readonly files: readonly FileChange[]; readonly leftOut: readonly string[] }> {
  const { world, signal } = context
  const given = (await world.bringIn?.(signal)) ?? { files: [], leftOut: [] }
  const repository = await repositoryOf(state, context)
  const base = known(state.baseSha)
  const files: FileChange[] = []
  for (const file of [...given.files, ...(await ciFile(state, context))]) {
    if (differs(file, await repository.read(base, file.path, maxBytes, signal))) files.push(file)
  }
  return { files, leftOut: given.leftOut }
}

function differs(file: FileChange, before: Uint8Array | undefined): boolean {
  if (file.content === undefined) return before !== undefined
  return before === undefined || !Buffer.from(before).equals(Buffer.from(file.content))
}

/** The description of the pipeline that the configuration gives, where the project has none. */
async function ciFile(state: RepairState, context: RepairContext): Promise<readonly FileChange[]> {
  const content = context.world.policy.setup.ciFile
  if (content === undefined) return []
  const { ciConfigPath: path } = await projectOf(state, context)
  const repository: Repository = await repositoryOf(state, context)
  const files = await repository.files(known(state.baseSha), context.signal)
  return files.some((file) => file.path === path) ? [] : [{ path, content }]
}
