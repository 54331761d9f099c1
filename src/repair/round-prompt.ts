import { chooseFiles } from './source-files.ts'
import { isProtected } from './guards.ts'
import { collect } from './round-collect.ts'
import { filesOf, repositoryOf } from './repair-context.ts'
import type { PromptFile } from './source-files.ts'
import type { Collected, RepairContext } from './repair-context.ts'
import { known, lastRound } from './repair-state.ts'
import type { RepairState } from '../domain/repair.ts'
import type { RoundPrompt } from './prompt.ts'

/** Room for files in a prompt, in characters: whole files are asked for with more around them. */
const fileRoom = { blocks: 36_000, whole_file: 48_000 }

/** Largest file that is read for a prompt, in bytes. */
const maxFileBytes = 1024 * 1024

/** Largest diff of the branch that is shown, in bytes. */
const maxDiffBytes = 16_000

/** What the model is told in the open round. */
export async function promptOf(state: RepairState, context: RepairContext): Promise<RoundPrompt> {
  const { world, signal } = context
  const round = lastRound(state)
  const collected = await collect(state, context)
  const { diagnosis, passing } = collected
  const repository = await repositoryOf(state, context)
  const changes = await repository.diff(known(state.baseSha), known(state.pushedSha), maxDiffBytes, signal)
  return {
    project: state.projectPath,
    strategy: round.strategy,
    failing: diagnosis.failing,
    passing,
    testsText: diagnosis.testsText,
    log: diagnosis.log,
    files: await files(state, collected, context),
    changes: world.redactor.text(changes),
    history: state.rounds.slice(0, -1),
    localOutput: state.localOutput,
    complaint: state.complaint,
    rules: world.policy.guards,
    template: world.policy.template,
    boundary: boundaryOf(world.random),
  }
}

async function files(
  state: RepairState,
  { diagnosis }: Collected,
  context: RepairContext,
): Promise<readonly PromptFile[]> {
  const { world, signal } = context
  const repository = await repositoryOf(state, context)
  const sha = known(state.pushedSha)
  const tracked = (await filesOf(state, context)).filter(({ mode }) => mode.startsWith('100')).map(({ path }) => path)
  return chooseFiles({
    mentions: diagnosis.mentions,
    changed: await changedPaths(state, context),
    tracked,
    maxChars: fileRoom[lastRound(state).strategy],
    isOpened: (path) => isProtected(path, world.policy.guards, []) === undefined,
    read: async (path) => {
      const bytes = await repository.read(sha, path, maxFileBytes, signal)
      return bytes === undefined || bytes.includes(0)
        ? undefined
        : world.redactor.source(new TextDecoder().decode(bytes))
    },
  })
}

/** What the branch changes, and the merge request whose source branch is repaired. */
async function changedPaths(state: RepairState, context: RepairContext): Promise<readonly string[]> {
  const { world, target, signal } = context
  const repository = await repositoryOf(state, context)
  const ours = await repository.changedPaths(known(state.baseSha), known(state.pushedSha), signal)
  if (target.mergeRequest === undefined) return ours
  const at = { projectId: known(state.projectId), iid: target.mergeRequest }
  return [...new Set([...ours, ...(await world.forge.changedPaths(at, signal))])]
}

/** Sixteen random hexadecimal digits. */
function boundaryOf(random: () => number): string {
  return Array.from({ length: 16 }, () => Math.floor(random() * 16).toString(16)).join('')
}
