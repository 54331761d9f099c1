import { join, resolve } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { Repository } from '../domain/repository.ts'
import type { Clock } from '../lib/clock.ts'
import { writeAtomic } from '../lib/files.ts'
import { sha256 } from '../lib/hash.ts'
import { createRedactor } from '../lib/redact.ts'
import { writeCheckout } from './git-checkout.ts'
import { makeCommit } from './git-commit.ts'
import { gitEnvironment, readAddress, tokenUser } from './git-environment.ts'
import { diffCommits, listChanged, listCommits } from './git-history.ts'
import { locked } from './git-lock.ts'
import { pushCommit } from './git-push.ts'
import { askHead, fetchAll } from './git-remote.ts'
import type { Git } from './git-run.ts'
import { makeControlFolders, ownFolder, setUp } from './git-setup.ts'
import { listTree, readBlob } from './git-tree.ts'

/** What a control repository is made of. */
export interface RepositoryConfig {
  /** Folder of the bare repository, see `controlFolder`; made where it is missing. */
  readonly folder: string
  /** `https://…`, or `http://` to this machine, without credentials. */
  readonly url: string
  readonly token: string
  readonly author: { readonly name: string; readonly email: string }
  /** Certificate authority of the host in PEM. */
  readonly ca?: string | undefined
  /** First wait in milliseconds, and attempts at one call to the host. */
  readonly retry: { readonly intervalMs: number; readonly maxAttempts: number }
  readonly clock: Clock
  /** Numbers from 0 up to, not including, 1. */
  readonly random: () => number
  /** PATH for finding git. */
  readonly path: string
  /** Told of each call of git: its arguments, duration and exit code. */
  readonly onCommand?: ((line: string) => void) | undefined
}

/**
 * Where the control repository of a project lies: `<git_work_dir>/<host>/<path>.git`; `local` for an address without a host. Names
 * that a file system could take for others are spelled out, with a hash that keeps them apart. Throws `git_refused` for no URL.
 */
export function controlFolder(gitWorkDir: string, cloneUrl: string): string {
  if (!URL.canParse(cloneUrl)) throw new GreenloopError('git_refused', 'the address of the repository is no URL')
  const { host, pathname } = new URL(cloneUrl)
  const path = pathname.replace(/\/$/, '').replace(/\.git$/, '')
  const names = path.split('/').filter((name) => name !== '')
  const last = names.pop() ?? 'project'
  return join(gitWorkDir, safeName(host.replace(':', '_') || 'local'), ...names.map(safeName), `${safeName(last)}.git`)
}

function safeName(name: string): string {
  const isSafe = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name) && !/\.git$|\.$/i.test(name)
  return isSafe ? name : `${name.slice(0, 60).replaceAll(/[^A-Za-z0-9_-]/g, '_')}_${sha256(name).slice(0, 12)}`
}

const maxLockWaitMs = 15 * 60_000

/**
 * Opens the control repository of a project, and makes it where it is missing. Whatever changes it is done by one process at a
 * time. Throws `git_refused` for an address that git does not go to, and `git_failed` where git is missing.
 */
export async function openRepository(config: RepositoryConfig): Promise<Repository> {
  const url = readAddress(config.url)
  const folder = resolve(config.folder)
  const { clock } = config
  await makeControlFolders(folder)
  const git = await createGit({ ...config, folder }, url)
  const lock = { path: join(folder, ownFolder, 'lock'), clock, maxWaitMs: maxLockWaitMs }
  const alone = <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => locked(lock, signal, work)
  const never = new AbortController().signal
  await alone(never, () => setUp(git, never))
  return {
    fetch: (signal) => alone(signal, () => fetchAll(git, signal)),
    remoteHead: (branch, signal) => askHead(git, branch, signal),
    files: (sha, signal) => listTree(git, sha, signal),
    read: (sha, path, ...[maxBytes, signal]) => readBlob(git, { sha, path, maxBytes }, signal),
    commit: (commit, signal) => alone(signal, () => makeCommit(git, commit, signal)),
    diff: (from, to, ...[maxBytes, signal]) => diffCommits(git, { from, to, maxBytes }, signal),
    changedPaths: (from, to, signal) => listChanged(git, { from, to }, signal),
    log: (sha, base, signal) => listCommits(git, { from: base, to: sha }, signal),
    push: (target, signal) => alone(signal, () => pushCommit(git, target, signal)),
    checkout: (sha, folder, signal) => writeCheckout(git, { sha, folder }, signal),
  }
}

async function createGit(config: RepositoryConfig, url: URL): Promise<Git> {
  const { folder, token } = config
  const own = join(folder, ownFolder)
  const caFile = config.ca === undefined ? undefined : join(own, 'ca.pem')
  if (config.ca !== undefined && caFile !== undefined) await writeAtomic(caFile, config.ca)
  return {
    folder,
    url: config.url,
    env: gitEnvironment({ folder, home: join(own, 'home'), url, token, path: config.path, caFile }),
    redactor: createRedactor([token, `${tokenUser}:${token}`]),
    author: config.author,
    retry: config.retry,
    clock: config.clock,
    random: config.random,
    onCommand: config.onCommand,
  }
}
