import { z } from 'zod'
import { frameworks } from '../domain/suite.ts'

const text = z.string().trim().min(1)
const seconds = z.number().positive().max(604_800)

const llmSchema = z
  .strictObject({
    mode: z
      .enum(['offline', 'mock', 'local', 'http', 'replay'])
      .optional()
      .describe(
        'Where scripts come from: `offline` (no model), `mock` (a file), `local` (a command), `http` (a server), `replay` (recordings). Unless set: what the other settings imply, else `offline`.',
      ),
    apiKeyEnv: text
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .default('LLM_API_KEY')
      .describe('Variable that holds the key.'),
    baseUrl: z
      .url({ protocol: /^https?$/ })
      .default('https://dashscope.aliyuncs.com/compatible-mode/v1')
      .describe('Base URL of an OpenAI-compatible server, or its full …/chat/completions address.'),
    model: text.default('qwen-plus').describe('Name of the model.'),
    useReal: z
      .boolean()
      .default(false)
      .describe('A real model is demanded: no fail-over to the offline generator, whatever happens.'),
    fallback: z.boolean().default(false).describe('Use the offline generator when the model fails.'),
    headers: z.record(text, z.string()).default({}).describe('Further headers of each call.'),
    command: text.optional().describe('Command of mode `local`: prompt on its standard input, answer on its output.'),
    mockResponse: text.optional().describe('File that mode `mock` answers with.'),
    replay: text.optional().describe('Folder of recordings that mode `replay` answers from.'),
    record: text.optional().describe('Folder that every answer is recorded in.'),
    connectTimeoutSeconds: seconds.default(10).describe('Limit for reaching the server.'),
    firstByteTimeoutSeconds: seconds.default(120).describe('Limit for the first piece of the answer.'),
    idleTimeoutSeconds: seconds.default(60).describe('Longest silence between two pieces.'),
    timeoutSeconds: seconds.default(600).describe('Limit of one call.'),
    maxAttempts: z.int().min(1).max(20).default(4).describe('Calls made for one answer, the first among them.'),
    maxTokens: z.int().min(1).max(1_000_000).default(8192).describe('Tokens that an answer may have.'),
    temperature: z.number().min(0).max(2).default(0).describe('0 for the likeliest answer, more for variety.'),
    thinking: z
      .boolean()
      .optional()
      .describe('Turns the thinking of Qwen models on or off; left to the server unless set.'),
    maxAnswerBytes: z
      .int()
      .min(1024)
      .max(64 * 1024 * 1024)
      .default(8 * 1024 * 1024)
      .describe('Bytes at which an answer is cut off.'),
  })
  .describe('The model that writes scripts.')

const generationSchema = z
  .strictObject({
    framework: z.enum(frameworks).optional().describe('Framework to write for; unless set, that of the target.'),
    maxTestsPerEndpoint: z.int().min(1).max(1000).default(8).describe('Tests planned for one endpoint at most.'),
    template: text.optional().describe('Template file of the prompt, in place of the built-in one.'),
  })
  .describe('How scripts are written.')

const executionSchema = z
  .strictObject({
    sandbox: z
      .enum(['required', 'auto', 'off'])
      .default('auto')
      .describe('Whether tests are locked in: demanded, where it can be had, or never.'),
    workers: z
      .union([z.int().min(1).max(256), z.literal('auto')])
      .optional()
      .describe('Processes side by side, unless a request says otherwise.'),
    retries: z.int().min(0).max(20).optional().describe('New attempts for a test that did not pass.'),
    testTimeoutSeconds: seconds.optional().describe('Limit of one attempt at one test.'),
    timeoutSeconds: seconds.optional().describe('Limit of a whole run.'),
    executable: text.optional().describe('Interpreter or executable of the framework.'),
  })
  .describe('How tests are run. A request file goes before these.')

/** Settings as they stand in greenloop.yaml: everything but the key of the model server. */
export const settingsFileSchema = z
  .strictObject({
    $schema: z.string().optional(),
    llm: llmSchema.prefault({}),
    generation: generationSchema.prefault({}),
    execution: executionSchema.prefault({}),
    artifacts: text.default('artifacts').describe('Folder of the artifacts of runs.'),
    store: text
      .default('.greenloop/greenloop.db')
      .describe('Where runs are recorded: a file, the `postgres://…` address of a shared database, or `off`.'),
  })
  .describe('Settings of Greenloop.')

type FileSettings = z.output<typeof settingsFileSchema>

/** A way of getting scripts. */
export type LlmMode = NonNullable<FileSettings['llm']['mode']>

/** All settings with every default filled. Paths of folders and files are absolute. */
export interface Settings extends Omit<FileSettings, '$schema' | 'llm'> {
  readonly llm: Omit<FileSettings['llm'], 'mode'> & { readonly mode: LlmMode; readonly apiKey?: string | undefined }
}

type PathsOf<Group extends 'llm' | 'generation' | 'execution'> = `${Group}.${Extract<keyof Settings[Group], string>}`

/** Name of one setting. */
export type SettingPath = PathsOf<'llm'> | PathsOf<'generation'> | PathsOf<'execution'> | 'artifacts' | 'store'

/** The variable and the option that give a setting. */
export interface SettingSource {
  readonly env?: string
  readonly flag?: string
}

/** Every setting with the variable and the option that give it, in the order in which they are shown. */
export const settingSources: Readonly<Record<SettingPath, SettingSource>> = {
  'llm.mode': { env: 'GREENLOOP_MODE', flag: '--mode' },
  'llm.apiKey': { env: 'LLM_API_KEY', flag: '--http-api-key' },
  'llm.apiKeyEnv': { env: 'LLM_API_KEY_ENV', flag: '--http-api-key-env' },
  'llm.baseUrl': { env: 'LLM_BASE_URL', flag: '--http-endpoint' },
  'llm.model': { env: 'LLM_MODEL', flag: '--http-model' },
  'llm.useReal': { env: 'USE_REAL_LLM' },
  'llm.fallback': { env: 'GREENLOOP_FALLBACK', flag: '--fallback' },
  'llm.headers': { env: 'LLM_HEADERS', flag: '--http-header' },
  'llm.command': { env: 'GREENLOOP_SUBPROCESS_CMD', flag: '--subprocess-cmd' },
  'llm.mockResponse': { env: 'GREENLOOP_MOCK_RESPONSE', flag: '--mock-response' },
  'llm.replay': { env: 'GREENLOOP_REPLAY', flag: '--replay' },
  'llm.record': { env: 'GREENLOOP_RECORD', flag: '--record' },
  'llm.connectTimeoutSeconds': { env: 'LLM_CONNECT_TIMEOUT_SECONDS' },
  'llm.firstByteTimeoutSeconds': { env: 'LLM_FIRST_BYTE_TIMEOUT_SECONDS' },
  'llm.idleTimeoutSeconds': { env: 'LLM_IDLE_TIMEOUT_SECONDS' },
  'llm.timeoutSeconds': { env: 'LLM_TIMEOUT_SECONDS' },
  'llm.maxAttempts': { env: 'LLM_MAX_ATTEMPTS' },
  'llm.maxTokens': { env: 'LLM_MAX_TOKENS' },
  'llm.temperature': { env: 'LLM_TEMPERATURE' },
  'llm.thinking': { env: 'LLM_THINKING' },
  'llm.maxAnswerBytes': { env: 'LLM_MAX_ANSWER_BYTES' },
  'generation.framework': { env: 'GREENLOOP_FRAMEWORK', flag: '--framework' },
  'generation.maxTestsPerEndpoint': { env: 'MAX_TESTS_PER_ENDPOINT', flag: '--max-tests-per-endpoint' },
  'generation.template': { env: 'GREENLOOP_TEMPLATE', flag: '--template' },
  'execution.sandbox': { env: 'GREENLOOP_SANDBOX', flag: '--sandbox' },
  'execution.workers': { env: 'GREENLOOP_WORKERS', flag: '--workers' },
  'execution.retries': { env: 'GREENLOOP_RETRIES', flag: '--retries' },
  'execution.testTimeoutSeconds': { env: 'GREENLOOP_TEST_TIMEOUT_SECONDS', flag: '--test-timeout' },
  'execution.timeoutSeconds': { env: 'GREENLOOP_TIMEOUT_SECONDS', flag: '--timeout' },
  'execution.executable': { env: 'GREENLOOP_RUNNER_PATH', flag: '--runner-path' },
  artifacts: { env: 'GREENLOOP_ARTIFACTS', flag: '--artifacts' },
  store: { env: 'GREENLOOP_STORE', flag: '--store' },
}

/** The schema of one setting, as far as files know it. */
export function settingSchema(path: SettingPath): z.ZodType {
  const shape = settingsFileSchema.shape
  const groups: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = {
    llm: llmSchema.shape,
    generation: generationSchema.shape,
    execution: executionSchema.shape,
  }
  const [group = '', name = ''] = path.split('.')
  return path === 'artifacts' || path === 'store' ? shape[path] : (groups[group]?.[name] ?? z.string())
}
