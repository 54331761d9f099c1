import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Place, Problem } from '../domain/errors.ts'
import { promptPlaceholders } from '../domain/repair-config.ts'
import type { RepairFile, RepairPolicy } from '../domain/repair-config.ts'
import { fillText } from '../lib/fill.ts'
import { nearest } from '../lib/nearest.ts'

/** All that a repair is made from: checked, absolute, with its secrets. */
export interface RepairSetup {
  /** The configuration itself, absolute. */
  readonly file: string
  readonly forge: 'gitlab' | 'local'
  readonly project?: string | undefined
  readonly ref?: string | undefined
  readonly mergeRequest?: number | undefined
  readonly gitWorkDir: string
  /** Folder of the repository, for the local forge. */
  readonly repository?: string | undefined
  readonly gitlab?: { readonly url: string; readonly token: string; readonly ca?: string | undefined } | undefined
  readonly model: {
    readonly url?: string | undefined
    readonly name: string
    readonly key?: string | undefined
    readonly command?: string | undefined
  }
  readonly grpc: { readonly port: number; readonly token?: string | undefined }
  readonly webhook?: { readonly port: number; readonly secret?: string | undefined } | undefined
  readonly retry: { readonly intervalMs: number; readonly maxAttempts: number }
  readonly policy: RepairPolicy
  /** How the local forge runs jobs. */
  readonly local: RepairFile['local']
  readonly secrets: readonly string[]
}

/** Where the file lies and how a place in it is shown. */
interface SetupOrigin {
  readonly file: string
  readonly folder: string
  readonly place: (...pointer: string[]) => Place
}

/** Bytes of a secret, a certificate, a template. */
const mostBytes = 1024 * 1024

/** Makes the setup from a checked file; gives every problem beyond the schema instead. */
export async function readSetup(
  file: RepairFile,
  origin: SetupOrigin,
): Promise<{ readonly setup?: RepairSetup; readonly problems: readonly Problem[] }> {
  const reader = createReader(origin)
  const { services, authentication, project } = file
  // A local forge asks no GitLab, whatever the file says of one.
  const isLocal = project.forge === 'local'
  const token = isLocal ? undefined : await reader.secret(authentication, 'gitlab_private_token')
  const key = await reader.secret(authentication, 'llm_api_key')
  const grpcToken = await reader.secret(authentication, 'grpc_token')
  const ca = isLocal ? undefined : await reader.text(services.gitlab_ca_file, ['services', 'gitlab_ca_file'])
  const policy = await readPolicy(file, { reader, folder: origin.folder })
  checkProject(file, { reader, token })
  checkModel(file, reader)
  if (reader.problems.length > 0) return { problems: reader.problems }
  const { webhook_secret: webhookSecret } = authentication
  const setup: RepairSetup = {
    file: origin.file,
    forge: project.forge,
    project: project.path ?? (project.forge === 'local' ? 'local/project' : undefined),
    ref: project.ref,
    mergeRequest: project.merge_request,
    gitWorkDir: resolve(origin.folder, file.paths.git_work_dir),
    repository: project.repository === undefined ? undefined : resolve(origin.folder, project.repository),
    gitlab:
      services.gitlab_url === undefined || token === undefined ? undefined : { url: services.gitlab_url, token, ca },
    model: { url: services.llm_url, name: services.llm_model, key, command: services.llm_command },
    grpc: { port: services.grpc_port, token: grpcToken },
    webhook: services.webhook_port === undefined ? undefined : { port: services.webhook_port, secret: webhookSecret },
    retry: {
      intervalMs: file.retry_config.retry_interval_time * 1000,
      maxAttempts: file.retry_config.retry_max_time,
    },
    policy,
    local: file.local,
    secrets: [token, key, grpcToken, webhookSecret].filter((secret) => secret !== undefined),
  }
  return { setup, problems: [] }
}

type Reader = ReturnType<typeof createReader>

function createReader({ folder, place }: SetupOrigin) {
  const problems: Problem[] = []
  const complain = (pointer: readonly string[], message: string, help?: string): void => {
    problems.push({ message, place: place(...pointer), ...(help === undefined ? {} : { help }) })
  }
  const text = async (path: string | undefined, pointer: readonly string[]): Promise<string | undefined> => {
    if (path === undefined) return undefined
    const read = await readText(resolve(folder, path)).catch((error: Error) => error)
    if (typeof read === 'string') return read
    const why = read.message.replace(/^(\w+): .*/u, '$1')
    complain(pointer, `\`${pointer.join('.')}\`: ${path} cannot be read (${why})`, 'paths are relative to this file')
    return undefined
  }
  const secret = async (
    given: RepairFile['authentication'],
    name: 'gitlab_private_token' | 'llm_api_key' | 'grpc_token',
  ): Promise<string | undefined> => {
    const written = given[name]
    const path = given[`${name}_file`]
    if (written !== undefined && path !== undefined) {
      complain(['authentication', name], `\`${name}\` and \`${name}_file\` exclude each other`, 'keep one of them')
    }
    const fromFile = (await text(path, ['authentication', `${name}_file`]))?.trim()
    const found = written ?? fromFile
    if (fromFile === '') complain(['authentication', `${name}_file`], `${path} is empty`)
    if (found !== undefined && /\s/u.test(found)) {
      complain(['authentication', name], `\`${name}\` holds a space or line break`, 'a token is one word')
    }
    return found
  }
  return { problems, complain, text, secret }
}

/** Follows links, for secrets that are mounted into a container are links. */
async function readText(path: string): Promise<string> {
  const stats = await stat(path)
  if (!stats.isFile()) throw new Error('not a file')
  if (stats.size > mostBytes) throw new Error(`larger than ${mostBytes} bytes`)
  return readFile(path, 'utf8')
}

function checkProject(
  { project, services }: RepairFile,
  { reader, token }: { readonly reader: Reader; readonly token: string | undefined },
): void {
  const { complain } = reader
  if (project.forge === 'local') {
    if (project.repository === undefined) {
      complain(['project'], '`project.repository` is missing', 'the folder of the git repository that is repaired')
    }
    return
  }
  if (project.repository !== undefined) {
    complain(['project', 'repository'], '`repository` goes with `forge: local` alone')
  }
  if (services.gitlab_url === undefined) {
    complain(['services'], '`services.gitlab_url` is missing', 'the address of the GitLab, or `project.forge: local`')
  } else if (!isHttp(services.gitlab_url)) {
    complain(['services', 'gitlab_url'], '`gitlab_url` wants http:// or https://')
  }
  if (token === undefined && reader.problems.every(({ message }) => !message.includes('gitlab_private_token'))) {
    complain(
      ['authentication'],
      '`authentication.gitlab_private_token` is missing',
      'gitlab_private_token: ${GITLAB_TOKEN}, or `gitlab_private_token_file`',
    )
  }
}

function checkModel({ services, budget }: RepairFile, { complain }: Reader): void {
  const { llm_url: url, llm_command: command } = services
  if (url === undefined && command === undefined) {
    complain(['services'], '`services.llm_url` is missing', 'the address of a model server, or `llm_command`')
  }
  if (url !== undefined && command !== undefined) {
    complain(['services', 'llm_command'], '`llm_url` and `llm_command` exclude each other', 'keep one of them')
  }
  if (url !== undefined && !isHttp(url)) complain(['services', 'llm_url'], '`llm_url` wants http:// or https://')
  const hasPrices = budget.input_usd_per_million !== undefined && budget.output_usd_per_million !== undefined
  if (budget.max_cost_usd !== undefined && !hasPrices) {
    complain(
      ['budget', 'max_cost_usd'],
      '`max_cost_usd` needs `input_usd_per_million` and `output_usd_per_million`',
      'or set `max_tokens`',
    )
  }
}

function isHttp(url: string): boolean {
  return /^https?:\/\//iu.test(url)
}

async function readPolicy(
  file: RepairFile,
  { reader, folder }: { readonly reader: Reader; readonly folder: string },
): Promise<RepairPolicy> {
  const { retry_config: retry, budget, guards, validation, polling, setup } = file
  const prompt = file.templates.fix_bug_prompt
  const isText = prompt !== undefined && /\{\{|\n/u.test(prompt)
  const template = isText ? prompt : await reader.text(prompt, ['templates', 'fix_bug_prompt'])
  if (template !== undefined) checkTemplate(template, reader)
  const ciFile = await reader.text(setup.ci_file, ['setup', 'ci_file'])
  if (polling.longest_seconds < polling.first_seconds) {
    reader.complain(['polling', 'longest_seconds'], '`longest_seconds` is below `first_seconds`')
  }
  if (file.gates.policy === 'play' && file.gates.play.length === 0) {
    reader.complain(['gates'], '`gates.play` names no job', 'list the jobs that may be started')
  }
  return {
    aiWorkDir: file.paths.ai_work_dir === undefined ? undefined : resolve(folder, file.paths.ai_work_dir),
    rounds: retry.debug_max_time,
    totalTimeoutMs: retry.total_timeout * 1000,
    budget: {
      maxTokens: budget.max_tokens,
      maxCostUsd: budget.max_cost_usd,
      inputUsdPerMillion: budget.input_usd_per_million ?? 0,
      outputUsdPerMillion: budget.output_usd_per_million ?? 0,
    },
    gates: file.gates,
    guards: {
      maxFiles: guards.max_files,
      maxChangedLines: guards.max_changed_lines,
      maxNewFiles: guards.max_new_files,
      allow: guards.allow,
      deny: guards.deny,
    },
    validation: {
      sandbox: validation.sandbox,
      commands: validation.commands,
      timeoutMs: validation.timeout_seconds * 1000,
    },
    polling: {
      firstMs: polling.first_seconds * 1000,
      longestMs: polling.longest_seconds * 1000,
      appearMs: polling.appear_seconds * 1000,
      pendingMs: polling.pending_seconds * 1000,
    },
    setup: { create: setup.create, visibility: setup.visibility, protect: setup.protect, ciFile },
    template,
  }
}

/** A prompt of a user leaves room for what is put into it. */
const maxTemplate = 12_000

/**
 * A placeholder that is missing would leave the model without the failure, one that is unknown would reach it as text, and
 * one that is there twice would double what has its own limit.
 */
function checkTemplate(template: string, { complain }: Reader): void {
  const pointer = ['templates', 'fix_bug_prompt']
  const { required, optional } = promptPlaceholders
  const known: readonly string[] = [...required, ...optional]
  const uses = new Map<string, number>()
  fillText(template, {}, (name) => uses.set(name, (uses.get(name) ?? 0) + 1))
  if (template.length > maxTemplate) complain(pointer, `the template is longer than ${maxTemplate} characters`)
  for (const name of required) {
    if (!uses.has(name)) complain(pointer, `the template lacks \`{{${name}}}\``, 'a model needs it to repair anything')
  }
  for (const [name, count] of uses) {
    const isTwice = count > 1 && name !== 'project'
    if (isTwice) complain(pointer, `the template holds \`{{${name}}}\` ${count} times`, 'keep one of them')
    if (known.includes(name)) continue
    const near = nearest(name, known)
    const help = near === undefined ? `known: ${known.join(', ')}` : `did you mean \`{{${near}}}\`?`
    complain(pointer, `the template holds \`{{${name}}}\`, which nothing fills`, help)
  }
}
