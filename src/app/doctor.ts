import { access, constants, statfs } from 'node:fs/promises'
import { testEnvironment } from '../config/test-environment.ts'
import type { LoadedSettings } from '../config/settings.ts'
import { GreenloopError } from '../domain/errors.ts'
import { frameworks } from '../domain/suite.ts'
import type { Framework } from '../domain/suite.ts'
import { makeFolders } from '../lib/files.ts'
import { completionUrl, openAiCompatible } from '../llm/http.ts'
import { describeTier, openSandbox } from '../runners/sandbox.ts'
import { runners } from '../runners/runner-table.ts'
import { readSettings } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

/** One thing that was tried. */
export interface Check {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  readonly fix?: string | undefined
}

/**
 * Tries everything a run needs; the order is that of the list that is shown. Asking the model costs a token: with what is
 * known of it already, it is not asked.
 */
export async function diagnose(where: Surroundings, knownModel?: Check): Promise<readonly Check[]> {
  const loaded = await readSettings(where)
  const found = await Promise.all(frameworks.map((framework) => frameworkCheck(framework, where)))
  const usable = found.some(({ status }) => status === 'ok')
  return [
    nodeCheck(),
    ...found,
    ...(usable ? [] : [noFramework]),
    await sandboxCheck(loaded),
    await diskCheck(loaded.settings.artifacts),
    knownModel ?? (await modelCheck(loaded, where)),
  ]
}

const noFramework: Check = {
  name: 'framework',
  status: 'fail',
  detail: 'no test framework can be used',
  fix: 'python3 -m pip install pytest',
}

function nodeCheck(): Check {
  return { name: 'runtime', status: 'ok', detail: `Node ${process.versions.node}` }
}

async function frameworkCheck(framework: Framework, { cwd, env, signal }: Surroundings): Promise<Check> {
  try {
    const info = await runners[framework]().probe({ cwd, env: testEnvironment(env) }, signal)
    const plugins = Object.entries(info.plugins).map(([name, version]) => `${name} ${version}`)
    const detail = [`${info.version} on ${info.interpreter} (${info.executable})`, ...plugins].join(', ')
    return { name: framework, status: 'ok', detail }
  } catch (error) {
    if (!(error instanceof GreenloopError)) throw error
    return { name: framework, status: 'warn', detail: error.message, fix: error.help }
  }
}

async function sandboxCheck({ settings }: LoadedSettings): Promise<Check> {
  if (settings.execution.sandbox === 'off') {
    return { name: 'sandbox', status: 'warn', detail: 'switched off by the settings', fix: '--sandbox auto' }
  }
  const { sandbox, probes } = await openSandbox('auto')
  const failed = probes.filter(({ works }) => !works)
  const whys = failed.map(({ tier, detail }) => `${tier} not to be had: ${detail}`)
  const good = sandbox.tier === 'standard' || sandbox.tier === 'userns'
  const detail = [`tier ${sandbox.tier}: ${describeTier(sandbox.tier)}`, ...sandbox.gaps, ...whys].join(' ')
  return { name: 'sandbox', status: good ? 'ok' : 'warn', detail, fix: good ? undefined : failed[0]?.help }
}

const roomBytes = 512 * 1024 * 1024

async function diskCheck(folder: string): Promise<Check> {
  try {
    await makeFolders(folder)
    await access(folder, constants.W_OK)
    const { bavail, bsize } = await statfs(folder)
    const free = bavail * bsize
    const detail = `${folder} is writable, ${(free / 2 ** 30).toFixed(1)} GiB free`
    const fix = free < roomBytes ? 'make room, or choose another folder with --artifacts' : undefined
    return { name: 'artifacts', status: fix === undefined ? 'ok' : 'warn', detail, fix }
  } catch (error) {
    const detail = `${folder} cannot be written: ${(error as Error).message}`
    return { name: 'artifacts', status: 'fail', detail, fix: 'choose another folder with --artifacts' }
  }
}

/** Asks the model of the settings for one token, which shows address, key and model name at once. */
export async function modelCheck(
  { settings }: LoadedSettings,
  { signal }: Pick<Surroundings, 'signal'>,
): Promise<Check> {
  const { mode, baseUrl, model, headers, apiKey, maxAnswerBytes } = settings.llm
  if (mode !== 'http') return { name: 'model', status: 'ok', detail: `mode ${mode}: no server is asked` }
  const endpoint = completionUrl(baseUrl).href
  const timeouts = { connectMs: 5000, firstByteMs: 20_000, idleMs: 20_000, totalMs: 30_000 }
  const sampling = { model, temperature: 0, maxTokens: 1, stream: false }
  const provider = openAiCompatible({ endpoint, headers, apiKey, timeouts, maxAnswerBytes, ...sampling })
  try {
    const answer = await provider.complete({ system: '', user: 'ping' }, { signal })
    return { name: 'model', status: 'ok', detail: `${answer.model} answers at ${endpoint} in ${answer.durationMs} ms` }
  } catch (error) {
    if (!(error instanceof GreenloopError)) throw error
    return {
      name: 'model',
      status: 'fail',
      detail: error.message,
      fix: error.help ?? `greenloop explain ${error.code}`,
    }
  }
}
