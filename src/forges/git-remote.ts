import { backoffMs } from '../lib/backoff.ts'
import { remoteError, remoteFailure } from './git-failures.ts'
import { isObjectId } from './git-paths.ts'
import { gitOutput, runGit } from './git-run.ts'
import type { Git, GitCall, GitEnd } from './git-run.ts'

/** Longest time that one call to the host may take, in milliseconds. */
export const remoteTimeoutMs = 600_000
const ownHeads = 'refs/remotes/origin/'

/** Brings all branches of the host here; those that it no longer has are forgotten. */
export async function fetchAll(git: Git, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const args = [
    ...['fetch', '--quiet', '--no-tags', '--prune', '--force', '--no-write-fetch-head', '--no-recurse-submodules'],
    ...['--no-auto-maintenance', '--end-of-options', git.url, `+refs/heads/*:${ownHeads}*`],
  ]
  await callHost(git, { args }, signal)
  const list = ['for-each-ref', '--format=%(objectname) %(refname)', ownHeads]
  return readRefs(await gitOutput(git, { args: list, maxBytes: 64 * 1024 * 1024 }, signal), ownHeads)
}

/** The commit that a branch has on the host now. */
export async function askHead(git: Git, branch: string, signal: AbortSignal): Promise<string | undefined> {
  const ref = `refs/heads/${branch}`
  const args = ['ls-remote', '--quiet', '--end-of-options', git.url, ref]
  return readRefs(await callHost(git, { args }, signal), '').get(ref)
}

/** Waits before attempt `attempt` + 1: up to twice as long each time, at most 60 s. */
export async function waitToRetry(git: Git, attempt: number, signal: AbortSignal): Promise<void> {
  const backoff = { backoffSeconds: git.retry.intervalMs / 1000, backoffMultiplier: 2, maxBackoffSeconds: 60 }
  await git.clock.sleep(backoffMs(attempt, { ...backoff, jitter: 'full' }, git.random), signal)
}

/** Whether a call that ended so is worth attempt `attempt` + 1; one that met another writer is, after a new look. */
export function isWorthRetry(git: Git, end: GitEnd, attempt: number): boolean {
  return attempt < git.retry.maxAttempts && ['network', 'stale'].includes(remoteFailure(end))
}

async function callHost(git: Git, call: GitCall, signal: AbortSignal): Promise<Buffer> {
  for (let attempt = 1; ; attempt++) {
    const end = await runGit(git, { ...call, timeoutMs: remoteTimeoutMs, maxBytes: 16 * 1024 * 1024 }, signal)
    if (end.exitCode === 0 && !end.isCut) return end.stdout
    if (end.isCut || !isWorthRetry(git, end, attempt)) throw remoteError(call.args[0] ?? '', end)
    await waitToRetry(git, attempt, signal)
  }
}

/** Lines of an id, a blank or tab, and a name, which git allows neither of. */
function readRefs(output: Buffer, prefix: string): ReadonlyMap<string, string> {
  const pairs = output
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [id = '', name = ''] = line.split(/[ \t]/)
      return isObjectId(id) && name.startsWith(prefix) ? [[name.slice(prefix.length), id] as const] : []
    })
  return new Map(pairs)
}
