import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { GreenloopError } from '../domain/errors.ts'
import { loadRepair } from './repair-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-repair-file-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const whole = `
project: { path: tools/calculator, ref: main }
paths: { git_work_dir: work/git, ai_work_dir: work/ai }
services: { grpc_port: 50060, gitlab_url: https://gitlab.example.com, llm_url: "http://127.0.0.1:8000/v1", llm_model: qwen3 }
authentication: { gitlab_private_token: "\${TOKEN}" }
retry_config: { retry_interval_time: 2, retry_max_time: 4, debug_max_time: 5, total_timeout: 600 }
templates: { fix_bug_prompt: prompt.txt }
`

const load = async (text: string, env: Record<string, string> = { TOKEN: 'glpat-0123456789' }) => {
  await writeFile(join(folder, 'config.yaml'), text)
  return loadRepair('config.yaml', { cwd: folder, env })
}

const problemsOf = async (text: string, env?: Record<string, string>) => {
  const error = (await load(text, env).catch((thrown: unknown) => thrown)) as GreenloopError
  expect(error).toMatchObject({ code: 'repair_invalid' })
  const { problems } = error
  return problems.length > 0 ? problems : [{ message: error.message, place: error.place, help: error.help }]
}

describe('a repair configuration', () => {
  it('is read with every contract key, paths absolute and times in milliseconds', async () => {
    await writeFile(join(folder, 'prompt.txt'), '{{rules}} {{jobs}} {{log}} {{files}}')
    const setup = await load(whole)
    expect(setup).toMatchObject({
      forge: 'gitlab',
      project: 'tools/calculator',
      ref: 'main',
      gitWorkDir: join(folder, 'work/git'),
      gitlab: { url: 'https://gitlab.example.com', token: 'glpat-0123456789' },
      model: { url: 'http://127.0.0.1:8000/v1', name: 'qwen3' },
      grpc: { port: 50_060 },
      retry: { intervalMs: 2000, maxAttempts: 4 },
      policy: { aiWorkDir: join(folder, 'work/ai'), rounds: 5, totalTimeoutMs: 600_000 },
      secrets: ['glpat-0123456789'],
      warnings: [],
    })
    expect(setup.policy.template).toContain('{{log}}')
  })

  it('names every problem of the file at once, with its line', async () => {
    await writeFile(join(folder, 'prompt.txt'), '{{rules}} {{jobs}} {{log}} {{filez}}')
    const problems = await problemsOf(
      whole.replace('project:', 'projet:').replace('total_timeout: 600', 'total_timeout: soon'),
      {},
    )
    const said = problems
      .map(({ message, place, help }) => `${place?.line ?? '?'} ${message} | ${help ?? ''}`)
      .join('\n')
    expect(said).toContain('2 unknown key `projet` | did you mean `project`?')
    expect(said).toContain('5 the variable `TOKEN` is not set')
    expect(said).toContain('6 `retry_config.total_timeout` must be a number')
    expect(said).toContain('7 the template lacks `{{files}}`')
    expect(said).toContain('7 the template holds `{{filez}}`, which nothing fills | did you mean `{{files}}`?')
  })

  it('takes secrets from files, also through a link as containers mount them', async () => {
    await writeFile(join(folder, 'real'), 'glpat-from-a-file\n')
    await symlink(join(folder, 'real'), join(folder, 'token'))
    const text = whole
      .replace('gitlab_private_token: "${TOKEN}"', 'gitlab_private_token_file: token')
      .replace(/templates.*\n/, '')
    const setup = await load(text)
    expect(setup.gitlab?.token).toBe('glpat-from-a-file')
    expect(setup.secrets).toContain('glpat-from-a-file')
  })

  it('refuses a token that is given twice, a file that is missing, and says what is missing for each forge', async () => {
    const twice = await problemsOf(
      'authentication: { gitlab_private_token: abc, gitlab_private_token_file: nowhere }\nservices: { gitlab_url: "ftp://x" }',
    )
    const said = twice.map(({ message }) => message).join('\n')
    expect(said).toContain('exclude each other')
    expect(said).toContain('nowhere cannot be read (ENOENT)')
    expect(said).toContain('`services.llm_url` is missing')
    const [local] = await problemsOf('project: { forge: local }\nservices: { llm_command: "cat" }')
    expect(local?.message).toBe('`project.repository` is missing')
  })

  it('warns of a secret that stands in the file, and never shows it', async () => {
    const setup = await load(whole.replace('${TOKEN}', 'glpat-in-plain-text').replace(/templates.*\n/, ''))
    expect(setup.warnings).toEqual([expect.stringContaining('stands in the file in plain text')])
    expect(JSON.stringify(setup.warnings)).not.toContain('glpat-in-plain-text')
  })

  it('lets the command line go before the file', async () => {
    await writeFile(join(folder, 'config.yaml'), whole.replace(/templates.*\n/, ''))
    const overrides = { project: 'other/one', mergeRequest: 7, rounds: 1, timeoutSeconds: 9, create: true }
    const setup = await loadRepair('config.yaml', { cwd: folder, env: { TOKEN: 'glpat-0123456789' }, overrides })
    expect(setup).toMatchObject({ project: 'other/one', mergeRequest: 7, policy: { rounds: 1, totalTimeoutMs: 9000 } })
    expect(setup.policy.setup.create).toBe(true)
  })

  it('for a repository on this machine asks no GitLab, whatever it says of one', async () => {
    await writeFile(join(folder, 'config.yaml'), whole.replace(/templates.*\n/, ''))
    const around = { cwd: folder, env: { TOKEN: 'glpat-0123456789' }, overrides: { repository: 'here' } }
    const setup = await loadRepair('config.yaml', around)
    expect(setup).toMatchObject({ forge: 'local', repository: join(folder, 'here'), gitlab: undefined })
  })

  it('takes a prompt that stands in the file itself', async () => {
    const text = whole.replace('fix_bug_prompt: prompt.txt', 'fix_bug_prompt: "{{rules}} {{jobs}} {{log}} {{files}}"')
    expect((await load(text)).policy.template).toBe('{{rules}} {{jobs}} {{log}} {{files}}')
    const [twice] = await problemsOf(text.replace('{{log}}', '{{log}} {{log}}'))
    expect(twice?.message).toContain('holds `{{log}}` 2 times')
    const [long] = await problemsOf(text.replace('{{log}}', `{{log}}${' '.repeat(12_000)}`))
    expect(long?.message).toContain('longer than 12000 characters')
    const [lacking] = await problemsOf(text.replace('{{files}}', ''))
    expect(lacking?.message).toContain('the template lacks `{{files}}`')
  })
})
