import { GreenloopError } from '../domain/errors.ts'
import type { PushTarget } from '../domain/repository.ts'
import { remoteError } from './git-failures.ts'
import { isOwnBranch } from './git-paths.ts'
import { askHead, isWorthRetry, remoteTimeoutMs, waitToRetry } from './git-remote.ts'
import { runGit } from './git-run.ts'
import type { Git } from './git-run.ts'
import { checkIds } from './git-tree.ts'

/**
 * Pushes a commit to a branch of ours. The branch on the host is looked at first, so that a push whose answer was lost is not
 * made twice, and afterwards. Throws `git_refused` for any other branch, a commit that does not build on what is expected there,
 * and what the host declines; `repair_conflict` where somebody else has moved the branch.
 */
export async function pushCommit(git: Git, target: PushTarget, signal: AbortSignal): Promise<void> {
  await checkTarget(git, target, signal)
  const { sha, branch, expected } = target
  for (let attempt = 1; ; attempt++) {
    const head = await askHead(git, branch, signal)
    if (head === sha) return
    if (head !== expected) throw conflict(target, head)
    const end = await runGit(git, { args: pushArgs(git, target), timeoutMs: remoteTimeoutMs }, signal)
    if (end.exitCode === 0) break
    if (!isWorthRetry(git, end, attempt)) throw remoteError('push', end)
    await waitToRetry(git, attempt, signal)
  }
  const arrived = await askHead(git, branch, signal)
  if (arrived !== sha) throw conflict(target, arrived)
}

function pushArgs(git: Git, { sha, branch, expected }: PushTarget): string[] {
  const ref = `refs/heads/${branch}`
  const fixed = ['push', '--no-verify', '--no-follow-tags', '--no-signed', '--recurse-submodules=no']
  return [...fixed, `--force-with-lease=${ref}:${expected ?? ''}`, '--end-of-options', git.url, `${sha}:${ref}`]
}

async function checkTarget(git: Git, target: PushTarget, signal: AbortSignal): Promise<void> {
  const { sha, branch, expected } = target
  checkIds(sha, ...(expected === undefined ? [] : [expected]))
  const args = ['check-ref-format', `refs/heads/${branch}`]
  if (!isOwnBranch(branch) || (await runGit(git, { args }, signal)).exitCode !== 0) {
    throw new GreenloopError('git_refused', `no push to ${JSON.stringify(branch)}: only to branches below greenloop/`)
  }
  const kind = await runGit(git, { args: ['cat-file', '-t', sha] }, signal)
  if (kind.stdout.toString('utf8').trim() !== 'commit') {
    throw new GreenloopError('git_refused', `${sha} is no commit of the control repository`)
  }
  if (expected === undefined) return
  // A lease alone would let a push throw away what it expects there.
  const descent = await runGit(git, { args: ['merge-base', '--is-ancestor', expected, sha] }, signal)
  if (descent.exitCode === 0) return
  throw new GreenloopError('git_refused', `${sha} does not build on ${expected}, and nothing is rewritten`)
}

function conflict({ branch, expected }: PushTarget, head: string | undefined): GreenloopError {
  const there = head === undefined ? 'is gone' : `stands at ${head}`
  const wanted = expected === undefined ? 'was to be new' : `was left at ${expected}`
  return new GreenloopError('repair_conflict', `the branch ${branch} ${there}; it ${wanted}`)
}
