/** A file of a commit. */
export interface TreeFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string
  /** `100644`, `100755` executable, `120000` symbolic link, `160000` submodule. */
  readonly mode: string
  readonly oid: string
  /** Bytes; 0 for a submodule. */
  readonly size: number
}

/** A file as a commit is to have it; without content it is removed. A file that is there keeps its mode. */
export interface FileChange {
  readonly path: string
  readonly content?: string | Uint8Array | undefined
  /** For files that are new; `100644` unless set. */
  readonly mode?: '100644' | '100755' | undefined
}

/** What a commit is made of. */
export interface NewCommit {
  readonly parent: string
  readonly changes: readonly FileChange[]
  /** Subject and body, without trailers. */
  readonly message: string
  /** Trailers at its end: `Greenloop-Run: ID/2`. */
  readonly trailers: Readonly<Record<string, string>>
}

/** A commit with what its trailers say. */
export interface CommitInfo {
  readonly sha: string
  readonly parents: readonly string[]
  readonly subject: string
  readonly trailers: Readonly<Record<string, string>>
}

/** How a commit goes to the host. */
export interface PushTarget {
  readonly sha: string
  /** Always below `greenloop/`. */
  readonly branch: string
  /** Commit that the branch must have there; `undefined` where it must not exist. */
  readonly expected: string | undefined
}

/**
 * A project's history, in a bare repository of our own that no untrusted code ever sees. Git runs with our configuration
 * alone: no hooks, filters, drivers, rewritten addresses. Throws `git_failed` with git's own words, `git_auth_failed` where the
 * host refuses the token, `git_refused` for what is never done (another branch, a moved head, a path out of the tree); an abort
 * throws the signal's reason.
 */
export interface Repository {
  /** Brings branches and commits of the host here. Gives the commit of each branch by name. */
  fetch(signal: AbortSignal): Promise<ReadonlyMap<string, string>>
  /** The commit a branch has on the host now, asked there; `undefined` where there is no such branch. */
  remoteHead(branch: string, signal: AbortSignal): Promise<string | undefined>
  /** Files of a commit, at most 100,000. */
  files(sha: string, signal: AbortSignal): Promise<readonly TreeFile[]>
  /** Content of a file of a commit; `undefined` where there is none or it is larger than `maxBytes`. */
  read(sha: string, path: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** Makes a commit here, without touching a working tree: regular files only, no path through a link. Same input, same commit. */
  commit(commit: NewCommit, signal: AbortSignal): Promise<string>
  /** Changes between two commits as git writes them, at most `maxBytes`. */
  diff(from: string, to: string, maxBytes: number, signal: AbortSignal): Promise<string>
  /** Paths that differ between two commits. */
  changedPaths(from: string, to: string, signal: AbortSignal): Promise<readonly string[]>
  /** Commits of `sha` that are not in `base`, newest first, at most 200. */
  log(sha: string, base: string, signal: AbortSignal): Promise<readonly CommitInfo[]>
  /** Pushes one commit to one branch, never by force over what is not expected there, and asks whether it arrived. */
  push(target: PushTarget, signal: AbortSignal): Promise<void>
  /** Writes the files of a commit into an empty folder, without git's own files; links and submodules are left out and named. */
  checkout(sha: string, folder: string, signal: AbortSignal): Promise<{ readonly leftOut: readonly string[] }>
}
