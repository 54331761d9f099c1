import { z } from 'zod'

const text = z.string().trim().min(1)
const count = z.int().min(1)
const secondsOf = z.number().gt(0).max(31_536_000)
const list = z.array(text).default([])

const projectSchema = z
  .strictObject({
    path: text.optional().describe('Full path of the project with its groups, or its number.'),
    ref: text.optional().describe('Branch that is repaired; the default branch of the project unless set.'),
    merge_request: count.optional().describe('Repairs the source branch of this merge request instead.'),
    forge: z
      .enum(['gitlab', 'local'])
      .default('gitlab')
      .describe('Where pipelines run: on a GitLab, or on this machine.'),
    repository: text.optional().describe('`local`: folder of the git repository, relative to this file.'),
  })
  .describe('What is repaired.')

const pathsSchema = z
  .strictObject({
    git_work_dir: text
      .default('.greenloop/git')
      .describe('Where the control repositories lie. Code under test never sees it.'),
    ai_work_dir: text.optional().describe('Folder whose files are brought into the branch before its first pipeline.'),
  })
  .prefault({})
  .describe('Folders, relative to this file.')

const servicesSchema = z
  .strictObject({
    gitlab_url: z.url().optional().describe('Address of the GitLab, `https://gitlab.example.com`.'),
    gitlab_ca_file: text
      .optional()
      .describe('Certificate authority of the GitLab in PEM, where it has one of its own.'),
    llm_url: z.url().optional().describe('Base address of an OpenAI-compatible server.'),
    llm_model: text.default('qwen-max').describe('Model that is asked.'),
    llm_command: text.optional().describe('A command instead of a server: prompt on its stdin, answer on its stdout.'),
    grpc_port: z
      .int()
      .min(0)
      .max(65_535)
      .default(50_051)
      .describe('Port of `greenloop repair serve`; 0 takes a free one.'),
    webhook_port: z
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .describe('Listens there for webhooks of the host, which wake the poller.'),
  })
  .prefault({})
  .describe('Servers.')

const authenticationSchema = z
  .strictObject({
    gitlab_private_token: text.optional().describe('Personal, project or group token with the scope `api`.'),
    gitlab_private_token_file: text.optional().describe('File that holds it.'),
    llm_api_key: text.optional().describe('Key of the model server.'),
    llm_api_key_file: text.optional().describe('File that holds it.'),
    grpc_token: text.optional().describe('Token that callers of the gRPC service send.'),
    grpc_token_file: text.optional().describe('File that holds it.'),
    webhook_secret: text.optional().describe('Secret token of the webhook.'),
  })
  .prefault({})
  .describe('Secrets: from the environment as `${NAME}`, or from files. They are never written anywhere.')

const retrySchema = z
  .strictObject({
    retry_interval_time: z
      .number()
      .min(0)
      .max(60)
      .default(1)
      .describe('Seconds of the first wait; each further one is up to twice as long, at most 60.'),
    retry_max_time: count.max(100).default(5).describe('Attempts at one remote call.'),
    debug_max_time: z.int().min(0).max(50).default(3).describe('Rounds of repair.'),
    total_timeout: secondsOf.default(3600).describe('Seconds that the whole run may take.'),
  })
  .prefault({})
  .describe('How often and how long.')

const budgetSchema = z
  .strictObject({
    max_tokens: count.optional().describe('Model tokens of the whole run.'),
    max_cost_usd: z.number().gt(0).optional().describe('US dollars of the whole run; needs the prices.'),
    input_usd_per_million: z.number().min(0).optional().describe('Price of a million tokens sent.'),
    output_usd_per_million: z.number().min(0).optional().describe('Price of a million tokens received.'),
  })
  .prefault({})
  .describe('What the model may cost.')

const gatesSchema = z
  .strictObject({
    policy: z
      .enum(['report', 'wait', 'play'])
      .default('report')
      .describe(
        'What happens at a manual job that blocks: end and report, wait for a person, or start the jobs of `play`.',
      ),
    play: list.describe('Manual jobs that may be started, by name. Never put a deployment here.'),
  })
  .prefault({})
  .describe('Gates that wait for a person.')

const guardsSchema = z
  .strictObject({
    max_files: count.default(5).describe('Files that a patch may change.'),
    max_changed_lines: count.default(200).describe('Lines that a patch may add and remove together.'),
    max_new_files: z.int().min(0).default(0).describe('Files that a patch may add.'),
    allow: list.describe('Protected paths that are opened, as globs: `tests/data/**`.'),
    deny: list.describe('Further paths that no patch may touch, as globs.'),
  })
  .prefault({})
  .describe(
    'What a patch may do. Tests, pipeline files, lock files and settings of linters are protected unless opened by name.',
  )

const validationSchema = z
  .strictObject({
    sandbox: z
      .enum(['required', 'best_effort', 'off'])
      .default('best_effort')
      .describe('Local proof before a push: demanded, made where a sandbox can be had, or never made.'),
    commands: z
      .record(text, text)
      .default({})
      .describe('Command that stands for a job, by its name, where its script cannot be run here.'),
    timeout_seconds: secondsOf.default(300).describe('Limit of one local command.'),
  })
  .prefault({})
  .describe('The failing command is run here, in a sandbox without network, before anything is pushed.')

const pollingSchema = z
  .strictObject({
    first_seconds: z.number().min(0.05).max(60).default(3).describe('First wait between two looks at a pipeline.'),
    longest_seconds: z
      .number()
      .min(0.05)
      .max(600)
      .default(30)
      .describe('Longest wait; each one is half as long again.'),
    appear_seconds: z.number().min(0).max(600).default(20).describe('How long a push may take to start a pipeline.'),
    pending_seconds: secondsOf.default(900).describe('A job that waits for a runner as long as this is reported.'),
  })
  .prefault({})
  .describe('How a pipeline is watched.')

const setupSchema = z
  .strictObject({
    create: z.boolean().default(false).describe('Make the project where it is missing.'),
    visibility: z.enum(['private', 'internal', 'public']).default('private'),
    protect: z.boolean().default(false).describe('Protect its default branch.'),
    ci_file: text.optional().describe('File that becomes its `.gitlab-ci.yml` where it has none.'),
  })
  .prefault({})
  .describe('Setting up a project that is missing. Nothing of this happens unless it is asked for.')

const localSchema = z
  .strictObject({
    sandbox: z
      .enum(['required', 'best_effort', 'off'])
      .default('best_effort')
      .describe('Whether jobs run in a sandbox: demanded, where one can be had, or never.'),
    network: z
      .boolean()
      .default(false)
      .describe('Whether jobs may reach the network, to install packages for example.'),
  })
  .prefault({})
  .describe('How `project.forge: local` runs jobs on this machine.')

/** `config.yaml` of a repair, as people write it. Times in seconds. */
export const repairFileSchema = z
  .strictObject({
    $schema: z.string().optional(),
    project: projectSchema.prefault({}),
    paths: pathsSchema,
    services: servicesSchema,
    authentication: authenticationSchema,
    retry_config: retrySchema,
    templates: z
      .strictObject({
        fix_bug_prompt: text
          .optional()
          .describe(
            'File with the prompt of a round, or the prompt itself, which holds `{{`; the built-in one unless set.',
          ),
      })
      .prefault({})
      .describe('Prompts.'),
    budget: budgetSchema,
    gates: gatesSchema,
    guards: guardsSchema,
    validation: validationSchema,
    polling: pollingSchema,
    setup: setupSchema,
    local: localSchema,
  })
  .describe('Configuration of a repair.')

/** {@link repairFileSchema}, filled. */
export type RepairFile = z.output<typeof repairFileSchema>

/** Names of what a `fix_bug_prompt` may hold as `{{name}}`, and those it must hold. */
export const promptPlaceholders = {
  required: ['rules', 'jobs', 'log', 'files'],
  optional: ['project', 'tests', 'history', 'changes'],
} as const

/** What the loop goes by: the file with its defaults, paths absolute, secrets left out. Times in milliseconds. */
export interface RepairPolicy {
  readonly aiWorkDir?: string | undefined
  readonly rounds: number
  readonly totalTimeoutMs: number
  readonly budget: {
    readonly maxTokens?: number | undefined
    readonly maxCostUsd?: number | undefined
    readonly inputUsdPerMillion: number
    readonly outputUsdPerMillion: number
  }
  readonly gates: { readonly policy: 'report' | 'wait' | 'play'; readonly play: readonly string[] }
  readonly guards: GuardRules
  readonly validation: {
    readonly sandbox: 'required' | 'best_effort' | 'off'
    readonly commands: Readonly<Record<string, string>>
    readonly timeoutMs: number
  }
  readonly polling: {
    readonly firstMs: number
    readonly longestMs: number
    readonly appearMs: number
    readonly pendingMs: number
  }
  readonly setup: {
    readonly create: boolean
    readonly visibility: 'private' | 'internal' | 'public'
    readonly protect: boolean
    /** Content of the file. */
    readonly ciFile?: string | undefined
  }
  /** The prompt of a round, with placeholders; the built-in one where it is absent. */
  readonly template?: string | undefined
}

/** What a patch may do. */
export interface GuardRules {
  readonly maxFiles: number
  readonly maxChangedLines: number
  readonly maxNewFiles: number
  /** Globs of protected paths that are opened. */
  readonly allow: readonly string[]
  /** Globs of further protected paths. */
  readonly deny: readonly string[]
}
