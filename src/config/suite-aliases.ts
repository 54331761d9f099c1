import { caseSchema, endpointSchema, requestSchema, suiteSchema, targetSchema } from '../domain/suite.ts'
import { isObject, listMapping, objectMapping, type Mapping, type Members } from './aliases.ts'
import { expectedAliases, readExpected, type CaseKind } from './expected.ts'
import * as values from './suite-values.ts'

const stepAliases = {
  content: 'action',
  description: 'action',
  step: 'action',
  name: 'action',
  测试步骤: 'action',
  步骤: 'action',
  test_data: 'data',
  测试数据: 'data',
  result: 'expected',
  expected_result: 'expected',
  预期结果: 'expected',
}

const stepObject = objectMapping({ keys: ['action', 'data', 'expected'], aliases: stepAliases })

const step: Mapping = (source, mapper) =>
  typeof source.value === 'string' ? mapper.object([['action', source]]) : stepObject(source, mapper)

const steps: Mapping = (source, mapper) =>
  listMapping(step)({ ...source, value: values.linesMapping(source, mapper) }, mapper)

const requestAliases = {
  url: 'path',
  endpoint: 'path',
  verb: 'method',
  params: 'query',
  json: 'body',
  payload: 'body',
  data: 'body',
}

const request = objectMapping({
  keys: Object.keys(requestSchema.shape),
  aliases: requestAliases,
  members: { method: values.methodMapping },
})

const rowAliases = {
  id: 'name',
  title: 'name',
  input: 'inputs',
  kwargs: 'inputs',
  expect: 'expected',
  result: 'expected',
}

const row = (kind: CaseKind) =>
  objectMapping({
    keys: ['name', 'inputs', 'args', 'expected'],
    aliases: rowAliases,
    members: { name: values.idMapping, expected: (source, mapper) => readExpected(source, kind, mapper) },
    adjust: positionalInputs,
  })

const rows: Readonly<Record<CaseKind, Mapping>> = {
  call: listMapping(row('call')),
  http: listMapping(row('http')),
  words: listMapping(row('words')),
}

const caseAliases = {
  key: 'id',
  case_id: 'id',
  test_id: 'id',
  用例编号: 'id',
  编号: 'id',
  name: 'title',
  summary: 'title',
  case_title: 'title',
  用例标题: 'title',
  标题: 'title',
  description: 'objective',
  目标: 'objective',
  section: 'suite',
  folder: 'suite',
  module: 'suite',
  suites: 'suite',
  xray_test_repository_folder: 'suite',
  precondition: 'preconditions',
  custom_preconds: 'preconditions',
  前置条件: 'preconditions',
  postcondition: 'postconditions',
  后置条件: 'postconditions',
  function: 'call',
  method_under_test: 'call',
  input: 'inputs',
  kwargs: 'inputs',
  custom_steps_separated: 'steps',
  测试步骤: 'steps',
  步骤: 'steps',
  result: 'expected',
  expect: 'expected',
  expected_result: 'expected',
  custom_expected: 'expected',
  预期结果: 'expected',
  params: 'parameters',
  entries: 'parameters',
  优先级: 'priority',
  labels: 'tags',
  tag: 'tags',
  标签: 'tags',
  references: 'refs',
  links: 'refs',
}

const testCase = objectMapping({
  keys: Object.keys(caseSchema.shape),
  aliases: caseAliases,
  members: {
    id: values.idMapping,
    suite: values.pathMapping,
    preconditions: values.linesMapping,
    postconditions: values.linesMapping,
    tags: values.tagsMapping,
    refs: values.tagsMapping,
    priority: values.priorityMapping,
    steps,
    request,
  },
  adjust(members, mapper) {
    positionalInputs(members)
    const kind = kindOf(members)
    const expected = members.get('expected')
    if (expected !== undefined) members.set('expected', { ...expected, value: readExpected(expected, kind, mapper) })
    const parameters = members.get('parameters')
    if (parameters !== undefined) members.set('parameters', { ...parameters, value: rows[kind](parameters, mapper) })
  },
})

function kindOf(members: Members): CaseKind {
  if (members.has('call')) return 'call'
  return members.has('request') ? 'http' : 'words'
}

/** A list under `inputs` holds positional arguments. */
function positionalInputs(members: Members): void {
  const inputs = members.get('inputs')
  if (inputs === undefined || !Array.isArray(inputs.value) || members.has('args')) return
  members.delete('inputs')
  members.set('args', inputs)
}

const endpointAliases = {
  url: 'path',
  verb: 'method',
  description: 'summary',
  input: 'request',
  input_schema: 'request',
  request_schema: 'request',
  request_body: 'request',
  output: 'response',
  output_schema: 'response',
  response_schema: 'response',
  status_code: 'status',
  expected_status: 'status',
  invalid_statuses: 'invalidStatus',
  sample_input: 'exampleRequest',
  sample_output: 'exampleResponse',
}

const endpoint = objectMapping({
  keys: Object.keys(endpointSchema.shape),
  aliases: endpointAliases,
  members: { method: values.methodMapping },
})

const targetAliases = { type: 'kind', package: 'module', url: 'baseUrl', command: 'start', health: 'ready' }

const target = objectMapping({ keys: Object.keys(targetSchema.shape), aliases: targetAliases })

const defaults = objectMapping({
  keys: ['timeoutMs', 'retries', 'tags'],
  aliases: {},
  members: { tags: values.tagsMapping },
})

const suiteAliases = {
  title: 'name',
  suite_name: 'name',
  suite: 'name',
  summary: 'description',
  test_cases: 'cases',
  tests: 'cases',
  用例: 'cases',
  apis: 'endpoints',
  sut: 'target',
  script_name: 'script',
  output_file: 'script',
}

/** Turns a suite as people and other tools write it into one with canonical keys. */
export const suiteMapping = objectMapping({
  keys: Object.keys(suiteSchema.shape),
  aliases: suiteAliases,
  members: {
    priority: values.priorityMapping,
    target,
    defaults,
    endpoints: listMapping(endpoint),
    cases: listMapping((source, mapper) => (isObject(source.value) ? testCase(source, mapper) : source.value)),
  },
})

/** The other names of each kind of object in a suite: alias to canonical key. */
export const suiteAliasTables: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  suite: suiteAliases,
  target: targetAliases,
  case: caseAliases,
  step: stepAliases,
  request: requestAliases,
  expected: expectedAliases,
  'row of parameters': rowAliases,
  endpoint: endpointAliases,
}

/** Every alias, for guesses at a key that nobody knows. */
export const suiteAliasNames: readonly string[] = Object.values(suiteAliasTables).flatMap((table) => Object.keys(table))
