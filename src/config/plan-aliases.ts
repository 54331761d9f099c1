import { isObject, type Members, type Sourced } from './aliases.ts'
import { combiningAliases, reshapeCombining } from './plan-dimensions.ts'
import { itemsOf, namedItems, partsOf, placedList, placedObject } from './placed-values.ts'
import { hoistVariants, variantList } from './plan-workflow-variants.ts'
import { lift, take, type Shape } from './schema-mapping.ts'

const checkAliases = {
  assert: 'checks',
  asserts: 'checks',
  assertions: 'checks',
  validation: 'checks',
  validations: 'checks',
  scorers: 'checks',
}

const scenarioKeys = ['name', 'inputs', 'vars', 'query', 'files', 'checks', 'metadata', 'expected']

/** How rows may be written besides their schema; an object without a known key is nothing but inputs. */
export const scenarioShape: Shape = {
  aliases: {
    ...checkAliases,
    id: 'name',
    scenario_id: 'name',
    case_name: 'name',
    title: 'name',
    user_query: 'query',
    variables: 'vars',
    attachments: 'files',
  },
  shorthand: (source) => textAs(source, 'query'),
  reshape(members) {
    const [first] = members.values()
    if (first !== undefined && ![...members.keys()].some((key) => scenarioKeys.includes(key))) {
      const inputs = placedObject(members)
      members.clear()
      members.set('inputs', { value: inputs, at: first.at.slice(0, -1) })
      return
    }
    listOfOne(members, 'checks')
    const expected = take(members, 'expected')
    if (expected === undefined) return
    const vars = members.get('vars')
    const others = vars === undefined ? [] : partsOf(vars)
    members.set('vars', { value: placedObject([['expected', expected], ...others]), at: vars?.at ?? expected.at })
  },
}

/** How turns may be written besides their schema; a bare text is what the user says. */
export const turnShape: Shape = {
  aliases: { ...checkAliases, user: 'query', message: 'query', content: 'query', text: 'query', attachments: 'files' },
  shorthand: (source) => textAs(source, 'query'),
  reshape(members) {
    if (members.get('role')?.value === 'user') members.delete('role')
    listOfOne(members, 'checks')
  },
}

/** How conversations may be written besides their schema; a bare list is the turns. */
export const flowShape: Shape = {
  aliases: {
    ...checkAliases,
    id: 'name',
    flow_id: 'name',
    title: 'name',
    steps: 'turns',
    messages: 'turns',
    conversation: 'turns',
    variables: 'vars',
  },
  shorthand: (source) =>
    Array.isArray(source.value) ? { ...source, value: placedObject([['turns', source]]) } : source,
  reshape: (members) => listOfOne(members, 'checks'),
}

/** How datasets may be written besides their schema; a bare text is a file. */
export const datasetShape: Shape = {
  aliases: {
    ...combiningAliases,
    ...checkAliases,
    id: 'name',
    dataset_id: 'name',
    title: 'name',
    path: 'file',
    source: 'file',
    rows: 'scenarios',
    cases: 'scenarios',
    test_cases: 'scenarios',
    flows: 'conversationFlows',
    conversations: 'conversationFlows',
  },
  shorthand(source) {
    if (typeof source.value !== 'string') return source
    const name = source.value.replace(/^.*[\\/]/u, '').replace(/\.[^.]*$/u, '')
    return {
      ...source,
      value: placedObject([
        ['name', { ...source, value: name }],
        ['file', source],
      ]),
    }
  },
  reshape(members, tools) {
    reshapeCombining(members, tools)
    listOfOne(members, 'checks')
    nameEntries(members, 'scenarios')
    nameEntries(members, 'conversationFlows')
  },
}

/** How variants may be written besides their schema; a bare text is an id. */
export const variantShape: Shape = {
  aliases: {
    variant_id: 'id',
    name: 'id',
    prompt_patches: 'patches',
    dsl_patches: 'patches',
    edits: 'patches',
    params: 'sampling',
    system_prompt: 'prompt',
  },
  shorthand: (source) => textAs(source, 'id'),
  reshape: (members) => listOfOne(members, 'patches'),
}

/** How the evaluation may be written besides its schema; a bare list is the checks. */
export const evaluationShape: Shape = {
  aliases: {
    ...checkAliases,
    judge_model: 'judge',
    embedding_model: 'embeddings',
    primary_metric: 'primary',
    control: 'baseline',
    significance: 'alpha',
    non_inferiority_margin: 'margin',
    pass_threshold: 'passShare',
    bootstrap_draws: 'draws',
  },
  shorthand: (source) =>
    Array.isArray(source.value) ? { ...source, value: placedObject([['checks', source]]) } : source,
  reshape: (members) => listOfOne(members, 'checks'),
}

/** Members of the execution policy that may stand at the top of a plan. */
const policyMembers = ['rateLimit', 'rateControl', 'retry', 'stop', 'concurrency', 'batchSize', 'timeoutSeconds']

/** How plans may be written besides their schema. */
export const experimentShape: Shape = {
  aliases: {
    ...combiningAliases,
    ...checkAliases,
    plan_id: 'name',
    plan_name: 'name',
    title: 'name',
    environment: 'env',
    env_file: 'env',
    catalog_file: 'catalog',
    workflow: 'workflows',
    workflow_catalog: 'catalog',
    data: 'testData',
    test_data: 'testData',
    dataset: 'datasets',
    rows: 'scenarios',
    flows: 'conversationFlows',
    conversation_flows: 'conversationFlows',
    prompt_variants: 'variants',
    prompt_optimization: 'variants',
    repeat: 'repeats',
    execution_policy: 'execution',
    policy: 'execution',
    eval: 'evaluation',
    gate: 'gates',
    rate_control: 'rateControl',
    rate_limit: 'rateLimit',
    retry_policy: 'retry',
    stop_conditions: 'stop',
    batch_size: 'batchSize',
    timeout_seconds: 'timeoutSeconds',
  },
  reshape(members, tools) {
    lift(members, 'testData', tools)
    reshapeCombining(members, tools)
    ownDataset(members)
    const variants = members.get('variants')
    if (variants !== undefined) members.set('variants', variantList(variants, tools.mapper))
    hoistVariants(members, tools.mapper)
    const datasets = members.get('datasets')
    if (datasets !== undefined) members.set('datasets', namedItems(asList(datasets), 'name'))
    gather(members, 'execution', policyMembers)
    listOfOne(members, 'gates')
    addChecks(members)
  },
}

/** Rows and conversations at the top of a plan are a dataset of their own. */
function ownDataset(members: Members): void {
  const parts = ['scenarios', 'conversationFlows'].flatMap((key): [string, Sourced][] => {
    const member = take(members, key)
    return member === undefined ? [] : [[key, member]]
  })
  const [first] = parts
  if (first === undefined) return
  const at = first[1].at
  const own = { value: placedObject([['name', { value: 'scenarios', at }], ...parts]), at }
  const datasets = members.get('datasets')
  const others = datasets === undefined ? [] : itemsOf(namedItems(asList(datasets), 'name'))
  members.set('datasets', { value: placedList([own, ...others]), at: datasets?.at ?? at })
}

/** Checks at the top of a plan belong to the evaluation; so does an object that is one. */
function addChecks(members: Members): void {
  const checks = take(members, 'checks')
  if (checks === undefined) return
  const evaluation = members.get('evaluation')
  const own = isEvaluation(checks) ? partsOf(checks) : [['checks', asList(checks)] as const]
  const others = evaluation === undefined ? [] : partsOf(evaluation)
  members.set('evaluation', { value: placedObject([...own, ...others]), at: evaluation?.at ?? checks.at })
}

function isEvaluation({ value }: Sourced): boolean {
  return isObject(value) && !('type' in value)
}

function gather(members: Members, key: string, names: readonly string[]): void {
  const parts = names.flatMap((name): [string, Sourced][] => {
    const member = take(members, name)
    return member === undefined ? [] : [[name, member]]
  })
  const [first] = parts
  if (first === undefined) return
  const group = members.get(key)
  const own = group === undefined ? [] : partsOf(group)
  members.set(key, { value: placedObject([...parts, ...own]), at: group?.at ?? first[1].at })
}

function textAs(source: Sourced, key: string): Sourced {
  return typeof source.value === 'string' ? { ...source, value: placedObject([[key, source]]) } : source
}

/** What is not a list and not a record by name is the only item of one. */
function asList(source: Sourced): Sourced {
  return typeof source.value === 'string' ? { ...source, value: placedList([source]) } : source
}

function listOfOne(members: Members, key: string): void {
  const member = members.get(key)
  if (member === undefined || Array.isArray(member.value) || member.value === null) return
  members.set(key, { ...member, value: placedList([member]) })
}

function nameEntries(members: Members, key: string): void {
  const member = members.get(key)
  if (member !== undefined) members.set(key, namedItems(member, 'name'))
}
