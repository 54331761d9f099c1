import type { CommitInfo, NewCommit, PushTarget, Repository, TreeFile } from '../domain/repository.ts'
import { GreenloopError } from '../domain/errors.ts'
import { sha256 } from '../lib/hash.ts'

interface Commit {
  readonly info: CommitInfo
  readonly tree: ReadonlyMap<string, string>
}

/** Branches and commits of the scripted host, in memory. */
export interface ScriptedGit extends Repository {
  readonly branches: Map<string, string>
  readonly commits: Map<string, Commit>
  readonly pushes: PushTarget[]
  /** A commit by somebody else, on a branch. */
  put(branch: string, files: Readonly<Record<string, string>>, trailers?: Readonly<Record<string, string>>): string
}

const textOf = (content: string | Uint8Array): string =>
  typeof content === 'string' ? content : Buffer.from(content).toString('utf8')

type Act = <T>(name: string, effect: () => T) => Promise<T>

/** A repository of which a push calls `onPush`, and every effect goes through `act`. */
export function createGit(act: Act, onPush: (branch: string, sha: string) => void): ScriptedGit {
  const commits = new Map<string, Commit>()
  const branches = new Map<string, string>()
  const pushes: PushTarget[] = []
  return {
    branches,
    commits,
    pushes,
    put: (branch, files, trailers = {}) => {
      const changes = Object.entries(files).map(([path, content]) => ({ path, content }))
      const sha = make(commits, { parent: branches.get(branch) ?? '', changes, message: 'by hand', trailers })
      branches.set(branch, sha)
      return sha
    },
    fetch: async () => new Map(branches),
    remoteHead: async (branch) => branches.get(branch),
    commit: (commit) => act('commit', () => make(commits, commit)),
    push: (target) =>
      act('push', () => {
        if (branches.get(target.branch) !== target.expected) throw new GreenloopError('git_refused', 'the head moved')
        branches.set(target.branch, target.sha)
        pushes.push(target)
        onPush(target.branch, target.sha)
      }),
    ...readingOf(commits),
  }
}

type Commits = Map<string, Commit>

const treeOf = (commits: Commits, sha: string): ReadonlyMap<string, string> => commits.get(sha)?.tree ?? new Map()

function make(commits: Commits, { parent, changes, message, trailers }: NewCommit): string {
  const tree = new Map(treeOf(commits, parent))
  for (const { path, content } of changes) {
    if (content === undefined) tree.delete(path)
    else tree.set(path, textOf(content))
  }
  const sha = sha256(JSON.stringify([parent, [...tree], message, trailers])).slice(0, 40)
  const parents = parent === '' ? [] : [parent]
  commits.set(sha, { info: { sha, parents, subject: message.split('\n')[0] ?? '', trailers }, tree })
  return sha
}

function readingOf(commits: Commits) {
  const changed = (from: string, to: string): string[] => {
    const [before, after] = [treeOf(commits, from), treeOf(commits, to)]
    return [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path))
  }
  return {
    files: async (sha) =>
      [...treeOf(commits, sha)].map(([path, content]): TreeFile => {
        return { path, mode: '100644', oid: sha256(content), size: content.length }
      }),
    read: async (sha, path) => {
      const content = treeOf(commits, sha).get(path)
      return content === undefined ? undefined : Buffer.from(content)
    },
    diff: async (from, to) => changed(from, to).join('\n'),
    changedPaths: async (from, to) => changed(from, to),
    log: async (sha, base) => logOf(commits, sha, base),
    checkout: async () => ({ leftOut: [] }),
  } satisfies Partial<Repository>
}

function logOf(commits: Commits, sha: string, base: string): CommitInfo[] {
  const infos: CommitInfo[] = []
  for (let at: string | undefined = sha; at !== undefined && at !== base;) {
    const info: CommitInfo | undefined = commits.get(at)?.info
    if (info !== undefined) infos.push(info)
    at = info?.parents[0]
  }
  return infos
}
