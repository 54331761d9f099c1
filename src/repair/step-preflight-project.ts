import { endWith } from './repair-state.ts'
import type { ForgeProject } from '../domain/forge.ts'
import type { MissingChoice } from './world.ts'
import type { RepairContext } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'

/** How often a person is asked at most. */
const mostQuestions = 10

/** Similar projects that are told. */
const mostSimilar = 10

type Found = { readonly project: ForgeProject } | { readonly end: RepairState }

/** The project, made or chosen where it is missing and somebody wants that. */
export async function findOrMake(state: RepairState, context: RepairContext): Promise<Found> {
  const { forge, policy, ask } = context.world
  let path = state.projectPath
  let words = lastPart(path)
  for (let question = 0; question <= mostQuestions; question++) {
    const project = await forge.findProject(path, context.signal)
    if (project !== undefined) return { project }
    if (policy.setup.create) return { project: await make(path, context) }
    const similar = await similarTo(words, context)
    const choice: MissingChoice = (await ask?.({ path, similar }, context.signal)) ?? { kind: 'stop' }
    switch (choice.kind) {
      case 'create':
        return { project: await make(path, context) }
      case 'stop':
        return { end: missing(state, path, similar) }
      case 'use':
        path = choice.path
        words = lastPart(path)
        break
      case 'search':
        words = choice.text
    }
  }
  return { end: missing(state, path, []) }
}

/** Projects whose path holds the words; where there is none, those that begin alike, for a name is often misspelt near its end. */
async function similarTo(words: string, { world, signal }: RepairContext): Promise<readonly ForgeProject[]> {
  const found = await world.forge.searchProjects(words, signal)
  const begin = words.slice(0, Math.ceil(words.length / 2))
  const others = found.length > 0 || begin.length < 2 ? [] : await world.forge.searchProjects(begin, signal)
  return [...found, ...others].slice(0, mostSimilar)
}

async function make(path: string, { world, signal }: RepairContext): Promise<ForgeProject> {
  const { forge, policy } = world
  const made = await forge.createProject({ path, visibility: policy.setup.visibility }, signal)
  if (policy.setup.protect && made.defaultBranch !== undefined) {
    await forge.protectBranch(made.id, made.defaultBranch, signal)
  }
  return (await forge.findProject(String(made.id), signal)) ?? made
}

function missing(state: RepairState, path: string, similar: readonly ForgeProject[]): RepairState {
  const others = similar.map((project) => project.path).join(', ')
  return endWith(state, {
    end: 'project_not_found',
    reason: `there is no project ${path}, or the token may not see it: the host answers both alike`,
    advice: others === '' ? 'Check the full path with its groups, and who the token belongs to.' : `Similar: ${others}`,
  })
}

const lastPart = (path: string): string => path.split('/').at(-1) ?? path
