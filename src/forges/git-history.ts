import type { CommitInfo } from '../domain/repository.ts'
import { gitFailure, gitOutput, runGit } from './git-run.ts'
import type { Git, GitCall } from './git-run.ts'
import { checkIds, splitZero } from './git-tree.ts'

/** Two commits to compare. */
export interface Range {
  readonly from: string
  readonly to: string
}

const maxCommits = 200

/** Changes between two commits as a unified diff of whole lines, at most `maxBytes`. */
export async function diffCommits(git: Git, range: Range & { maxBytes: number }, signal: AbortSignal): Promise<string> {
  checkIds(range.from, range.to)
  const call: GitCall = {
    args: [
      ...['diff-tree', '-r', '-p', '--no-ext-diff', '--no-textconv', '--no-renames', '--no-color', '--no-commit-id'],
      ...['--src-prefix=a/', '--dst-prefix=b/', '--submodule=short', range.from, range.to],
    ],
    maxBytes: range.maxBytes,
  }
  const end = await runGit(git, call, signal)
  if (end.isCut) return end.stdout.subarray(0, end.stdout.lastIndexOf(10) + 1).toString('utf8')
  if (end.exitCode !== 0) throw gitFailure(call, end)
  return end.stdout.toString('utf8')
}

/** Paths that differ between two commits; a file that was moved counts at both its places. */
export async function listChanged(git: Git, range: Range, signal: AbortSignal): Promise<readonly string[]> {
  checkIds(range.from, range.to)
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--no-commit-id', range.from, range.to]
  return splitZero(await gitOutput(git, { args, maxBytes: 64 * 1024 * 1024 }, signal))
}

/** Commits of `to` that are not in `from`, newest first, at most 200. */
export async function listCommits(git: Git, range: Range, signal: AbortSignal): Promise<readonly CommitInfo[]> {
  checkIds(range.from, range.to)
  const args = [
    ...['log', '-z', '--topo-order', '--no-color', '--no-show-signature', `--max-count=${maxCommits}`],
    ...['--format=%H%x00%P%x00%s%x00%(trailers:only,unfold)', `${range.from}..${range.to}`],
  ]
  const fields = splitZero(await gitOutput(git, { args, maxBytes: 16 * 1024 * 1024 }, signal))
  const commits: CommitInfo[] = []
  for (let at = 0; at + 3 < fields.length; at += 4) {
    const [sha = '', parents = '', subject = '', trailers = ''] = fields.slice(at, at + 4)
    commits.push({ sha, parents: parents.split(' ').filter(Boolean), subject, trailers: readTrailers(trailers) })
  }
  return commits
}

/** The last one counts where a key stands twice: ours are written at the end. */
function readTrailers(text: string): Readonly<Record<string, string>> {
  const pairs = text.split('\n').flatMap((line) => {
    const colon = line.indexOf(':')
    return colon <= 0 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const]
  })
  return Object.fromEntries(pairs)
}
