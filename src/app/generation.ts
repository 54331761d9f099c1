import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { loadSuiteFile } from '../config/suite-file.ts'
import type { LoadedSettings } from '../config/settings.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Generation } from '../domain/generation.ts'
import type { Plan } from '../domain/plan.ts'
import { priorities } from '../domain/suite.ts'
import type { Priority, Suite } from '../domain/suite.ts'
import { planSuite } from '../generate/plan.ts'
import { renderPrompt } from '../generate/prompt.ts'
import type { RenderedPrompt } from '../generate/prompt.ts'
import { createRunId } from '../lib/ids.ts'
import { now } from '../lib/clock.ts'
import { generationFiles } from '../report/generation-files.ts'
import type { EarlierPart } from './earlier.ts'
import { generatedRecord, readGenerated } from './generated-record.ts'
import type { Recording } from './recording.ts'
import type { Resumption } from './resumption.ts'
import { refuseOutside } from './confinement.ts'
import { checkedRunId } from './run-folder.ts'
import { readSettings, redactorOf } from './settings.ts'
import { warningText } from './warning-text.ts'
import type { Surroundings } from './surroundings.ts'

/** What a script is made from. */
export interface GenerationInput {
  /** Path of a suite file, relative to the working folder. */
  readonly suite: string
  /** Folder that the suite's `root` counts from; that of the suite file unless given. */
  readonly base?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly priorities?: readonly string[] | undefined
  /** Values for the prompt template. */
  readonly context?: Readonly<Record<string, unknown>> | undefined
  readonly runId?: string | undefined
  /** Looks for no file of the system under test, as for somebody who may not know what lies there. */
  readonly isBlind?: boolean | undefined
}

/** Everything decided before a model is asked. */
export interface Prepared {
  readonly loaded: LoadedSettings
  readonly plan: Plan
  readonly prompt: RenderedPrompt
  /** Folder of the system under test, absolute. */
  readonly root: string
  readonly runId: string
  /** Folder of the run, absolute. */
  readonly runDir: string
  /** What the suite says of its execution, by keys of a request; every other source goes before it. */
  readonly suiteDefaults: Readonly<Record<string, unknown>>
  readonly warnings: readonly string[]
}

/** Reads settings and suite, plans, and renders the prompt; calls no model and writes nothing. */
export async function prepare(input: GenerationInput, where: Surroundings, resumed?: Resumption): Promise<Prepared> {
  const suitePath = resolve(where.cwd, input.suite)
  const [loaded, file] = await Promise.all([readSettings(where), loadSuiteFile(suitePath)])
  const { settings } = loaded
  const root = resolve(input.base ?? dirname(suitePath), file.suite.target.root)
  await refuseOutside(where.confined, root, 'target.root')
  const runId = resumed?.run.id ?? checkedRunId(input.runId) ?? createRunId(new Date(now()))
  const runDir = resumed?.run.folder ?? join(settings.artifacts, runId)
  const planned = planSuite(file.suite, {
    framework: settings.generation.framework,
    maxTestsPerEndpoint: settings.generation.maxTestsPerEndpoint,
    tags: input.tags,
    priorities: checkedPriorities(input.priorities),
    exists: (path) => input.isBlind !== true && existsSync(join(root, path)),
  })
  const plan = nameScript(planned, file.suite, runId)
  if (plan.cases.length === 0 && plan.endpoints.length === 0) {
    throw new GreenloopError('nothing_collected', 'no case of the suite is left to write tests for', {
      why: plan.warnings.join('; '),
      help: 'loosen --tag and --priority',
    })
  }
  // The name of a script without one of its own holds the run; a prompt with it could never be replayed.
  const prompt = await renderPrompt(nameScript(planned, file.suite, 'tests'), {
    boundary: boundaryOf(plan),
    templatePath: settings.generation.template,
    context: input.context,
  })
  const warnings = [...file.warnings.map(warningText), ...plan.warnings]
  return { loaded, plan, prompt, root, runId, runDir, suiteDefaults: defaultsOf(file.suite), warnings }
}

function defaultsOf({ defaults }: Suite): Record<string, unknown> {
  return {
    ...(defaults.retries === undefined ? {} : { retries: defaults.retries }),
    ...(defaults.timeoutMs === undefined ? {} : { testTimeoutSeconds: defaults.timeoutMs / 1000 }),
  }
}

/** A script without a name of its own is called after its run, so that no run's script is taken for another's. */
function nameScript(plan: Plan, suite: Suite, runId: string): Plan {
  if (suite.script !== undefined) return plan
  const ending = plan.framework === 'pytest' ? '.py' : plan.framework === 'vitest' ? '.test.ts' : '.test.mjs'
  return { ...plan, scriptName: `generated_${runId}${ending}` }
}

/** The text cannot hold its own digest, so nothing in it can close the fence; and the same plan gives the same prompt. */
function boundaryOf(plan: Plan): string {
  const text = JSON.stringify({ ...plan, scriptName: '' })
  return `data-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
}

function checkedPriorities(wanted: readonly string[] | undefined): Priority[] | undefined {
  return wanted?.map((word) => {
    const found = priorities.find((priority, index) => [priority, `p${index}`].includes(word.toLowerCase()))
    if (found !== undefined) return found
    throw new GreenloopError('usage_invalid', `there is no priority \`${word}\``, {
      help: `one of: ${priorities.join(', ')}`,
    })
  })
}

/** A generation with the files that tell how it came to be, by name. */
export interface Generated {
  readonly generation: Generation
  readonly runDir: string
  readonly files: Readonly<Record<string, string>>
}

/**
 * Asks the model and writes prompt, answer and script into the folder of the run, whatever became of them. A script that
 * an earlier part of the run has left whole is taken instead, so that no model is paid twice.
 */
export async function generate(
  prepared: Prepared,
  { recording, earlier }: { readonly recording: Recording; readonly earlier?: EarlierPart | undefined },
  where: Surroundings,
): Promise<Generated> {
  const { runDir } = prepared
  const left = await readGenerated(earlier?.last.get('generated'), runDir)
  if (left !== undefined) {
    where.onStep?.(`the script is there already, from ${left.provider}`)
    return { generation: { ...left, prompt: prepared.prompt }, runDir, files: filesOf(left, runDir) }
  }
  await recording.ready
  const generated = await askModel(prepared, where)
  const record = generatedRecord(generated.generation)
  if (record !== undefined) recording.event('generated', record)
  return generated
}

/** The script lies where the earlier part of the run has put it. */
function filesOf({ script }: Pick<Generation, 'script'>, runDir: string): Record<string, string> {
  return script === undefined ? {} : { [script.name]: join(runDir, script.name) }
}

async function askModel(prepared: Prepared, where: Surroundings): Promise<Generated> {
  // Whoever only prepares or hands in a generation asks no model.
  const { generateScript } = await import('../generate/generate.ts')
  const { writeTexts } = await import('../report/write.ts')
  const { openModel } = await import('./model.ts')
  const { loaded, plan, prompt, runDir } = prepared
  const demanded = loaded.origins['llm.mode'].kind !== 'default'
  const keyNamed = loaded.origins['llm.apiKeyEnv'].kind !== 'default'
  const { provider, calls } = await openModel(plan, { settings: loaded.settings, demanded, keyNamed }, where)
  const offline = provider.name === 'offline'
  where.onStep?.(
    offline
      ? 'writing tests offline, without a model'
      : `asking ${provider.name}, about ${prompt.estimatedTokens} tokens`,
  )
  const redactor = redactorOf(loaded)
  const keep = (texts: Readonly<Record<string, string>>): Promise<Record<string, string>> =>
    writeTexts(texts, { runDir, redactor })
  const { signal, onText } = where
  const generation = await generateScript(plan, { prompt, provider, calls, signal, onText }).catch(
    async (error: unknown) => {
      await keep(generationFiles({ prompt, calls }))
      throw error
    },
  )
  return { generation, runDir, files: await keep(generationFiles(generation)) }
}
