import type { Sent } from '../../../src/client/types.ts'

type PipelineBody = Sent<'startPipeline'>['body']
type ExecutionChoice = NonNullable<PipelineBody['execution']>

/** How tests are run, as it stands in the form; empty means as the server has it. */
export interface ExecutionForm {
  readonly retries: string
  readonly workers: string
  readonly timeout: string
  readonly testTimeout: string
  readonly coverage: boolean
}

/** What the form for a run of a suite holds. */
export interface SuiteForm extends ExecutionForm {
  readonly source: 'folder' | 'text'
  readonly suiteId: string
  readonly text: string
  /** File name of what was uploaded; empty where it was typed. */
  readonly name: string
  readonly mode: 'offline' | 'mock' | 'local' | 'http'
  readonly model: string
  readonly response: string
  readonly framework: '' | 'pytest' | 'vitest' | 'node'
  readonly tags: string
  readonly todo: 'pipeline' | 'generate'
}

/** What the form for a run of tests holds. */
export interface TestsForm extends ExecutionForm {
  readonly source: 'choice' | 'file'
  readonly requestPath: string
  readonly framework: 'pytest' | 'vitest' | 'node'
  readonly cwd: string
  /** One path or id a line. */
  readonly tests: string
  readonly args: string
}

const execution: ExecutionForm = { retries: '', workers: '', timeout: '', testTimeout: '', coverage: false }

/** An empty form for a run of a suite. */
export const emptySuiteForm: SuiteForm = {
  ...execution,
  source: 'folder',
  suiteId: '',
  text: '',
  name: '',
  mode: 'offline',
  model: '',
  response: '',
  framework: '',
  tags: '',
  todo: 'pipeline',
}

/** An empty form for a run of tests. */
export const emptyTestsForm: TestsForm = {
  ...execution,
  source: 'choice',
  requestPath: '',
  framework: 'pytest',
  cwd: '.',
  tests: '',
  args: '',
}

/** The suite that a form holds. */
export function suiteOf({ source, suiteId, text }: SuiteForm): Pick<PipelineBody, 'suite' | 'suiteId'> {
  return source === 'folder' ? { suiteId } : { suite: text }
}

/** What is sent for a run of a suite. */
export function pipelineBody(form: SuiteForm): PipelineBody {
  const tags = wordsOf(form.tags)
  const choice = form.todo === 'pipeline' ? executionOf(form) : undefined
  return {
    ...suiteOf(form),
    model: modelOf(form),
    ...(form.framework === '' ? {} : { framework: form.framework }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(choice === undefined ? {} : { execution: choice }),
  }
}

/** What is sent for a run of tests. */
export function executionBody(form: TestsForm): Sent<'startExecution'>['body'] {
  const choice = executionOf(form)
  const how = choice === undefined ? {} : { execution: choice }
  if (form.source === 'file') return { requestPath: form.requestPath.trim(), ...how }
  const { framework, cwd } = form
  const args = linesOf(form.args)
  const request = {
    framework,
    cwd: cwd.trim() || '.',
    tests: linesOf(form.tests),
    ...(args.length === 0 ? {} : { args }),
  }
  return { request, ...how }
}

function modelOf({ mode, model, response }: SuiteForm): NonNullable<PipelineBody['model']> {
  if (mode === 'mock') return { mode, response }
  if (mode === 'http') return model === '' ? { mode } : { mode, model }
  return { mode }
}

function executionOf({ retries, workers, timeout, testTimeout, coverage }: ExecutionForm): ExecutionChoice | undefined {
  const choice: ExecutionChoice = {
    ...(numberOf(retries) === undefined ? {} : { retries: numberOf(retries) }),
    ...(numberOf(workers) === undefined ? {} : { workers: numberOf(workers) }),
    ...(numberOf(timeout) === undefined ? {} : { timeoutSeconds: numberOf(timeout) }),
    ...(numberOf(testTimeout) === undefined ? {} : { testTimeoutSeconds: numberOf(testTimeout) }),
    ...(coverage ? { coverage } : {}),
  }
  return Object.keys(choice).length === 0 ? undefined : choice
}

/** A number as it was typed; `undefined` where there is none. */
export function numberOf(text: string): number | undefined {
  const number = text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(number) ? number : undefined
}

function wordsOf(text: string): string[] {
  return text.split(/[\s,，、;]+/u).filter((word) => word !== '')
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
