import { GreenloopError } from '../domain/errors.ts'
import type { RepairSetup } from '../config/repair-setup.ts'
import type { Forge, ForgeProject } from '../domain/forge.ts'
import type { Check } from './doctor.ts'
import { withDotEnv } from './dot-env.ts'
import { readRepair } from './repair.ts'
import type { RepairInput } from './repair.ts'
import { findSandbox } from './repair-box.ts'
import { openRepairModel } from './repair-model.ts'
import { openForge, repositoryOf } from './repair-world.ts'
import type { Surroundings } from './surroundings.ts'

/** Role that may push branches, open merge requests and start pipelines. */
const developer = 30
const roles: Readonly<Record<number, string>> = {
  10: 'guest',
  15: 'planner',
  20: 'reporter',
  30: 'developer',
  40: 'maintainer',
  50: 'owner',
}

/** Tries every connection and permission that a configuration names; each failure with its mend. Changes nothing. */
export async function checkRepair(
  input: RepairInput & { readonly model: boolean },
  around: Surroundings,
): Promise<readonly Check[]> {
  const where = await withDotEnv(around)
  const setup = await readRepair(input, where)
  const checks: Check[] = [{ name: 'configuration', status: 'ok', detail: setup.file }]
  const forge = await openForge(setup, () => {}, where)
  try {
    checks.push(...(await forgeChecks(setup, { ...forge.it, where })))
  } finally {
    await forge.close()
  }
  if (input.model) checks.push(await modelCheck(setup, where))
  checks.push(await sandboxCheck(setup))
  return checks
}

interface Host {
  readonly forge: Forge
  readonly token: string
  readonly where: Surroundings
}

async function forgeChecks(setup: RepairSetup, host: Host): Promise<Check[]> {
  const identity = await attempt('token', () => tokenCheck(host))
  if (identity.status === 'fail') return [identity]
  if (setup.project === undefined)
    return [identity, { name: 'project', status: 'warn', detail: 'none is named', fix: 'set `project.path`' }]
  const found: { project?: ForgeProject } = {}
  const project = await attempt('project', async () => {
    const there = await host.forge.findProject(setup.project ?? '', host.where.signal)
    if (there === undefined) {
      const similar = await host.forge.searchProjects(setup.project?.split('/').at(-1) ?? '', host.where.signal)
      const near = similar.slice(0, 3).map(({ path }) => path)
      return failed(
        'project',
        `there is no \`${setup.project}\`, or the token may not see it`,
        near.length === 0
          ? 'check the path, and that the token belongs to a member'
          : `did you mean ${near.join(', ')}?`,
      )
    }
    found.project = there
    return projectCheck(there)
  })
  if (found.project === undefined) return [identity, project]
  const there = found.project
  return [
    identity,
    project,
    await attempt('branch', () => branchCheck(setup, there, host)),
    await attempt('git', () => gitCheck(setup, there, host)),
    await attempt('pipeline', () => lintCheck(setup, there, host)),
  ]
}

async function attempt(name: string, check: () => Promise<Check>): Promise<Check> {
  try {
    return await check()
  } catch (error) {
    if (!(error instanceof GreenloopError)) throw error
    return { name, status: 'fail', detail: error.message, fix: error.help }
  }
}

function failed(name: string, detail: string, fix: string): Check {
  return { name, status: 'fail', detail, fix }
}

async function tokenCheck({ forge, where }: Host): Promise<Check> {
  const { username, scopes, expiresOn } = await forge.identify(where.signal)
  const told = [
    `${forge.name} knows the token as ${username}`,
    ...(scopes === undefined ? [] : [`scopes ${scopes.join(', ')}`]),
    ...(expiresOn === undefined ? [] : [`valid until ${expiresOn}`]),
  ]
  if (scopes !== undefined && !scopes.includes('api')) {
    return failed('token', told.join(', '), 'the token needs the scope `api`')
  }
  return { name: 'token', status: 'ok', detail: told.join(', ') }
}

async function projectCheck(project: ForgeProject): Promise<Check> {
  const { path, id, accessLevel, isArchived, isEmpty } = project
  if (isArchived) return failed('project', `${path} is archived`, 'nothing can be pushed to it; unarchive it')
  if (isEmpty) return failed('project', `${path} has no commit`, 'push a first commit')
  const role = accessLevel === undefined ? 'role unknown' : `role ${roles[accessLevel] ?? accessLevel}`
  const detail = `${path} (number ${id}), ${role}`
  if (accessLevel !== undefined && accessLevel < developer)
    return failed('project', detail, 'the role Developer or higher is needed')
  return { name: 'project', status: accessLevel === undefined ? 'warn' : 'ok', detail }
}

async function branchCheck(setup: RepairSetup, project: ForgeProject, { forge, where }: Host): Promise<Check> {
  const name = setup.ref ?? project.defaultBranch ?? 'main'
  const branch = await forge.findBranch(project.id, name, where.signal)
  if (branch === undefined) return failed('branch', `there is no branch \`${name}\``, 'set `project.ref`')
  return {
    name: 'branch',
    status: 'ok',
    detail: `${name} at ${branch.sha.slice(0, 8)}; pushes go to greenloop/* alone`,
  }
}

async function gitCheck(setup: RepairSetup, project: ForgeProject, { token, where }: Host): Promise<Check> {
  const repository = await repositoryOf(setup, { token, log: () => {}, where })(project)
  const head = await repository.remoteHead(setup.ref ?? project.defaultBranch ?? 'main', where.signal)
  if (head === undefined) return failed('git', `${project.cloneUrl} has no such branch`, 'set `project.ref`')
  return {
    name: 'git',
    status: 'ok',
    detail: `${project.cloneUrl} can be read; whether it can be written shows with the first push`,
  }
}

async function lintCheck(setup: RepairSetup, project: ForgeProject, { forge, where }: Host): Promise<Check> {
  const { isValid, errors } = await forge.lint(project.id, setup.ref ?? project.defaultBranch ?? 'main', where.signal)
  if (!isValid)
    return failed('pipeline', errors.join('; ') || 'its description is not valid', `mend ${project.ciConfigPath}`)
  return { name: 'pipeline', status: 'ok', detail: `${project.ciConfigPath} is valid` }
}

async function modelCheck(setup: RepairSetup, where: Surroundings): Promise<Check> {
  return attempt('model', async () => {
    const provider = await openRepairModel({ ...setup, retry: { ...setup.retry, maxAttempts: 1 } }, () => {}, where)
    const prompt = { system: 'You answer with one word.', user: 'Answer with the word: ready' }
    const answer = await provider.complete(prompt, { signal: where.signal })
    const detail = `${provider.name} answered in ${(answer.durationMs / 1000).toFixed(1)} s`
    return { name: 'model', status: answer.text.trim() === '' ? 'warn' : 'ok', detail }
  })
}

async function sandboxCheck({ policy, local, forge }: RepairSetup): Promise<Check> {
  const mode = forge === 'local' ? local.sandbox : policy.validation.sandbox
  return attempt('sandbox', async () => {
    const found = await findSandbox(mode)
    if ('missing' in found)
      return {
        name: 'sandbox',
        status: 'warn',
        detail: found.missing,
        fix: 'nothing is proved on this machine; pipelines decide',
      }
    return { name: 'sandbox', status: 'ok', detail: `tier ${found.sandbox.tier}` }
  })
}
