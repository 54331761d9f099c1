import { executionRequestSchema } from '../domain/execution-request.ts'
import { isObject, objectMapping, type Mapping } from './aliases.ts'

/** Other names for the keys of an execution request. */
export const requestAliases = {
  paths: 'tests',
  test_paths: 'tests',
  test_path: 'tests',
  test_files: 'tests',
  test_file: 'tests',
  scripts: 'tests',
  script: 'tests',
  test: 'tests',
  arguments: 'args',
  pytest_args: 'args',
  extra_args: 'args',
  environment: 'env',
  env_vars: 'env',
  max_retries: 'retries',
  reruns: 'retries',
  retry: 'retries',
  timeout: 'timeoutSeconds',
  total_timeout: 'timeoutSeconds',
  test_timeout: 'testTimeoutSeconds',
  per_test_timeout: 'testTimeoutSeconds',
  parallel: 'workers',
  parallelism: 'workers',
  n: 'workers',
  max_workers: 'workers',
  working_dir: 'cwd',
  workdir: 'cwd',
  working_directory: 'cwd',
  dist: 'distribution',
  cov: 'coverage',
  benchmarks: 'benchmark',
  allow_network: 'network',
  python: 'executable',
  interpreter: 'executable',
  runner_path: 'executable',
  runner: 'framework',
}

const coverageObject = objectMapping({
  keys: ['sources', 'branches'],
  aliases: { source: 'sources', packages: 'sources', paths: 'sources', branch: 'branches', enabled: 'enabled' },
  members: { sources: listOfTexts },
})

/** `true`, the name of a package, a list of them, or an object with `source` and `branch`. */
const coverage: Mapping = (source, mapper) => {
  const { value } = source
  if (value === true) return {}
  if (value === null) return false
  if (typeof value === 'string' || Array.isArray(value))
    return mapper.object([['sources', { ...source, value: [value].flat() }]])
  if (!isObject(value)) return value
  const { enabled, ...rest } = value
  if (enabled === false) return false
  return coverageObject({ ...source, value: enabled === true ? rest : value }, mapper)
}

function listOfTexts({ value }: { readonly value: unknown }): unknown {
  return typeof value === 'string' ? [value] : value
}

/** `true` lets the number of processors decide; `false` and 0 mean one process. */
const workers: Mapping = ({ value }) => {
  if (value === true) return 'auto'
  return value === false || value === 0 || value === null ? 1 : value
}

/** Variables are text, but numbers and booleans are what people write. */
const env: Mapping = (source, mapper) => {
  if (!isObject(source.value)) return source.value
  return mapper.object(
    Object.entries(source.value).map(([name, value]) => {
      const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
      return [name, { value: text, at: [...source.at, name] }] as const
    }),
  )
}

/** One argument of a line of shell would need quoting rules; a line is split at blanks only when it has no quotes. */
const args: Mapping = ({ value }) => {
  if (typeof value !== 'string' || /["'\\]/u.test(value)) return value
  return value.split(/\s+/u).filter((part) => part !== '')
}

/** `true` stands for the defaults, an object with `enabled` for what that says. */
const benchmark: Mapping = ({ value }) =>
  isObject(value) && Object.keys(value).join() === 'enabled' ? value['enabled'] : value

/** Turns an execution request as people write it into one with canonical keys. */
export const requestMapping = objectMapping({
  keys: Object.keys(executionRequestSchema.shape),
  aliases: requestAliases,
  members: { tests: listOfTexts, args, env, workers, coverage, benchmark },
})
