import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { checkSchema } from '../domain/check.ts'
import type { LoadedPlan } from '../domain/experiment.ts'
import type { CheckContext } from '../experiment/check-context.ts'
import { createFunctionRunner } from '../experiment/check-function.ts'
import { loadPlan } from './experiment-files.ts'
import { importPromptfoo } from './promptfoo.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

interface Imported {
  readonly folder: string
  readonly plan: LoadedPlan
  readonly notes: readonly string[]
  readonly text: string
}

/** Imports `promptfooconfig.yaml` of these files and loads what came of it. */
async function imported(files: Readonly<Record<string, string>>): Promise<Imported> {
  const folder = await mkdtemp(join(tmpdir(), 'promptfoo-'))
  folders.push(folder)
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  const result = await importPromptfoo('promptfooconfig.yaml', { cwd: folder })
  for (const [name, content] of Object.entries(result.files)) await writeFile(join(folder, name), content)
  const plan = await loadPlan('test_plan.yaml', { cwd: folder, env: {} })
  const notes = result.notes.map(({ message, place }) => `${place?.file}:${place?.line} ${message}`)
  return { folder, plan, notes, text: Object.values(result.files).join('\n') }
}

const config = (text: string, more: Readonly<Record<string, string>> = {}) =>
  imported({ 'promptfooconfig.yaml': text, ...more })

describe('a configuration of promptfoo', () => {
  it('becomes variants, workflows, scenarios and checks', async () => {
    const { plan, notes } = await config(`
description: Translations
prompts:
  - 'Translate to {{language}}: {{text}}'
  - { raw: 'Say "{{text}}" in {{language}}', label: say it }
providers:
  - openai:gpt-4o-mini
  - id: openai:chat:gpt-4o
    label: big
    config: { temperature: 0, max_tokens: 100 }
defaultTest:
  vars: { language: French }
  assert: [{ type: not-contains, value: sorry }]
tests:
  - description: greeting
    vars: { text: Hello }
    assert:
      - { type: contains-any, value: 'Bonjour, Salut', weight: 2, metric: words }
      - { type: latency, threshold: 2000 }
    metadata: { topic: small talk }
  - vars: { text: [Bye, Thanks], language: German }
evaluateOptions: { repeat: 3, maxConcurrency: 7 }
`)
    expect(notes).toEqual([])
    const { experiment, catalog, environment } = plan
    expect(experiment).toMatchObject({ name: 'Translations', repeats: 3, execution: { concurrency: 7 } })
    expect(experiment.variants.map(({ id, prompt }) => [id, prompt])).toEqual([
      ['prompt-1', 'Translate to {{language}}: {{text}}'],
      ['say-it', 'Say "{{text}}" in {{language}}'],
    ])
    expect(catalog.workflows).toMatchObject([
      { id: 'openai-gpt-4o-mini', target: 'openai', model: 'gpt-4o-mini', prompt: '{{prompt}}', server: 'openai' },
      { id: 'big', target: 'openai', model: 'gpt-4o', sampling: { temperature: 0, max_tokens: 100 } },
    ])
    expect(environment.servers).toMatchObject({
      openai: { baseUrl: '${OPENAI_BASE_URL:-https://api.openai.com/v1}', apiKey: '${OPENAI_API_KEY}' },
    })
    expect(experiment.evaluation.checks).toMatchObject([{ type: 'contains', value: 'sorry', not: true }])
    expect(experiment.datasets[0]?.scenarios).toMatchObject([
      {
        name: 'greeting',
        inputs: { language: 'French', text: 'Hello' },
        checks: [
          { type: 'contains', value: ['Bonjour', 'Salut'], mode: 'any', weight: 2, metric: 'words' },
          { type: 'latency', maxMs: 2000 },
        ],
        metadata: { topic: 'small talk' },
      },
      { inputs: { language: 'German', text: 'Bye' } },
      { inputs: { language: 'German', text: 'Thanks' } },
    ])
  })

  it('keeps system prompts as what varies where only they differ, and joins the message otherwise', async () => {
    const chat = (system: string, user: string) =>
      JSON.stringify([
        { role: 'system', content: system },
        { role: 'user', content: user },
      ])
    const files = { 'a.json': chat('Be kind', '{{q}}'), 'b.json': chat('Be brief', '{{q}}') }
    const text = 'prompts: [file://a.json, file://b.json]\nproviders: [openai:m]\ntests: [{ vars: { q: hi } }]\n'
    const split = await config(text, files)
    expect(split.plan.experiment.variants.map(({ prompt }) => prompt)).toEqual(['Be kind', 'Be brief'])
    expect(split.plan.catalog.workflows).toMatchObject([{ prompt: '{{q}}' }])
    const joined = await config(text, { ...files, 'b.json': chat('Be brief', 'Please: {{q}}') })
    expect(joined.plan.experiment.variants[1]?.prompt).toBe('Be brief\n\nPlease: {{q}}')
    expect(joined.notes).toHaveLength(2)
  })

  it('reads prompts from files, several in one, and notes what makes them with a program', async () => {
    const { plan, notes } = await config(
      'prompts: [prompts/two.txt, file://make.py]\nproviders: [openai:m]\ntests: []\n',
      { 'prompts/two.txt': 'One {{q}}\n---\nTwo {{q}}\n' },
    )
    expect(plan.experiment.variants.map(({ prompt }) => prompt)).toEqual(['One {{q}}', 'Two {{q}}'])
    expect(notes).toEqual(['promptfooconfig.yaml:1 the prompts of `make.py` are not taken over'])
  })

  it('reads HTTP providers, with the way into the answer as a path', async () => {
    const { plan, notes } = await config(`
prompts: ['{{q}}']
providers:
  - id: https
    label: flow
    config:
      url: 'https://flows.example/run'
      method: POST
      headers: { Authorization: 'Bearer {{env.FLOW_KEY}}' }
      body: { inputs: { q: '{{prompt}}' }, n: 3 }
      queryParams: { mode: fast }
      transformResponse: json.data.outputs["the result"][0]?.text
  - id: http://other.example/v1/workflows/run
    config:
      body: { q: '{{prompt}}' }
      headers: { X-Api-Key: sesame }
      transformResponse: '(json) => json.a + json.b'
tests: [{ vars: { q: hi } }]
`)
    expect(plan.catalog.workflows).toMatchObject([
      {
        id: 'flow',
        http: {
          url: 'https://flows.example/run?mode=fast',
          headers: { Authorization: 'Bearer ${FLOW_KEY}' },
          body: { inputs: { q: '{{prompt}}' }, n: 3 },
          text: '$.data.outputs["the result"][0].text',
        },
      },
      { http: { method: 'POST', headers: { 'X-Api-Key': '${X_API_KEY}' } } },
    ])
    expect(notes.join('\n')).toMatch(/:13 .*looks like Dify/u)
    expect(notes.join('\n')).toMatch(/:16 a secret is not copied/u)
    expect(notes.join('\n')).toMatch(/:17 the expression that reads the answer/u)
  })

  it('reads local servers, notes programs and what has no like', async () => {
    const { plan, notes, text } = await config(
      `
prompts: ['{{q}}']
providers:
  - ollama:chat:llama3:8b
  - { id: vllm:qwen, config: { apiBaseUrl: 'http://gpu:8000/v1', apiKey: sk-very-secret-1234567890, tools: [] } }
  - file://flow.mjs
  - anthropic:messages:claude
tests: [{ vars: { q: hi } }]
`,
      { 'flow.mjs': 'export const execute = () => "ok"' },
    )
    expect(plan.catalog.workflows.map(({ id, target }) => [id, target])).toEqual([
      ['ollama-chat-llama3-8b', 'openai'],
      ['vllm-qwen', 'openai'],
      ['file-flow.mjs', 'module'],
    ])
    expect(plan.catalog.workflows[0]).toMatchObject({ model: 'llama3:8b' })
    expect(plan.environment.servers['vllm']).toMatchObject({ baseUrl: 'http://gpu:8000/v1', apiKey: '${API_KEY}' })
    expect(text).not.toContain('sk-very')
    expect(notes).toHaveLength(4)
  })

  it('reads tests from tables and lines, with their assertions in cells', async () => {
    const { plan, notes } = await config(
      'prompts: ["{{q}}"]\nproviders: [openai:m]\ntests: [file://t.csv, more.jsonl, file://gen.py, { path: file://gen.py:make }]\n',
      {
        't.csv':
          'q,__expected,__expected2,__description,__metadata:kind,__prefix\n' +
          '"1, 2",contains: 3,not-is-json,first,math,\nx,Note: plain,similar(0.9): y,,,\n',
        'more.jsonl': '{"vars":{"q":"a"}}\n\n{oops\n{"vars":{"q":"b"},"assert":[{"type":"equals","value":2}]}\n',
      },
    )
    expect(plan.experiment.datasets[0]?.scenarios).toMatchObject([
      {
        name: 'first',
        inputs: { q: '1, 2' },
        checks: [
          { type: 'contains', value: '3' },
          { type: 'is_json', not: true },
        ],
        metadata: { kind: 'math' },
      },
      {
        inputs: { q: 'x' },
        checks: [
          { type: 'equals', value: 'Note: plain' },
          { type: 'similarity', method: 'embedding', threshold: 0.9 },
        ],
      },
      { inputs: { q: 'a' } },
      { inputs: { q: 'b' }, checks: [{ type: 'equals', value: 2 }] },
    ])
    expect(plan.experiment.evaluation.embeddings).toBe('embeddings')
    expect(notes).toEqual([
      expect.stringMatching(/^promptfooconfig.yaml:3 the tests of `gen.py`/u),
      'promptfooconfig.yaml:3 tests that a program makes are not taken over',
      'more.jsonl:3 the line is no JSON and is left out',
      't.csv:1 the column `__prefix` is not taken over',
      expect.stringMatching(/^t.csv:3 no model for the embeddings is named/u),
    ])
  })

  it('reads every kind of assertion that has a like', async () => {
    const { plan, notes } = await config(
      `
prompts: ['{{q}}']
providers: [openai:m]
defaultTest:
  options: { provider: 'openai:gpt-4.1-mini' }
tests:
  - vars: { q: hi }
    assert:
      - { type: icontains, value: A }
      - { type: contains-all, value: [a, b] }
      - { type: starts-with, value: a }
      - { type: regex, value: '\\d+' }
      - { type: is-json, value: { type: object } }
      - { type: contains-json }
      - { type: javascript, value: 'file://check.mjs:grade' }
      - { type: javascript, value: 'output.length > 3' }
      - { type: python, value: 'len(output) > 3' }
      - { type: python, value: 'file://check.py' }
      - { type: llm-rubric, value: 'is polite', threshold: 0.8 }
      - { type: levenshtein, value: '0123456789', threshold: 2 }
      - { type: cost, threshold: 0.01 }
      - { type: rouge-n, value: x }
      - { type: assert-set, threshold: 0.5, assert: [{ type: equals, value: '\${price}' }] }
`,
      { 'check.mjs': 'export const grade = () => true', 'check.py': 'def get_assert(output, context): return True' },
    )
    expect(plan.experiment.datasets[0]?.scenarios[0]?.checks).toMatchObject([
      { type: 'contains', value: 'A', ignoreCase: true },
      { type: 'contains', value: ['a', 'b'], mode: 'all' },
      { type: 'starts_with', value: 'a' },
      { type: 'regex', pattern: String.raw`\d+`, flags: '' },
      { type: 'json_schema', schema: { type: 'object' } },
      { type: 'is_json' },
      { type: 'function', file: 'checks.mjs', export: 'check1' },
      { type: 'function', file: 'checks.mjs', export: 'check2' },
      { type: 'python', code: 'len(output) > 3' },
      { type: 'python', file: 'check.py', function: 'get_assert' },
      { type: 'judge', rubric: 'is polite', threshold: 0.8 },
      { type: 'similarity', method: 'levenshtein', threshold: 0.8 },
      { type: 'cost', max: 0.01 },
      { type: 'equals', value: '${price}' },
    ])
    expect(plan.environment.models['judge']).toMatchObject({ model: 'gpt-4.1-mini' })
    expect(plan.experiment.evaluation.judge).toBe('judge')
    expect(notes).toHaveLength(4)
    expect(notes).toContainEqual('promptfooconfig.yaml:22 the assertion `rouge-n` is not taken over')
  })

  it('multiplies scenarios out, and notes templates and settings that it does not know', async () => {
    const { plan, notes } = await config(`
prompts: ['{{ q | upper }} {% if a %}x{% endif %} {{ env.WHO }}']
providers: [openai:m]
scenarios:
  - config: [{ vars: { q: a } }, { vars: { q: b } }]
    tests: [{ description: one, vars: { n: 1 } }, { description: two, vars: { n: 2 } }]
evaluateOptions: { delay: 500, generateSuggestions: true }
env: { A: b }
redteam: {}
`)
    expect(plan.experiment.datasets[0]?.scenarios.map(({ name, inputs }) => [name, inputs])).toEqual([
      ['one', { q: 'a', n: 1 }],
      ['two', { q: 'a', n: 2 }],
      ['one', { q: 'b', n: 1 }],
      ['two', { q: 'b', n: 2 }],
    ])
    expect(plan.experiment.execution).toMatchObject({ concurrency: 1, rateLimit: { perMinute: 120 } })
    expect(plan.experiment.variants[0]?.prompt).toContain('{{ env.WHO }}')
    expect(notes.map((note) => note.replace(/^promptfooconfig.yaml:/u, '').slice(0, 40))).toEqual([
      expect.stringMatching(/^2 `\{\{ env\.WHO \}\}` stays as it is/u),
      expect.stringMatching(/^2 the template tag `\{% if a %\}`/u),
      expect.stringMatching(/^2 the template tag `\{% endif/u),
      expect.stringMatching(/^2 the template expression/u),
      expect.stringMatching(/^7 the option `generateSuggestions`/u),
      expect.stringMatching(/^8 `env` is not taken over/u),
      expect.stringMatching(/^9 `redteam`/u),
    ])
  })

  it('gives tests an empty text for what their prompts name and they do not have', async () => {
    const text = "prompts: ['{{q}} {{user.name}}, {{tone}}']\nproviders: [openai:m]\ntests: [{ vars: { q: hi } }]\n"
    const { plan } = await config(text)
    expect(plan.experiment.datasets[0]?.scenarios[0]?.inputs).toEqual({ q: 'hi', tone: '' })
  })

  it('keeps what looks like a variable in prompts and rows as it is, for nothing fills it there', async () => {
    const { plan } = await config(
      "prompts: ['costs ${n} {{q}}']\nproviders: [{ id: 'https://a.test/x', config: { body: '${m}' } }]\ntests: [{ vars: { q: '${p}' } }]\n",
    )
    expect(plan.experiment.variants[0]?.prompt).toBe('costs ${n} {{q}}')
    expect(plan.experiment.datasets[0]?.scenarios[0]?.inputs).toEqual({ q: '${p}' })
    expect(plan.catalog.workflows[0]).toMatchObject({ http: { body: '$${m}' } })
  })

  it('makes a module of assertions in JavaScript, each of which can be called', async () => {
    const { plan, text, folder } = await config(
      `
prompts: ['{{q}}']
providers: [openai:m]
tests:
  - vars: { q: hi }
    assert:
      - { type: javascript, value: 'output.length > 3 && context.vars.q === "hi";' }
      - { type: javascript, value: "const n = output.length\\nreturn n / 10", threshold: 0.5 }
      - { type: javascript, value: 'file://own.cjs' }
      - { type: javascript, value: 'output.length >' }
`,
      { 'own.cjs': 'module.exports = (output, { vars }) => ({ pass: output === vars.q, score: 1, reason: "same" })' },
    )
    expect(plan.experiment.datasets[0]?.scenarios[0]?.checks).toMatchObject([
      { type: 'function', file: 'checks.mjs', export: 'check1' },
      { type: 'function', file: 'checks.mjs', export: 'check2' },
      { type: 'function', file: 'checks.mjs', export: 'check3' },
    ])
    expect(text).toContain('promptfooconfig.yaml:7')
    const run = createFunctionRunner(folder, (url) => import(url))
    const context = { inputs: { q: 'hi' }, vars: {}, variantId: 'a' } as unknown as CheckContext
    const verdictOf = async (name: string, answer: string) => {
      const check = checkSchema.parse({ type: 'function', file: 'checks.mjs', export: name })
      if (check.type !== 'function') throw new Error('a function was made')
      const finding = await run(check, { answer, context, signal: new AbortController().signal })
      return finding.kind === 'judged' ? [finding.passed, finding.score] : finding
    }
    expect(await verdictOf('check1', 'hello')).toEqual([true, 1])
    expect(await verdictOf('check1', 'hi')).toEqual([false, 0])
    expect(await verdictOf('check2', 'four')).toEqual([false, 0.4])
    expect(await verdictOf('check2', 'sevenxx')).toEqual([true, 0.7])
    expect(await verdictOf('check3', 'hi')).toEqual([true, 1])
  })

  it('takes a body whose values are printed by a filter as JSON', async () => {
    const { plan, notes } = await config(
      `providers: [{ id: 'https://a.test/x', config: { body: '{ "q": {{prompt | dump}}, "n": {{ n | dump | safe }} }' } }]\nprompts: ['{{q}}']\n`,
    )
    expect(plan.catalog.workflows[0]).toMatchObject({ http: { body: { q: '{{prompt}}', n: '{{n}}' } } })
    expect(notes).toEqual([])
  })

  it('gives checks an empty text for what a test does not have, and notes name files from the working folder', async () => {
    const { plan } = await config(`
prompts: ['{{q}}']
providers: [openai:m]
defaultTest: { assert: [{ type: contains, value: '{{expected}}' }] }
tests: [{ vars: { q: a } }, { vars: { q: b, expected: x } }]
`)
    expect(plan.experiment.datasets[0]?.scenarios.map(({ vars }) => vars)).toEqual([{ expected: '' }, {}])
    const folder = await mkdtemp(join(tmpdir(), 'promptfoo-'))
    folders.push(folder)
    await writeFile(join(folder, 'c.yaml'), 'prompts: [a]\nproviders: [exec:x]\n')
    const { notes } = await importPromptfoo('c.yaml', { cwd: folder, folder: 'out' })
    expect(notes[0]?.place).toMatchObject({ file: 'c.yaml', line: 2 })
  })

  it('has to be YAML or JSON', async () => {
    await expect(importPromptfoo('promptfooconfig.ts', { cwd: tmpdir() })).rejects.toMatchObject({
      code: 'usage_invalid',
    })
  })
})
