import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cli, temporary } from './cli.ts'

const workflow = `export function execute({ inputs }) {
  if (inputs.n === 3) throw Object.assign(new Error('away'), { isRetryable: false })
  return { workflow_run_id: 'x', status: 'succeeded', outputs: 'word '.repeat(inputs.n === 2 ? 20000 : 1) + inputs.n }
}
`
const workflows = `workflows:
  - { id: words, target: module, file: workflow.mjs, parameters: [{ name: n, type: number, values: [1, 2, 3, 4] }] }
`
const plan = (checks: string, gates: string): string => `name: words
mode: cartesian
variants: [{ id: a }, { id: b }]
evaluation: { max_missing: 0.5, checks: [${checks}] }
gates: [${gates}]
`

interface Printed {
  readonly verdict: string
  readonly run_id: string
  readonly files: Readonly<Record<string, string>>
  readonly trials: Readonly<Record<string, number>>
}

test('recorded answers are judged anew by another plan, and no workflow is called', async () => {
  await using folder = await temporary()
  const at = { cwd: folder.path, env: { GREENLOOP_STORE: join(folder.path, 'runs.db') } }
  await writeFile(join(folder.path, 'workflow.mjs'), workflow)
  await writeFile(join(folder.path, 'workflows.yaml'), workflows)
  await writeFile(join(folder.path, 'test_plan.yaml'), plan('{ type: contains, value: absent }', ''))
  const first = await cli(['experiment', 'run', 'test_plan.yaml', '--json'], at)
  expect(first).toMatchObject({ code: 0 })

  await mkdir(join(folder.path, 'better'))
  await writeFile(join(folder.path, 'better', 'workflows.yaml'), workflows.replace('workflow.mjs', '../workflow.mjs'))
  const regex = '{ type: regex, pattern: "word {{n}}$" }'
  await writeFile(join(folder.path, 'better', 'test_plan.yaml'), plan(regex, '"pass_rate(b) >= 1"'))
  await writeFile(join(folder.path, 'workflow.mjs'), 'export function execute() { throw new Error("called again") }')
  const again = await cli(['experiment', 'report', 'latest', '--judge-by', 'better/test_plan.yaml', '--json'], at)
  expect(again).toMatchObject({ code: 0 })
  const { verdict, files, trials } = JSON.parse(again.stdout) as Printed
  expect({ verdict, trials }).toEqual({ verdict: 'passed', trials: { expected: 8, done: 8, missing: 2 } })
  expect(files['results.jsonl']).toMatch(/rejudged\/results\.jsonl$/)

  // What is on record stays: the report of the run itself is the old one.
  const old = await cli(['experiment', 'report', 'latest', '--out', 'old', '--json'], at)
  expect(JSON.parse(old.stdout)).toMatchObject({ verdict: 'compared' })
  const lines = (await readFile(join(folder.path, 'old', 'results.jsonl'), 'utf8')).trim().split('\n')
  expect(lines.filter((line) => (JSON.parse(line) as { passed?: boolean }).passed === false)).toHaveLength(6)
})

test('a plan with nothing in common is refused', async () => {
  await using folder = await temporary()
  const at = { cwd: folder.path, env: { GREENLOOP_STORE: join(folder.path, 'runs.db') } }
  await writeFile(join(folder.path, 'workflow.mjs'), workflow)
  await writeFile(join(folder.path, 'workflows.yaml'), workflows)
  await writeFile(join(folder.path, 'test_plan.yaml'), plan('{ type: contains, value: word }', ''))
  await cli(['experiment', 'run', 'test_plan.yaml'], at)
  await writeFile(join(folder.path, 'other.yaml'), plan('', '').replace('{ id: a }, { id: b }', '{ id: c }'))
  const { code, stderr } = await cli(['experiment', 'report', 'latest', '--judge-by', 'other.yaml'], at)
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('nothing') as string })
})
