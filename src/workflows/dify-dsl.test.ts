import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { GreenloopError } from '../domain/errors.ts'
import type { PatchInput } from '../domain/patch.ts'
import { applyPatches, listPlaces } from './dify-dsl.ts'
import { exportedApp, exportedApps, patch } from './dify-dsl.fixture.ts'

const workflow = exportedApp('workflow')

function apply(dsl: string, ...inputs: readonly PatchInput[]) {
  return applyPatches(dsl, inputs.map(patch), 'app.yml')
}

function refusal(dsl: string, ...inputs: readonly PatchInput[]): GreenloopError {
  try {
    apply(dsl, ...inputs)
  } catch (error) {
    if (error instanceof GreenloopError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** Lines that differ, as `-old` and `+new`; both texts have to be equal before and behind. */
function changed(before: string, after: string): readonly string[] {
  const [a, b] = [before.split('\n'), after.split('\n')]
  let head = 0
  while (a[head] === b[head] && head < a.length) head++
  let tail = 0
  while (a.at(-1 - tail) === b.at(-1 - tail) && tail < Math.min(a.length, b.length) - head) tail++
  return [
    ...a.slice(head, a.length - tail).map((line) => `-${line.trim()}`),
    ...b.slice(head, b.length - tail).map((line) => `+${line.trim()}`),
  ]
}

describe('applyPatches', () => {
  it.each([
    [
      'a block literal',
      { select: { title: 'Answer', message: 'system' }, op: 'regex', pattern: 'friendly', with: 'polite' },
      ['-You are a friendly agent of {{#env.COMPANY#}}.', '+You are a polite agent of {{#env.COMPANY#}}.'],
    ],
    [
      'a folded block',
      { select: { node: '1711528915811' }, op: 'replace', text: 'Choose.\nNow.' },
      [
        '-instruction: >-',
        '-Decide which desk the ticket belongs to. When in doubt,',
        '-choose the first.',
        '+instruction: |-',
        '+Choose.',
        '+Now.',
      ],
    ],
    [
      'a text in single quotes',
      { select: { node: '1711528917469', message: 1 }, op: 'append', text: "It's {{#sys.user_id#}}", separator: '\n' },
      ["-Ticket: {{#1711528914102.ticket#}}'", '+Ticket: {{#1711528914102.ticket#}}', '+', "+It''s {{#sys.user_id#}}'"],
    ],
    [
      'a text in double quotes, by the id of its message',
      { select: { message: { id: 'c2' } }, op: 'prepend', text: 'Hi!', separator: ' ' },
      [
        '-text: "Thanks for reaching out.\\nLet me \\"check\\" \\u2026"',
        '+text: "Hi! Thanks for reaching out.\\nLet me \\"check\\" …"',
      ],
    ],
    [
      'the text that counts of a Jinja prompt',
      { select: { title: 'Polish' }, op: 'append', text: '!', separator: '' },
      ["-jinja2_text: 'Polish: {{ draft }}'", "+jinja2_text: 'Polish: {{ draft }}!'"],
    ],
    [
      'a plain instruction',
      { select: { type: 'parameter-extractor' }, op: 'replace', text: 'Take it: now' },
      ['-instruction: Take the order number, e.g. A-1001.', "+instruction: 'Take it: now'"],
    ],
    [
      'the instruction of an agent',
      { select: { type: 'agent' }, op: 'replace', text: 'Look it up.' },
      ['-value: Use the tools to look up the order.', '+value: Look it up.'],
    ],
    [
      'the query of an agent',
      { select: { type: 'agent', field: 'query' }, op: 'append', text: '?', separator: '' },
      ["-value: '{{#1711528914102.ticket#}}'", "+value: '{{#1711528914102.ticket#}}?'"],
    ],
    [
      'a template of a node in an iteration',
      { select: { title: 'Line' }, op: 'replace', text: '* {{ item }}' },
      ['-template: "{{ item }}: done"', '+template: "* {{ item }}"'],
    ],
    [
      'the name of a class',
      { select: { title: 'Sort', field: 'class:其他' }, op: 'set', value: '其它' },
      ['-name: 其他', '+name: 其它'],
    ],
    [
      'code',
      { select: { title: 'Trim', field: 'code' }, op: 'regex', pattern: 'strip', with: 'lower' },
      ['-return {"result": arg1.strip()}', '+return {"result": arg1.lower()}'],
    ],
    [
      'a number beside a comment',
      { select: { title: 'Answer', field: 'completion_params.temperature' }, op: 'set', value: 1 },
      ['-temperature: 0.3   # was 0.7', '+temperature: 1   # was 0.7'],
    ],
    [
      'a model',
      { select: { title: 'Answer', field: 'model.name' }, op: 'set', value: 'gpt-5' },
      ['-name: gpt-4o', '+name: gpt-5'],
    ],
    [
      'a parameter that is not there yet',
      { select: { title: 'Answer', field: 'completion_params.top_p' }, op: 'set', value: 0.9 },
      ['+top_p: 0.9'],
    ],
    [
      'a parameter of an empty map',
      { select: { title: 'Polish', field: 'completion_params.seed' }, op: 'set', value: 7 },
      ['-completion_params: {}', '+completion_params: {seed: 7}'],
    ],
    ['a retrieval', { select: { title: 'Handbook', field: 'top_k' }, op: 'set', value: 8 }, ['-top_k: 4', '+top_k: 8']],
    [
      'any value by its path',
      { select: { title: 'Answer', field: 'data.retry_config.retry_enabled' }, op: 'set', value: false },
      ['-retry_enabled: true', '+retry_enabled: false'],
    ],
  ] as const)('changes %s and nothing else', (_, input, lines) => {
    const { text, places } = apply(workflow, input)
    expect(changed(workflow, text)).toEqual(lines)
    expect(places).toHaveLength(1)
  })

  it.each([
    [
      'chatflow',
      { select: { title: '直接回复' }, op: 'prepend', text: '答：', separator: '' },
      'answer: |+\n          答：{{#llm.text#}}\n\n        title',
    ],
    [
      'chatflow',
      { select: { node: 'llm', field: 'memory' }, op: 'regex', pattern: '\\n\\n\\{\\{#sys.files#\\}\\}', with: '' },
      "query_prompt_template: '{{#sys.query#}}'",
    ],
    [
      'chatflow',
      { select: { node: 'legacy' }, op: 'append', text: ', please', separator: '' },
      "text: 'Complete: {{#sys.query#}}, please'}",
    ],
    [
      'chat',
      { select: { app: true }, op: 'append', text: '请用中文。' },
      'pre_prompt: "You help {{customer}}.\\nBe brief.\\n请用中文。"',
    ],
    [
      'chat',
      { select: { app: true, field: 'completion_params.temperature' }, op: 'set', value: 0.2 },
      '      temperature: 0.2\n      max_tokens: 512',
    ],
    ['chat', { select: { app: true, field: 'top_k' }, op: 'set', value: 2 }, 'top_k: 2'],
    [
      'agent-chat',
      { select: { app: true, message: 'system' }, op: 'replace', text: 'Act, then report' },
      "text: 'Act, then report'}",
    ],
    [
      'agent-chat',
      { select: { app: true, field: 'pre_prompt' }, op: 'replace', text: 'Hello' },
      'pre_prompt: Hello\n  prompt_type',
    ],
    [
      'completion',
      { select: { app: true }, op: 'prepend', text: 'Briefly.' },
      'text: |-\n        Briefly.\n        Summarise',
    ],
  ] as const)('changes an app of the mode %s', (name, input, part) => {
    expect(apply(exportedApp(name), input).text).toContain(part)
  })

  it('keeps line ends, byte order mark and comments of a description from Windows', () => {
    const dsl = `\uFEFF${workflow.replaceAll('\n', '\r\n')}`
    const { text } = apply(dsl, { select: { title: 'Answer', message: 'system' }, op: 'replace', text: 'a\n\nb\n' })
    expect(text).toContain('text: |\r\n            a\r\n\r\n            b\r\n        - id:')
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/u)
    expect(text.startsWith('\uFEFF# Exported')).toBe(true)
  })

  it('applies patches one upon the other', () => {
    const select = { title: 'Polish' }
    const { text, places } = apply(
      workflow,
      { select, op: 'replace', text: 'Improve {{ draft }}' },
      { select: { ...select, where: 'Improve' }, op: 'append', text: 'Thanks.' },
    )
    expect(text).toContain("jinja2_text: 'Improve {{ draft }}\n\n            Thanks.'")
    expect(places.map(({ patch: index, before }) => [index, before])).toEqual([
      [0, 'Polish: {{ draft }}'],
      [1, 'Improve {{ draft }}'],
    ])
  })

  it('renders templates and leaves references to the server', () => {
    const { places } = apply(workflow, {
      select: { title: 'Answer', message: 'user' },
      op: 'template',
      text: '{% for rule in rules %}{{ rule }}; {% endfor %}{{ original | trim }} {{#sys.user_id#}}',
      variables: { rules: ['short', 'kind'] },
    })
    expect(places[0]?.after).toBe('short; kind; {{#context#}}\n\nTicket: {{#1711528914102.ticket#}} {{#sys.user_id#}}')
  })

  it('hits several places where that is said', () => {
    const { places } = apply(workflow, {
      select: { field: 'model.name', where: 'mini' },
      op: 'set',
      value: 'gpt-5-mini',
      times: 'all',
    })
    expect(places.map(({ title }) => title)).toEqual(['Sort', 'Polish', 'Extract'])
  })

  it('adds several parameters to one empty map, and to a model without any', () => {
    const set = (field: string, value: number): PatchInput => ({
      select: { title: 'Polish', field: `completion_params.${field}` },
      op: 'set',
      value,
    })
    const both = [set('seed', 1), set('top_p', 0.5)]
    expect(apply(workflow, ...both).text).toContain('completion_params: {top_p: 0.5, seed: 1}')
    const bare = workflow.replace('          completion_params: {}\n', '')
    expect(apply(bare, ...both, set('seed', 2)).text).toContain('completion_params: {top_p: 0.5, seed: 2}')
  })

  it('rewrites hundreds of places in one go', () => {
    const [head = '', tail = ''] = workflow.split(/(?<=    nodes:\n)/u)
    const node =
      "    - {id: 'N', data: {type: llm, title: N, model: {name: m}, prompt_template: [{role: user, text: hi}]}}\n"
    const nodes = Array.from({ length: 500 }, (_, index) => node.replaceAll('N', `n${index}`)).join('')
    const select = { type: 'llm', where: 'hi', message: 'user' } as const
    const { text, places } = apply(head + nodes + tail, { select, op: 'replace', text: 'Hello, you', times: 500 })
    expect(places).toHaveLength(500)
    expect(text).toBe(head + nodes.replaceAll('text: hi', "text: 'Hello, you'") + tail)
  })

  it('lists all problems of all patches, with what was probably meant', () => {
    const error = refusal(
      workflow,
      { select: { title: 'Answr' }, op: 'replace', text: 'x' },
      { select: { title: 'Answer' }, op: 'replace', text: 'x' },
      { select: { title: 'Sort' }, op: 'regex', pattern: 'nowhere', with: '' },
      { select: { title: 'Polish' }, op: 'replace', text: 'Polish: {{ draft }}' },
      { select: { title: 'Sort', field: 'completion_params.temperature' }, op: 'append', text: 'x' },
      { select: { title: 'Sort', field: 'completion_params.temperature' }, op: 'set', value: 'hot' },
      { select: { title: 'Polish' }, op: 'template', text: '{{ orignal }}' },
      { select: { title: 'Sort' }, op: 'regex', pattern: '(', with: '' },
      { select: { title: 'Sort' }, op: 'template', text: '{% if %}' },
    )
    expect(error.code).toBe('patch_invalid')
    expect(error.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining(
        'patch 1 selects no place with {"title":"Answr"}, and 1 is wanted. Did you mean the title `Answer`?',
      ),
      expect.stringMatching(/patch 2 selects 3 places .* message 0 \(system\); .* message 1 \(user\).*Say `message`/u),
      expect.stringContaining('the pattern /nowhere/gu matches nothing there'),
      expect.stringContaining(
        'patch 4, node 1711528918000 "Polish" (llm), prompt, message 0 (system): changes nothing',
      ),
      expect.stringContaining('is a number, not a text'),
      expect.stringContaining('is a number (0), and "hot" is not'),
      expect.stringContaining('the template names `orignal`; known are original'),
      expect.stringContaining('Invalid regular expression'),
      expect.stringContaining('the template cannot be rendered'),
    ])
    expect(error.problems[3]?.place).toMatchObject({
      file: 'app.yml',
      text: "          jinja2_text: 'Polish: {{ draft }}'",
    })
  })

  it.each([
    ['{{#1711528914102.tickets#}}', 'names `tickets`, which the node does not give (there are: ticket, language)'],
    ['{{#99.text#}}', 'names the node `99`, which is not there'],
    ['{{#env.COMPNY#}}', 'names no environment variable (there are: COMPANY, CRM_TOKEN)'],
    ['{{#conversation.x#}}', 'names no conversation variable'],
    ['{{#nonsense#}}', 'is no reference'],
  ])('refuses the reference %s that leads nowhere', (reference, why) => {
    const error = refusal(workflow, { select: { title: 'Answer', message: 'user' }, op: 'append', text: reference })
    expect(error.message).toContain(`\`${reference}\` ${why}`)
  })

  it('takes references that lead somewhere, and leaves those alone that were broken before', () => {
    const broken = workflow.replace('{{#env.COMPANY#}}', '{{#env.GONE#}}')
    const text =
      '{{#1711528916000.result#}} {{#sys.anything#}} {{#1711528918400.result#}} {{#1711528918100.order#}} {{#env.COMPANY#}}'
    const patched = apply(broken, { select: { title: 'Answer', message: 'system' }, op: 'append', text, separator: '' })
    expect(patched.text).toContain('{{#env.GONE#}}')
    expect(patched.text).toContain(text)
  })

  it('refuses names of a Jinja prompt that no variable gives, and references in it', () => {
    const message = (text: string) => refusal(workflow, { select: { title: 'Polish' }, op: 'replace', text }).message
    expect(message('{{ draft }} {{ tone }}')).toContain('`{{ tone }}` has no entry')
    expect(message('{{#env.COMPANY#}}')).toContain('does not work in a Jinja template')
    const loop = '{% for line in draft.split("x") if line is defined %}{{ line | upper }}{{ loop.index }}{% endfor %}'
    expect(apply(workflow, { select: { title: 'Polish' }, op: 'replace', text: loop }).places).toHaveLength(1)
  })

  it('refuses fields of the form that a chat app does not have', () => {
    const error = refusal(exportedApp('chat'), { select: { app: true }, op: 'append', text: 'Hi {{custmer}}' })
    expect(error.message).toContain('`{{custmer}}` names no field of the form (there are: customer)')
  })

  it('changes an anchored value only where nobody shares it', () => {
    const shared = workflow
      .replace('instruction: Take the order number, e.g. A-1001.', 'instruction: &text Take the order number.')
      .replace('value: Use the tools to look up the order.', 'value: *text')
    const replace = { op: 'replace', text: 'Other' } as const
    expect(refusal(shared, { select: { type: 'agent' }, ...replace }).message).toContain('shared with other places')
    expect(refusal(shared, { select: { type: 'parameter-extractor' }, ...replace }).message).toContain(
      'shared with other',
    )
    const alone = shared.replace('value: *text', 'value: own')
    expect(apply(alone, { select: { type: 'parameter-extractor' }, ...replace }).text).toContain(
      'instruction: &text Other',
    )
  })

  it('hashes the meaning, not the way it is written', () => {
    const { hash } = apply(workflow)
    const rewritten = JSON.stringify(parse(workflow))
    expect(apply(rewritten).hash).toBe(hash)
    expect(apply(workflow.replace('x: 980', 'x: 1').replace('name: Support Desk', 'name: Clone')).hash).toBe(hash)
    expect(apply(workflow.replace('top_k: 4', 'top_k: 5')).hash).not.toBe(hash)
    expect(hash).toMatch(/^[0-9a-f]{64}$/u)
  })

  it('warns of retries that multiply, models that are missing, and versions it does not know', () => {
    const { warnings } = apply(
      workflow.replace('version: 0.6.0', 'version: 1.0.0').replace('name: gpt-4o\n', 'name:\n'),
    )
    expect(warnings).toEqual([
      expect.stringContaining('version 1.0.0'),
      expect.stringContaining('node 1711528917469 "Answer" retries by itself (3 times)'),
      expect.stringContaining('node 1711528917469 "Answer" has no model'),
    ])
  })

  it.each([
    ['kind: plugin', 'plan_invalid', '`kind` is "plugin"'],
    ['kind: app\napp: {mode: rag-pipeline}', 'plan_invalid', '`app.mode` is `rag-pipeline`'],
    ['kind: app\napp: {mode: workflow}', 'plan_invalid', 'workflow.graph.nodes'],
    ['kind: app\napp: {mode: chat}', 'plan_invalid', 'model_config'],
    ['just text', 'plan_invalid', 'is a map'],
    ['a: [', 'syntax_invalid', 'not valid YAML'],
    ['a: *nowhere', 'plan_invalid', 'anchor'],
    ['#'.repeat(11 * 1024 * 1024), 'file_too_large', '10 MB'],
  ])('refuses a text that describes no app', (dsl, code, message) => {
    expect(refusal(dsl)).toMatchObject({ code, message: expect.stringContaining(message) as string })
  })
})

describe('listPlaces', () => {
  it.each(exportedApps)('finds only places of %s that can be selected and changed', (name) => {
    const dsl = exportedApp(name)
    const places = listPlaces(dsl)
    expect(places.length).toBeGreaterThan(3)
    for (const { nodeId, message, field, text, value } of places) {
      const select = {
        ...(nodeId === undefined ? { app: true as const } : { node: nodeId }),
        ...(message !== undefined && { message: message.index }),
        field,
      }
      const input: PatchInput =
        typeof value === 'number'
          ? { select, op: 'set', value: value + 1 }
          : { select, op: 'replace', text: `${text}!` }
      expect(apply(dsl, input).places).toHaveLength(1)
    }
  })
})
