import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { testEnvironment } from '../config/test-environment.ts'
import type { RepairSetup } from '../config/repair-setup.ts'
import { GreenloopError } from '../domain/errors.ts'
import { createCiRunner } from '../forges/ci-runner.ts'
import { sweepScratch } from '../forges/ci-scratch.ts'
import { startDevGitLab } from '../forges/dev-gitlab.ts'
import type { DevGitLab } from '../forges/dev-gitlab.ts'
import { systemClock } from '../lib/clock.ts'
import { exists } from '../lib/files.ts'
import { sha256 } from '../lib/hash.ts'
import { random } from '../lib/random.ts'
import { boxPolicy, findSandbox } from './repair-box.ts'
import type { Surroundings } from './surroundings.ts'

/** Where jobs run on this machine, and what they may do. */
export interface LocalJobs {
  readonly sandbox: 'required' | 'best_effort' | 'off'
  readonly network: boolean
}

/** Most seconds of processor time that one job may use. */
const cpuSeconds = 24 * 3600

/** Runs jobs of pipelines on this machine, in a sandbox where there is one; what is missing is told. */
export async function openCiRunner({ sandbox: mode, network }: LocalJobs, where: Surroundings) {
  await sweepScratch()
  const env = testEnvironment(where.env)
  const found = await findSandbox(mode)
  if ('missing' in found) where.onStep?.(`jobs run without protection: ${found.missing}`)
  const sandbox = 'missing' in found ? undefined : found.sandbox
  return createCiRunner({
    env,
    clock: systemClock,
    ...(sandbox === undefined
      ? {}
      : { sandbox: { sandbox, policy: (folder: string) => boxPolicy(folder, { env, network, cpuSeconds }) } }),
  })
}

/** A code host on this machine for one repository. */
export interface LocalForge {
  readonly server: DevGitLab
  readonly token: string
}

/**
 * Serves a plain git repository as a project with pipelines, to this process alone. What happened to it (merge requests, pipelines) lies under
 * `.greenloop/local` and is there again next time. Throws `repair_invalid` where there is no repository.
 */
export async function openLocalForge(setup: RepairSetup, where: Surroundings): Promise<LocalForge> {
  const repository = setup.repository ?? where.cwd
  if (!(await exists(join(repository, '.git'))) && !(await exists(join(repository, 'HEAD')))) {
    throw new GreenloopError('repair_invalid', `${repository} is not a git repository`, {
      help: 'name its folder with `project.repository` or --repository',
    })
  }
  const token = `local-${randomBytes(24).toString('hex')}`
  const folder = resolve(where.cwd, '.greenloop', 'local', sha256(repository).slice(0, 16))
  const runner = await openCiRunner(setup.local, where)
  const server = await startDevGitLab({ folder, token, runner, clock: systemClock, random })
  try {
    await server.addProject({ path: setup.project ?? 'local/project', repository, inPlace: true })
    return { server, token }
  } catch (error) {
    await server.close()
    throw error
  }
}
