import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { makeFolders, writeAtomic } from '../lib/files.ts'
import { clearLeftovers } from './git-leftovers.ts'
import { gitOutput, gitText } from './git-run.ts'
import type { Git } from './git-run.ts'

/** Folder inside of the control repository for what is ours: the empty home, the lock, indexes of commits in the making. */
export const ownFolder = 'greenloop'

const config = `[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
`

/** Makes the folders that git and the lock need. */
export async function makeControlFolders(folder: string): Promise<void> {
  await makeFolders(join(folder, ownFolder, 'home'))
}

/**
 * Makes the bare repository where it is missing. Its configuration is written anew each time, so that nothing counts that got
 * in there otherwise, and what a killed process has left is cleared. Needs the lock. Throws `git_failed` for a git that is too old.
 */
export async function setUp(git: Git, signal: AbortSignal): Promise<void> {
  checkVersion(await gitText(git, { args: ['--version'] }, signal))
  await rm(join(git.folder, 'info'), { recursive: true, force: true })
  await rm(join(git.folder, 'objects', 'info', 'alternates'), { force: true })
  await writeAtomic(join(git.folder, 'config'), config)
  await clearLeftovers(git.folder, ownFolder, git.clock.now())
  await gitOutput(git, { args: ['init', '--quiet', '--bare', '--template=', '--initial-branch=main'] }, signal)
}

/** An older git would not know the environment that all rules come in, and would pass over them without a word. */
function checkVersion(said: string): void {
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(said) ?? []
  if (Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 32)) return
  throw new GreenloopError('git_failed', `${said || 'git'} is too old: 2.32 is needed`)
}
