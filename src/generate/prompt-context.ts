import type { Plan } from '../domain/plan.ts'
import type { Case } from '../domain/suite.ts'
import { moduleImport } from './offline.ts'
import { isRecord } from './schema-shape.ts'

/** An earlier test that resembles what is asked for. */
export interface RetrievedTest {
  readonly name: string
  readonly code: string
}

/** What templates can use. JSON values are given as text. */
interface PromptContext {
  readonly plan: {
    readonly name: string
    readonly feature: string
    readonly description: string
    readonly owner: string
    readonly priority: string
    readonly max_tests_per_endpoint: number
  }
  readonly framework: string
  readonly language: string
  readonly script_name: string
  readonly import_line: string
  readonly target_text: string
  readonly base_url_text: string
  readonly endpoints: readonly Readonly<Record<string, unknown>>[]
  readonly cases: readonly Readonly<Record<string, unknown>>[]
  readonly spec_text: string
  readonly retrieved: readonly RetrievedTest[]
  readonly notes: string
  /** Line before and after the data, so that a model can tell it from instructions. */
  readonly boundary: string
}

/** The context of a plan, with what else the prompt is to hold. */
export function promptContext(
  plan: Plan,
  extra: Pick<PromptContext, 'spec_text' | 'retrieved' | 'boundary'>,
): PromptContext {
  const { name, feature, description, owner, priority } = plan
  return {
    plan: { name, feature, description, owner, priority, max_tests_per_endpoint: plan.maxTestsPerEndpoint },
    framework: plan.framework,
    language: plan.language,
    script_name: plan.scriptName,
    import_line: plan.target.kind === 'http' ? '' : moduleImport(plan),
    target_text: targetText(plan),
    base_url_text: baseUrlText(plan),
    endpoints: plan.endpoints.map((endpoint) => ({
      method: endpoint.method,
      path: endpoint.path,
      summary: endpoint.summary ?? '',
      // An endpoint that only cases imply has no status of its own to state.
      stated: [endpoint.summary, endpoint.request, endpoint.response].some((part) => part !== undefined),
      status: endpoint.status,
      invalid_status: endpoint.invalidStatus,
      request_schema: jsonText(endpoint.request),
      response_schema: jsonText(endpoint.response),
      sample_request: jsonText(endpoint.sampleRequest),
      sample_response: jsonText(endpoint.sampleResponse),
    })),
    cases: plan.cases.map(caseContext),
    notes: '',
    ...extra,
  }
}

function caseContext(item: Case): Readonly<Record<string, unknown>> {
  const from = `stated in case ${item.id}`
  return {
    id: item.id,
    title: item.title,
    objective: item.objective ?? '',
    priority: item.priority,
    tags: item.tags,
    owner: item.owner ?? '',
    story: item.suite.join(' > '),
    preconditions: item.preconditions,
    steps: item.steps.map(stepText),
    action: item.call ?? requestText(item.request),
    inputs: jsonText(
      item.args.length > 0
        ? { args: item.args, ...item.inputs }
        : Object.keys(item.inputs).length > 0
          ? item.inputs
          : undefined,
    ),
    // The rows of a parametrised case say what is expected, each for itself.
    expected: item.parameters.length > 0 ? '' : expectedText(item.expected),
    origin: Object.keys(item.expected).length === 0 ? 'none stated' : from,
    rows: item.parameters.map((row, index) => ({
      name: row.name ?? String(index + 1),
      inputs: jsonText(row.args === undefined ? row.inputs : { args: row.args, ...row.inputs }),
      expected: expectedText(row.expected ?? item.expected),
      origin: row.expected === undefined ? from : `${from}, row ${row.name ?? index + 1}`,
    })),
  }
}

function requestText(request: Case['request']): string {
  if (request === undefined) return ''
  const filled = Object.entries(request).filter(([, value]) => !isRecord(value) || Object.keys(value).length > 0)
  return jsonText(Object.fromEntries(filled))
}

function stepText({ action, data, expected }: Case['steps'][number]): string {
  const given = data === undefined ? '' : ` with ${jsonText(data)}`
  return `${action}${given}${expected === undefined ? '' : ` -> ${expected}`}`
}

function expectedText(expected: Case['expected']): string {
  return Object.keys(expected).length === 0 ? 'nothing stated' : jsonText(expected)
}

function jsonText(value: unknown): string {
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

function targetText({ target }: Plan): string {
  if (target.kind === 'http') return `an HTTP service${target.baseUrl === undefined ? '' : ` at ${target.baseUrl}`}`
  return `the ${target.kind === 'python' ? 'module' : 'Node module'} ${target.module ?? '(not named)'}`
}

function baseUrlText({ target }: Plan): string {
  if (target.kind !== 'http') return ''
  const start =
    target.start === undefined
      ? 'skip the tests where it is not set'
      : `where it is not set, start \`${target.start}\` on a free port in a session fixture, wait for ${target.ready}, and stop it at the end`
  return target.baseUrl === undefined
    ? `The base URL is in the environment variable BASE_URL; ${start}.`
    : `The base URL is in the environment variable BASE_URL, else ${target.baseUrl}.`
}
