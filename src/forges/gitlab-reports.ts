import { z } from 'zod'
import type { CiLint, Forge, TestReport } from '../domain/forge.ts'
import { capMiddle } from '../lib/plain-text.ts'
import type { GitLabApi } from './gitlab-api.ts'
import { optionalText } from './gitlab-fields.ts'

const outputCap = 65_536

/** What a failed test printed: a text, or an object of which the message comes first. */
const outputField = z.unknown().transform((said) => {
  if (said === undefined || said === null || said === '') return undefined
  if (typeof said === 'string') return said
  if (typeof said !== 'object' || Array.isArray(said)) return JSON.stringify(said)
  const { message, ...rest } = said as Readonly<Record<string, unknown>>
  const others = Object.values(rest).filter((each) => typeof each === 'string')
  const texts = [message, ...others].filter((each) => typeof each === 'string' && each !== '')
  return texts.length === 0 ? JSON.stringify(said) : texts.join('\n')
})

const caseSchema = z.object({
  name: z.string(),
  classname: optionalText,
  file: optionalText,
  status: z.enum(['success', 'failed', 'error', 'skipped']).catch('error'),
  system_output: outputField.optional(),
  stack_trace: optionalText,
})

const reportSchema: z.ZodType<TestReport> = z
  .object({
    test_suites: z.array(z.object({ name: z.string().catch(''), test_cases: z.array(caseSchema).nullish() })),
  })
  .transform(({ test_suites: suites }) => ({
    tests: suites.flatMap((suite) => (suite.test_cases ?? []).map((each) => reported(suite.name, each))),
  }))

function reported(suite: string, said: z.output<typeof caseSchema>): TestReport['tests'][number] {
  const texts = [said.system_output, said.stack_trace].filter((text) => text !== undefined)
  const output = texts.length === 0 ? undefined : capMiddle(texts.join('\n'), outputCap)
  return { suite, classname: said.classname ?? '', name: said.name, file: said.file, status: said.status, output }
}

const lintSchema: z.ZodType<CiLint> = z
  .object({
    valid: z.boolean(),
    errors: z.array(z.string()).nullish(),
    warnings: z.array(z.string()).nullish(),
    merged_yaml: optionalText,
  })
  .transform((said) => ({
    isValid: said.valid,
    errors: said.errors ?? [],
    warnings: said.warnings ?? [],
    merged: said.merged_yaml,
  }))

/** Hosts that have no check have nothing against a description either. */
const unchecked: CiLint = { isValid: true, errors: [], warnings: [] }

/** The calls for what the host says about tests and about the description of a pipeline. */
export function reportCalls(api: GitLabApi): Pick<Forge, 'testReport' | 'lint'> {
  return {
    testReport: (projectId, pipelineId, signal) => {
      const path = `/projects/${projectId}/pipelines/${pipelineId}/test_report`
      return api.read({ path, schema: reportSchema }, signal)
    },
    lint: async (projectId, ref, signal) => {
      const query = { content_ref: ref, dry_run: 'false', include_jobs: 'false' }
      return (
        (await api.find({ path: `/projects/${projectId}/ci/lint`, query, schema: lintSchema }, signal)) ?? unchecked
      )
    },
  }
}
