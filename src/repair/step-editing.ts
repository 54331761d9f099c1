import { broughtIn } from './round-brought-in.ts'
import { endWith, known, move, withNote } from './repair-state.ts'
import { repositoryOf } from './repair-context.ts'
import { trailersOf } from './round-commit.ts'
import type { FileChange } from '../domain/repository.ts'
import type { Redactor } from '../lib/redact.ts'
import type { Step } from './repair-context.ts'

/** Makes the first commit out of the files of the AI work folder; without any, the branch begins at the base. */
export const editing: Step = async (state, context) => {
  const { world, signal } = context
  const base = known(state.baseSha)
  // A branch that was taken over has its first commit.
  if (state.pushedSha !== undefined && state.pushedSha !== base) {
    return move(state, 'pushing', { headSha: state.pushedSha })
  }
  const { files, leftOut } = await broughtIn(state, context)
  const noted = leftOut.length === 0 ? state : withNote(state, `left out: ${leftOut.slice(0, 20).join(', ')}`)
  if (files.length === 0) return move(noted, 'pushing', { headSha: base })
  const secret = files.find((file) => holdsSecret(file, world.redactor))
  if (secret !== undefined) {
    return endWith(noted, {
      end: 'guard_rejected',
      reason: `${secret.path} of the AI work folder holds a secret`,
      advice: 'Take the secret out of the file and start again. Nothing was pushed.',
    })
  }
  const repository = await repositoryOf(noted, context)
  const headSha = await repository.commit(
    {
      parent: base,
      changes: files,
      message: `Bring in ${files.length} file${files.length === 1 ? '' : 's'}\n\nGreenloop run ${world.runId}`,
      trailers: trailersOf(world.runId, 0),
    },
    signal,
  )
  return move(noted, 'pushing', { headSha })
}

function holdsSecret(file: FileChange, redactor: Redactor): boolean {
  if (file.content === undefined) return false
  const text = typeof file.content === 'string' ? file.content : Buffer.from(file.content).toString('utf8')
  return redactor.source(text) !== text
}
