import { GreenloopError } from '../domain/errors.ts'
import type { Plan, PlannedEndpoint } from '../domain/plan.ts'
import {
  priorities,
  type Case,
  type Framework,
  type Language,
  type Priority,
  type Suite,
  type Target,
} from '../domain/suite.ts'
import { impliedEndpoints } from './implied-endpoints.ts'
import { sampleOf } from './samples.ts'
import { slugOf } from './slug.ts'

/** What a person may decide about a plan. */
export interface PlanOptions {
  /** Wins over the framework that follows from the target. */
  readonly framework?: Framework | undefined
  /** Bound on tests made from one endpoint's schemas. */
  readonly maxTestsPerEndpoint: number
  /** Keep cases that carry at least one of these tags. */
  readonly tags?: readonly string[] | undefined
  /** Keep cases of these priorities. */
  readonly priorities?: readonly Priority[] | undefined
  /** Whether a file exists in the target's root: lets `module: "calculator"` find `calculator.mjs`. */
  readonly exists?: ((path: string) => boolean) | undefined
}

const languages = { pytest: 'python', vitest: 'typescript', node: 'javascript' } as const satisfies Record<
  Framework,
  Language
>
const endings = {
  pytest: ['.py'],
  vitest: ['.ts', '.mts', '.js', '.mjs'],
  node: ['.mjs', '.js', '.ts', '.mts'],
} as const

/** Turns a suite into a plan. Pure but for `options.exists`. Throws `suite_invalid` for a script name that leaves its folder. */
export function planSuite(suite: Suite, options: PlanOptions): Plan {
  const framework = options.framework ?? (suite.target.kind === 'node' ? 'vitest' : 'pytest')
  const warnings: string[] = []
  if (suite.target.openapi !== undefined) {
    warnings.push('`target.openapi` is not read: describe the endpoints under `endpoints`')
  }
  const all = suite.cases.map((item) => withDefaults(item, suite))
  const cases = byPriority(all.filter((item) => isWanted(item, options)))
  if (cases.length < all.length) {
    warnings.push(`${all.length - cases.length} of ${all.length} cases left out by tags or priorities`)
  }
  warnings.push(...cases.flatMap(caseWarnings))
  const declared = uniqueEndpoints(suite, warnings)
  const endpoints = [...declared, ...impliedEndpoints(cases, declared)]
  return {
    name: suite.name,
    feature: suite.feature ?? suite.name,
    description: suite.description ?? '',
    owner: suite.owner ?? '',
    priority: suite.priority,
    framework,
    language: languages[framework],
    target: planTarget(suite.target, { framework, exists: options.exists, warnings }),
    endpoints: endpoints.map(withSamples),
    cases,
    scriptName: scriptNameOf(suite, framework, warnings),
    maxTestsPerEndpoint: options.maxTestsPerEndpoint,
    warnings,
  }
}

function withDefaults(item: Case, suite: Suite): Case {
  const tags = [...new Set([...suite.defaults.tags, ...item.tags])]
  const owner = item.owner ?? suite.owner
  return { ...item, tags, ...(owner === undefined ? {} : { owner }) }
}

function isWanted(item: Case, options: PlanOptions): boolean {
  const { tags = [], priorities: wanted = [] } = options
  const tagged = tags.length === 0 || item.tags.some((tag) => tags.includes(tag))
  return tagged && (wanted.length === 0 || wanted.includes(item.priority))
}

function byPriority(cases: readonly Case[]): Case[] {
  return cases.toSorted((a, b) => priorities.indexOf(a.priority) - priorities.indexOf(b.priority))
}

function caseWarnings(item: Case): string[] {
  const found: string[] = []
  if (item.call === undefined && item.request === undefined) {
    found.push(`case ${item.id} names neither a call nor a request: only a model can write it`)
  }
  const expectations = [item.expected, ...item.parameters.map((row) => row.expected ?? item.expected)]
  if (expectations.every((expected) => Object.keys(expected).every((key) => key === 'text'))) {
    found.push(`case ${item.id} states no expectation that can be checked by rule`)
  }
  return found
}

function uniqueEndpoints(suite: Suite, warnings: string[]): Suite['endpoints'] {
  const seen = new Set<string>()
  return suite.endpoints.filter(({ method, path }) => {
    const key = `${method} ${path}`
    if (seen.has(key)) warnings.push(`endpoint ${key} is listed twice; the first one counts`)
    return !seen.has(key) && seen.add(key)
  })
}

function withSamples(endpoint: Suite['endpoints'][number]): PlannedEndpoint {
  const request = endpoint.exampleRequest ?? (endpoint.request === undefined ? null : sampleOf(endpoint.request))
  const response = endpoint.exampleResponse ?? (endpoint.response === undefined ? null : sampleOf(endpoint.response))
  return { ...endpoint, sampleRequest: request, sampleResponse: response }
}

interface Planning {
  readonly framework: Framework
  readonly exists: PlanOptions['exists']
  readonly warnings: string[]
}

/** For JavaScript the module becomes a file with its ending, so that one suite serves both languages. */
function planTarget(target: Target, { framework, exists, warnings }: Planning): Target {
  if (target.kind === 'http' || target.module === undefined) return target
  if (framework === 'pytest') {
    if (target.kind === 'node') warnings.push('the target is a Node module, which pytest cannot import')
    return target
  }
  const module = target.module.replace(/^\.\//u, '')
  if (/\.(?:[cm]?[jt]s|tsx|jsx)$/u.test(module)) return { ...target, module }
  const stem = target.kind === 'python' ? module.replaceAll('.', '/') : module
  const found = ['.mjs', '.js', '.ts', '.mts', '.cjs', '/index.mjs', '/index.js', '/index.ts'].find((ending) =>
    exists?.(stem + ending),
  )
  if (found === undefined && exists !== undefined)
    warnings.push(`no JavaScript or TypeScript file for module ${module}`)
  return { ...target, module: stem + (found ?? '.mjs') }
}

function scriptNameOf(suite: Suite, framework: Framework, warnings: string[]): string {
  const named = suite.script?.replaceAll('\\', '/')
  if (named !== undefined) {
    refuseUnsafe(named)
    if (endings[framework].some((ending) => named.endsWith(ending))) return named.replace(/^(?:\.\/)+/u, '')
    warnings.push(`the script name ${named} does not fit ${framework}; a name was made from the suite`)
  }
  const slug = slugOf(suite.name, 50) || 'suite'
  const names = { pytest: `tests/test_${slug}.py`, vitest: `${slug}.test.ts`, node: `${slug}.test.mjs` }
  return names[framework]
}

function refuseUnsafe(name: string): void {
  const absolute = name.startsWith('/') || /^[a-z]:/iu.test(name)
  // oxlint-disable-next-line no-control-regex
  const odd = /[\u0000-\u001f\u007f]/u.test(name) || name.split('/').includes('..') || name.endsWith('/')
  if (!absolute && !odd) return
  throw new GreenloopError(
    'suite_invalid',
    `the script name \`${JSON.stringify(name).slice(1, -1)}\` leaves the folder of scripts`,
    {
      why: 'a generated script is written below the folder of the run',
      help: 'use a relative name without `..`, such as tests/test_calc_api.py',
    },
  )
}
