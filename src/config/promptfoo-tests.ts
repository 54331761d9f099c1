import type { z } from 'zod'
import type { CheckInput } from '../domain/check.ts'
import type { scenarioSchema } from '../domain/experiment.ts'
import { readChecks } from './promptfoo-checks.ts'
import type { CheckParts } from './promptfoo-checks.ts'
import type { Cursor } from './promptfoo-source.ts'
import { cursorAt, fileReference } from './promptfoo-source.ts'
import { readTestTable } from './promptfoo-table.ts'

/** A row of a dataset as a plan writes it. */
export type ScenarioInput = z.input<typeof scenarioSchema>

/** A test before its lists of values are multiplied out. */
interface ReadTest {
  readonly name: string | undefined
  readonly vars: Readonly<Record<string, unknown>>
  readonly checks: readonly CheckInput[]
  readonly metadata: Readonly<Record<string, unknown>>
  readonly at: Cursor
}

/** Most rows that the lists of one test may come to. */
const maxRows = 1000

/** Reads `tests`, and `scenarios` as every pair of their rows and tests. `defaults` are the variables of `defaultTest`. */
export async function readTests(
  config: Cursor,
  defaults: Readonly<Record<string, unknown>>,
  parts: CheckParts,
): Promise<readonly ScenarioInput[]> {
  const plain = await readList(config.at('tests'), parts)
  const crossed = await Promise.all(
    config
      .at('scenarios')
      .items()
      .map((each) => readScenario(each, parts)),
  )
  return [...plain, ...crossed.flat()].flatMap((test) =>
    rowsOf({ ...test, vars: { ...defaults, ...test.vars } }, parts),
  )
}

async function readScenario(at: Cursor, parts: CheckParts): Promise<readonly ReadTest[]> {
  const file = typeof at.value === 'string' ? fileReference(at.value) : undefined
  const scenario = file === undefined ? at : await parts.run.readDocument(file.path)
  const rows = await readList(scenario.at('config'), parts)
  const tests = await readList(scenario.at('tests'), parts)
  return rows.flatMap((row) =>
    tests.map((test) => ({
      name: [row.name, test.name].filter((name) => name !== undefined).join(': ') || undefined,
      vars: { ...row.vars, ...test.vars },
      checks: [...row.checks, ...test.checks],
      metadata: { ...row.metadata, ...test.metadata },
      at: test.at,
    })),
  )
}

const testFiles = /\.(?:csv|tsv|jsonl?|ya?ml)$/iu

async function readList(list: Cursor, parts: CheckParts): Promise<readonly ReadTest[]> {
  const read = list.items().map(async (each) => {
    if (typeof each.value === 'string') return await readFile(each, parts)
    if (each.at('path').value === undefined) return [await readTest(each, parts)]
    parts.run.note(
      each,
      'tests that a program makes are not taken over',
      'write them into a CSV, JSON, JSONL or YAML file',
    )
    return []
  })
  return (await Promise.all(read)).flat()
}

async function readFile(at: Cursor, parts: CheckParts): Promise<readonly ReadTest[]> {
  const { run } = parts
  const path = fileReference(String(at.value))?.path ?? String(at.value)
  if (!testFiles.test(path) || /[*?]|^https?:/u.test(path)) {
    run.note(at, `the tests of \`${path}\` are not taken over`, 'write them into a CSV, JSON, JSONL or YAML file')
    return []
  }
  if (/\.[ct]sv$/iu.test(path)) {
    const rows = readTestTable(await run.read(path), { file: run.nameFor(path), run })
    return await Promise.all(rows.map((row) => readTest(row, parts)))
  }
  if (!/\.jsonl$/iu.test(path)) return await readList(await run.readDocument(path), parts)
  const lines = (await run.read(path)).split('\n')
  const rows = lines.flatMap((line, index) =>
    line.trim() === '' ? [] : [cursorAt(parsedLine(line), { file: run.nameFor(path), line: index + 1, column: 1 })],
  )
  for (const row of rows) if (row.value === undefined) run.note(row, 'the line is no JSON and is left out')
  return await Promise.all(rows.filter(({ value }) => value !== undefined).map((row) => readTest(row, parts)))
}

function parsedLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    return undefined
  }
}

const known = new Set(['description', 'vars', 'assert', 'metadata', 'options'])

async function readTest(at: Cursor, parts: CheckParts): Promise<ReadTest> {
  const { run } = parts
  const description = at.at('description')
  for (const [key, member] of at.members()) {
    if (!known.has(key)) run.note(member, `\`${key}\` of a test is not taken over`)
  }
  for (const [key, member] of at.at('options').members())
    run.note(member, `the option \`${key}\` of a test is not taken over`)
  return {
    name: typeof description.value === 'string' && description.value !== '' ? run.content(description) : undefined,
    vars: await readVars(at.at('vars'), parts),
    checks: await readChecks(at.at('assert'), parts),
    metadata: Object.fromEntries(
      at
        .at('metadata')
        .members()
        .map(([key, member]) => [key, run.deepContent(member)]),
    ),
    at,
  }
}

/** Reads variables; those that name a file become its content. */
export async function readVars(vars: Cursor, { run }: CheckParts): Promise<Readonly<Record<string, unknown>>> {
  if (typeof vars.value === 'string') run.note(vars, 'variables in a file of their own are not taken over')
  const read = vars.members().map(async ([name, at]): Promise<readonly [string, unknown]> => {
    const file = typeof at.value === 'string' ? fileReference(at.value) : undefined
    if (file === undefined) return [name, run.deepContent(at)]
    if (/\.(?:txt|md|html?|xml|csv)$/iu.test(file.path)) {
      const text = await run.read(file.path)
      return [name, run.content(cursorAt(text.trimEnd(), at.place))]
    }
    if (/\.(?:json|ya?ml)$/iu.test(file.path)) return [name, run.deepContent(await run.readDocument(file.path))]
    run.note(at, `the variable \`${name}\` names a file that is not taken over: \`${file.path}\``)
    return [name, run.content(at)]
  })
  return Object.fromEntries(await Promise.all(read))
}

/** A list as the value of a variable stands for a test of each of its items. */
function rowsOf({ name, vars, checks, metadata, at }: ReadTest, { run }: CheckParts): readonly ScenarioInput[] {
  let rows: Record<string, unknown>[] = [{}]
  for (const [key, value] of Object.entries(vars)) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (rows.length * values.length > maxRows) {
      run.note(at, `the lists of a test come to more than ${maxRows} rows; the rest is left out`)
    }
    rows = rows.flatMap((row) => values.map((each) => ({ ...row, [key]: each }))).slice(0, maxRows)
  }
  return rows.map((inputs) => ({
    ...(name === undefined ? {} : { name }),
    inputs,
    ...(checks.length === 0 ? {} : { checks: [...checks] }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  }))
}

/** What targets know by themselves; no variable of a test. */
const builtIn = new Set([
  'env',
  'prompt',
  'query',
  'user',
  'key',
  'conversation_id',
  'history',
  'model',
  'inputs',
  'files',
])

/** Names of the variables that prompts and requests ask for. */
export function placeholdersOf(value: unknown): readonly string[] {
  const found = JSON.stringify(value).matchAll(/\{\{\s*([\p{L}_][\p{L}\p{N}_-]*)[\p{L}\p{N}_.-]*\s*\}\}/gu)
  return [...new Set([...found].map(([, name = '']) => name))].filter((name) => !builtIn.has(name))
}

/**
 * Variables that a test does not have are empty texts, as its templates would print them: those of prompts and requests
 * (`sent`), and those that checks name (`named`).
 */
export function withEmptyVars(
  scenarios: readonly ScenarioInput[],
  { sent, named }: { readonly sent: readonly string[]; readonly named: readonly string[] },
): ScenarioInput[] {
  const empty = Object.fromEntries(sent.map((name) => [name, '']))
  return scenarios.map((scenario) => {
    const inputs = { ...empty, ...scenario.inputs }
    const lacking = [...named, ...placeholdersOf(scenario.checks ?? [])].filter((name) => !Object.hasOwn(inputs, name))
    const vars = Object.fromEntries(lacking.map((name) => [name, '']))
    return { ...scenario, inputs, ...(lacking.length === 0 ? {} : { vars }) }
  })
}
