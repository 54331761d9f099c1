import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { capTail } from '../lib/plain-text.ts'
import { runProcess } from '../lib/process.ts'

/** Git with a configuration of its own: no settings of the user, no hooks but ours. */
export interface DevGit {
  readonly env: Readonly<Record<string, string>>
  /** Runs git in a folder; gives what it prints. Throws `git_failed`. */
  run(directory: string, args: readonly string[], stdin?: string): Promise<string>
  /** The same, where a failure is an answer: `undefined`. */
  ask(directory: string, args: readonly string[]): Promise<string | undefined>
  /** Commits of branches, by full name of the reference. */
  refs(directory: string): Promise<ReadonlyMap<string, string>>
}

const maxOutputBytes = 64 * 1024 * 1024
const timeoutMs = 120_000

/** Refuses what `GREENLOOP_REFUSED` names, and writes push options down where `GREENLOOP_PUSH` says. */
const preReceive = `#!/bin/sh
if [ -n "$GREENLOOP_PUSH" ]; then
  i=0
  while [ "$i" -lt "\${GIT_PUSH_OPTION_COUNT:-0}" ]; do
    eval "printf '%s\\n' \\"\\$GIT_PUSH_OPTION_$i\\"" >> "$GREENLOOP_PUSH"
    i=$((i + 1))
  done
fi
while read -r before after ref; do
  case "$GREENLOOP_REFUSED" in *" $ref "*)
    echo "GitLab: You are not allowed to push code to protected branches on this project." >&2
    exit 1 ;;
  esac
  case "$ref" in refs/heads/*|refs/tags/*) ;; *)
    echo "GitLab: You cannot create or update $ref." >&2
    exit 1 ;;
  esac
done
exit 0
`
const gitConfig = `[user]
	name = Administrator
	email = root@example.com
[safe]
	directory = *
[init]
	defaultBranch = main
[gc]
	auto = 0
[receive]
	autogc = false
	advertisePushOptions = true
[http]
	receivepack = true
[uploadpack]
	allowAnySHA1InWant = true
[protocol]
	version = 2
`

/** Prepares git's configuration and hooks below `folder`. */
export async function openDevGit(
  folder: string,
  base: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<DevGit> {
  const hooks = join(folder, 'hooks')
  const config = join(folder, 'gitconfig')
  await mkdir(hooks, { recursive: true })
  await writeFile(join(hooks, 'pre-receive'), preReceive)
  await chmod(join(hooks, 'pre-receive'), 0o755)
  await writeFile(config, gitConfig)
  const env = {
    ...base,
    HOME: folder,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: config,
    GIT_TERMINAL_PROMPT: '0',
    GIT_CEILING_DIRECTORIES: folder,
    // Stronger than the repository's own configuration, which may name hooks of its user.
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'core.hooksPath',
    GIT_CONFIG_VALUE_0: hooks,
  }
  const start = (directory: string, args: readonly string[], stdin?: string) =>
    runProcess(
      { argv: ['git', ...args], cwd: directory, env },
      { stdin, outputCapBytes: maxOutputBytes, signal, timeoutMs },
    )
  const run: DevGit['run'] = async (directory, args, stdin) => {
    const end = await start(directory, args, stdin)
    if (end.endedBy === 'abort') throw signal.reason as Error
    if (end.exitCode === 0) return end.stdout.text
    const words = capTail(end.stderr.text.trim(), 1000)
    throw new GreenloopError('git_failed', `git ${args[0] ?? ''} failed: ${words}`, { cause: end.spawnError })
  }
  const ask: DevGit['ask'] = async (directory, args) => {
    const end = await start(directory, args)
    if (end.endedBy === 'abort') throw signal.reason as Error
    return end.exitCode === 0 ? end.stdout.text : undefined
  }
  const refs: DevGit['refs'] = async (directory) => {
    const list = await run(directory, ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads'])
    const rows = list.split('\n').filter((line) => line !== '')
    return new Map(rows.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]))
  }
  return { env, run, ask, refs }
}

/** Removes a folder that jobs may have left read-only parts in. */
export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 })
}
