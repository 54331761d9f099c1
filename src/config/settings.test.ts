import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { requestLayers } from './request-layers.ts'
import { settingRows } from './setting-rows.ts'
import { settingSources } from './settings-schema.ts'
import { loadSettings, type SettingsInput } from './settings.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenloop-settings-'))
  // The search for a settings file ends at the root of a repository.
  await mkdir(join(root, '.git'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function put(name: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, name)), { recursive: true })
  await writeFile(join(root, name), content)
}

const load = (input: Partial<SettingsInput> = {}) => loadSettings({ cwd: root, env: {}, ...input })

async function failure(input: Partial<SettingsInput> = {}): Promise<GreenloopError> {
  const error: unknown = await load(input).catch((reason: unknown) => reason)
  if (error instanceof GreenloopError) return error
  throw new Error('a GreenloopError was expected', { cause: error })
}

describe('loading settings', () => {
  it('works without any file or variable, and then without a model', async () => {
    const { settings, origins, file } = await load()
    expect(settings.llm).toMatchObject({ mode: 'offline', model: 'qwen-plus', useReal: false, maxAttempts: 4 })
    expect(settings.generation.maxTestsPerEndpoint).toBe(8)
    expect(settings.artifacts).toBe(join(root, 'artifacts'))
    expect(origins['llm.model']).toEqual({ kind: 'default', where: 'default' })
    expect(file).toBeUndefined()
  })

  it('takes the flag, then the environment, then .env, then the file, then the default', async () => {
    await put('greenloop.yaml', 'llm:\n  model: from-file\n')
    const model = async (input: Partial<SettingsInput>) => {
      const { settings, origins } = await load(input)
      return [settings.llm.model, origins['llm.model'].kind, origins['llm.model'].where]
    }
    expect(await model({})).toEqual(['from-file', 'file', 'greenloop.yaml:2'])
    await put('.env', '# comment\nexport LLM_MODEL="from-dotenv"\n')
    expect(await model({})).toEqual(['from-dotenv', 'dotenv', '.env:2'])
    expect(await model({ env: { LLM_MODEL: '' } })).toEqual(['from-dotenv', 'dotenv', '.env:2'])
    const env = { LLM_MODEL: 'from-env' }
    expect(await model({ env })).toEqual(['from-env', 'env', 'LLM_MODEL'])
    expect(await model({ env, flags: { 'llm.model': 'from-flag' } })).toEqual(['from-flag', 'flag', '--http-model'])
  })

  it('reads numbers, booleans and headers from text', async () => {
    const { settings } = await load({
      env: {
        LLM_MAX_ATTEMPTS: '7',
        USE_REAL_LLM: 'Yes',
        LLM_TEMPERATURE: '0.5',
        GREENLOOP_WORKERS: 'auto',
        LLM_HEADERS: 'X-A: 1; X-B: b:c',
        LLM_MODEL: '4',
      },
    })
    expect(settings.llm).toMatchObject({
      maxAttempts: 7,
      useReal: true,
      temperature: 0.5,
      headers: { 'X-A': '1', 'X-B': 'b:c' },
      model: '4',
    })
    expect(settings.execution.workers).toBe('auto')
    expect((await load({ flags: { 'llm.headers': ['A: b', 'C:d'] } })).settings.llm.headers).toEqual({ A: 'b', C: 'd' })
  })

  it('finds the mode that the other settings imply', async () => {
    const mode = async (input: Partial<SettingsInput>) => (await load(input)).settings.llm.mode
    expect(await mode({ env: { USE_REAL_LLM: 'true' } })).toBe('http')
    expect(await mode({ env: { USE_REAL_LLM: 'false' } })).toBe('offline')
    expect(await mode({ env: { LLM_API_KEY: 'k' } })).toBe('http')
    expect(await mode({ env: { LLM_BASE_URL: 'http://127.0.0.1:1/v1' } })).toBe('http')
    expect(await mode({ flags: { 'llm.mockResponse': 'a.md' }, env: { LLM_API_KEY: 'k' } })).toBe('mock')
    expect(await mode({ flags: { 'llm.command': 'cat' } })).toBe('local')
    expect(await mode({ flags: { 'llm.replay': 'recordings' } })).toBe('replay')
    expect(await mode({ env: { LLM_API_KEY: 'k', GREENLOOP_MODE: 'offline' } })).toBe('offline')
  })

  it('takes the key from the variable that is named for it, wherever that stands', async () => {
    await put('.env', 'QWEN_KEY=secret-1\nLLM_API_KEY=secret-2\n')
    expect((await load()).settings.llm.apiKey).toBe('secret-2')
    expect((await load({ flags: { 'llm.apiKeyEnv': 'QWEN_KEY' } })).settings.llm.apiKey).toBe('secret-1')
    await put('greenloop.yaml', 'llm: {api_key_env: QWEN_KEY}\n')
    expect((await load()).settings.llm.apiKey).toBe('secret-1')
  })

  it('never shows the key or the value of a header', async () => {
    await put('.env', 'LLM_API_KEY=canary-7f3a\nLLM_HEADERS=Authorization: canary-7f3a\n')
    const rows = settingRows(await load())
    expect(JSON.stringify(rows)).not.toContain('canary')
    expect(rows.find(({ key }) => key === 'llm.apiKey')).toMatchObject({ value: 'set', origin: '.env:1' })
    expect(rows.map(({ key }) => key)).toEqual(Object.keys(settingSources))
    const url = await load({ env: { LLM_BASE_URL: 'https://me:canary@127.0.0.1/v1' } })
    expect(JSON.stringify(settingRows(url))).not.toContain('canary')
    const error = await failure({ env: { LLM_HEADERS: 'Bearer canary' } })
    expect(error.message).toBe('`LLM_HEADERS` must hold headers of the form `Name: value`')
  })
})

describe('the settings file', () => {
  it('is found upwards to the root of the repository, and its paths are relative to it', async () => {
    await put(
      'greenloop.json',
      '{"artifacts": "out", "generation": {"max_tests_per_endpoint": 3, "template": "t.jinja"}}',
    )
    const cwd = join(root, 'a', 'b')
    await mkdir(cwd, { recursive: true })
    const { settings, origins } = await load({ cwd })
    expect(settings).toMatchObject({
      artifacts: join(root, 'out'),
      generation: { maxTestsPerEndpoint: 3, template: join(root, 't.jinja') },
    })
    expect(origins.artifacts.where).toBe(join('..', '..', 'greenloop.json:1'))
    await mkdir(join(root, 'a', '.git'))
    expect((await load({ cwd })).file).toBeUndefined()
  })

  it('may be a key of package.json', async () => {
    await put('package.json', '{\n "name": "x",\n "greenloop": {\n  "llm": {"model": "m"},\n  "artifcts": "x"\n }\n}')
    expect((await failure()).problems).toMatchObject([
      {
        message: 'unknown key `artifcts` in `greenloop`',
        help: 'did you mean `artifacts`?',
        place: { file: 'package.json', line: 5 },
      },
    ])
    await put('package.json', '{\n "name": "x",\n "greenloop": {\n  "llm": {"model": "m"}\n }\n}')
    expect((await load()).origins['llm.model'].where).toBe('package.json:4')
  })

  it('is not looked for in the broken manifest of somebody else', async () => {
    await put('package.json', '{"name": "x", broken')
    expect((await load()).file).toBeUndefined()
  })

  it('can be named, and must then exist', async () => {
    await put('other.yaml', 'llm:\n  model: other\n')
    expect((await load({ configPath: 'other.yaml' })).settings.llm.model).toBe('other')
    expect((await failure({ configPath: 'othr.yaml' })).help).toBe('did you mean `other.yaml`?')
  })

  it('must not hold a key', async () => {
    await put('greenloop.yaml', 'llm:\n  api_key: canary-7f3a\n')
    const error = await failure()
    expect(error).toMatchObject({ code: 'config_invalid', place: { line: 2 } })
    expect(JSON.stringify([error.message, error.problems])).not.toContain('canary')
  })

  it('has its mistakes listed together with those of the variables', async () => {
    await put('greenloop.yaml', 'execution:\n  sandbox: sometimes\n  wrokers: 3\n')
    await put('.env', 'LLM_TEMPERATURE=hot\n')
    const error = await failure({ env: { LLM_MAX_ATTEMPTS: '0' }, flags: { 'execution.workers': 'many' } })
    expect(error.code).toBe('config_invalid')
    expect(
      error.problems.map(({ message, place, help }) =>
        `${place?.file ?? ''}:${place?.line ?? ''} ${message} ${help ?? ''}`.trim(),
      ),
    ).toEqual([
      ': `LLM_MAX_ATTEMPTS` must be at least 1, not 0',
      ': `--workers` must be a number or `auto`, not "many"',
      '.env:1 `LLM_TEMPERATURE` must be a number, not "hot"',
      'greenloop.yaml:2 `execution.sandbox` must be `required`, `auto` or `off`, not "sometimes"',
      'greenloop.yaml:3 unknown key `wrokers` in `execution` did you mean `workers`?',
    ])
  })
})

describe('settings around an execution request', () => {
  it('stand behind the file unless the command line gave them', async () => {
    const loaded = await load({ env: { GREENLOOP_RETRIES: '2' }, flags: { 'execution.workers': '4' } })
    expect(requestLayers(loaded, root)).toEqual({
      cwd: root,
      defaults: { retries: 2, sandbox: 'auto' },
      overrides: { workers: 4 },
    })
  })
})
