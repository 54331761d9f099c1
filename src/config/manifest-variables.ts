import { GreenloopError } from '../domain/errors.ts'
import type { RunManifest } from '../domain/manifest.ts'
import type { Environment, ModelConfig, ServerConfig, Workflow } from '../domain/workflow.ts'
import { isObject } from './aliases.ts'
import { expand, isSecretKey, workflowTexts, type Variables } from './expansion.ts'
import { loadEnvironment } from './plan-environment.ts'

/** A manifest that can be run, and what must not be shown of it. */
export interface ResolvedManifest {
  readonly manifest: RunManifest
  readonly secrets: readonly string[]
}

/** Secrets shorter than this are not told apart from other text. */
const shortestSecret = 4

/**
 * Fills in the variables of a manifest: of its server, models and workflow, and of the keys, versions and model of its variant.
 * Cases, checks, prompts and descriptions belong to the user, so `${NAME}` in them is text. Keys that the manifest leaves
 * out are read from its `envFile`. Throws `variable_missing` with every variable that is not set, or what reading the
 * environment file throws. `cwd` is the folder of the manifest, for one without `baseFolder`.
 */
export async function resolveManifest(
  manifest: RunManifest,
  { env, cwd }: { readonly env: Variables; readonly cwd: string },
): Promise<ResolvedManifest> {
  const { envFile, baseFolder } = manifest
  const file = envFile === undefined ? undefined : expand(envFile, env).value
  const environment = file === undefined ? undefined : await loadEnvironment(file, baseFolder ?? cwd)
  const { server, models, workflow, variant } = environment === undefined ? manifest : withKeys(manifest, environment)
  const { keys, versions, model } = variant
  const filled = expand({ server, models, workflow: settingsOf(workflow), keys, versions, model }, env)
  if (filled.missing.length > 0) throw missingError(manifest, filled.missing)
  const { value } = filled
  const secrets = new Set([...filled.secrets, ...secretsIn(value)])
  return {
    manifest: {
      ...manifest,
      ...(value.server === undefined ? {} : { server: value.server }),
      models: value.models,
      workflow: { ...workflow, ...value.workflow } as Workflow,
      variant: {
        ...variant,
        keys: value.keys,
        versions: value.versions,
        ...(value.model === undefined ? {} : { model: value.model }),
      },
    },
    secrets: [...secrets].filter((secret) => secret.length >= shortestSecret),
  }
}

function settingsOf(workflow: Workflow): Partial<Workflow> {
  return Object.fromEntries(Object.entries(workflow).filter(([key]) => !workflowTexts.has(key)))
}

function missingError({ id }: RunManifest, names: readonly string[]): GreenloopError {
  const problems = names.map((name) => ({
    message: `the variable \`${name}\` is not set`,
    help: `set ${name} in the environment or in \`.env\``,
  }))
  const [first] = problems
  if (first !== undefined && problems.length === 1) {
    return new GreenloopError('variable_missing', `${first.message}; the manifest \`${id}\` needs it`, {
      help: first.help,
      problems,
    })
  }
  const list = names.map((name) => `\`${name}\``).join(', ')
  return new GreenloopError('variable_missing', `the manifest \`${id}\` needs variables that are not set: ${list}`, {
    problems,
  })
}

/** What the manifest leaves out of its server and models, from the environment that they came from. */
function withKeys(manifest: RunManifest, environment: Environment): RunManifest {
  const known = environment.servers[manifest.workflow.server]
  const models = Object.entries(manifest.models).map(([name, model]): [string, ModelConfig] => {
    const origin = environment.models[name]
    return [name, origin === undefined ? model : { ...keyed(model, origin) }]
  })
  return {
    ...manifest,
    models: Object.fromEntries(models),
    ...(manifest.server === undefined || known === undefined ? {} : { server: keyedServer(manifest.server, known) }),
  }
}

function keyedServer(server: ServerConfig, origin: ServerConfig): ServerConfig {
  const { password = origin.publish.password, token = origin.publish.token } = server.publish
  const publish = {
    ...server.publish,
    ...(password === undefined ? {} : { password }),
    ...(token === undefined ? {} : { token }),
  }
  return { ...keyed(server, origin), publish }
}

interface WithKeys {
  readonly apiKey?: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

function keyed<T extends WithKeys>(value: T, origin: WithKeys): T {
  const apiKey = value.apiKey ?? origin.apiKey
  return { ...value, ...(apiKey === undefined ? {} : { apiKey }), headers: { ...origin.headers, ...value.headers } }
}

/** Texts of keys, passwords and secret headers, however they came in. */
function secretsIn(value: unknown, within = ''): string[] {
  if (!isObject(value)) return Array.isArray(value) ? value.flatMap((item: unknown) => secretsIn(item, within)) : []
  return Object.entries(value).flatMap(([key, member]) => {
    if (typeof member !== 'string') return secretsIn(member, key)
    return isSecretKey(key) || within === 'keys' ? [member] : []
  })
}
