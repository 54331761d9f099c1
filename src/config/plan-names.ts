import type { Problem } from '../domain/errors.ts'
import { idsOf, parametersOf, workflowsOf, type PlanParts } from './plan-parts.ts'
import { unknownName, type View } from './plan-view.ts'

/** Problems of names in a plan, catalog or environment that stand twice, or stand for nothing. */
export function nameProblems(parts: PlanParts): Problem[] {
  return [
    ...twice(parts.workflows, 'id', 'workflow'),
    ...parts.workflows.flatMap((workflow) => twice(workflow.get('parameters').items(), 'name', 'parameter')),
    ...twice(parts.datasets, 'name', 'dataset'),
    ...twice(parts.variants, 'id', 'variant'),
    ...referenceProblems(parts),
    ...parts.tried.flatMap((workflow) => serverProblems(workflow, parts)),
    ...dimensionProblems(parts),
    ...modelProblems(parts),
    ...evaluationProblems(parts),
    ...variantProblems(parts),
  ]
}

function twice(views: readonly View[], key: string, what: string): Problem[] {
  const first = new Map<string, View>()
  return views.flatMap((view) => {
    const id = view.get(key)
    if (id.text === undefined) return []
    const earlier = first.get(id.text)
    if (earlier === undefined) {
      first.set(id.text, id)
      return []
    }
    const place = earlier.place()
    const message = `the ${what} \`${id.text}\` is there twice; the first is on line ${place.line ?? '?'} of ${place.file}`
    return [{ message, place: id.place(), help: `every ${what} needs a name of its own` }]
  })
}

function referenceProblems(parts: PlanParts): Problem[] {
  const datasets = idsOf(parts.datasets, 'name')
  const workflows = idsOf(parts.workflows)
  const entries = parts.plan.get('workflows').items()
  const problems = [...twice(entries, 'id', 'entry of `workflows`')]
  if (workflows.length === 0 && !parts.catalogUnread) {
    problems.push({
      message: 'there is no catalog, so no workflow to try',
      place: parts.plan.get('workflows').place('key'),
      help: 'write `workflows.yaml` beside the plan, name another file as `catalog`, or describe workflows in the plan',
    })
  }
  for (const entry of entries) {
    const id = entry.get('id')
    if (id.text !== undefined && workflows.length > 0 && !workflows.includes(id.text)) {
      problems.push(unknownName(id, 'workflow', workflows))
    }
    const unknown = entry.get('datasets').items().filter(isUnknown(datasets))
    problems.push(...unknown.map((dataset) => unknownName(dataset, 'dataset', datasets)))
    const variants = variantIds(parts)
    const strange = entry.get('variants').items().filter(isUnknown(variants))
    problems.push(...strange.map((variant) => unknownName(variant, 'variant', variants)))
  }
  return problems
}

function isUnknown(known: readonly string[]): (view: View) => boolean {
  return ({ text }) => text !== undefined && !known.includes(text)
}

function serverProblems(workflow: View, { servers }: PlanParts): Problem[] {
  const target = workflow.get('target').text
  const url = workflow.get('http').get('url').text ?? ''
  const needsOne = target === 'dify' || target === 'openai' || (target === 'http' && !/^(?:https?:|\$\{)/iu.test(url))
  const server = workflow.get('server')
  const name = server.text ?? 'default'
  if (servers === undefined || servers.includes(name) || (!needsOne && server.text === undefined)) return []
  if (server.text !== undefined) return [unknownName(server, 'server', servers)]
  const known = servers.map((one) => `\`${one}\``).join(', ')
  return [
    {
      message: `the workflow \`${workflow.get('id').text ?? '?'}\` runs on the server \`default\`, which the environment does not have`,
      place: workflow.get('id').place(),
      help: known === '' ? 'add it to `servers` of env.yaml' : `write \`server\` with one of ${known}`,
    },
  ]
}

function dimensionProblems(parts: PlanParts): Problem[] {
  const ofDatasets = parts.datasets.flatMap((dataset) => {
    const known = parametersOf(dataset, parts)
    return dataset
      .get('pairwiseDimensions')
      .items()
      .flatMap((dimension) => dimensionProblem(dimension, known))
  })
  // What the plan itself combines has to be known to one of the datasets, or to the workflows where there is none.
  const all = parts.datasets.length === 0 ? [parts.plan] : parts.datasets
  const known = new Map(all.flatMap((dataset) => [...parametersOf(dataset, parts)]))
  const ofPlan = parts.plan.get('pairwiseDimensions').items()
  return [...ofDatasets, ...ofPlan.flatMap((dimension) => dimensionProblem(dimension, known))]
}

function dimensionProblem(dimension: View, known: ReturnType<typeof parametersOf>): Problem[] {
  if (dimension.text === undefined) return []
  const parameter = known.get(dimension.text)
  if (parameter === undefined) return [unknownName(dimension, 'parameter', [...known.keys()])]
  if (parameter.hasValues || parameter.type === 'boolean') return []
  return [
    {
      message: `the parameter \`${dimension.text}\` has no values to combine`,
      place: dimension.place(),
      help: 'give it `values` in the catalog, or in `parameters` of the dataset',
    },
  ]
}

function modelProblems({ plan, checks, models }: PlanParts): Problem[] {
  if (models === undefined) return []
  const evaluation = plan.get('evaluation')
  const named = [
    evaluation.get('judge'),
    evaluation.get('embeddings'),
    evaluation.get('preference').get('model'),
    ...checks.filter(isModelCheck).map((check) => check.get('model')),
  ]
  const problems = named.filter(isUnknown(models)).map((view) => unknownName(view, 'model', models))
  const lacking = checks.filter((check) => isModelCheck(check) && check.get('model').text === undefined)
  for (const check of lacking) {
    const key = check.get('type').text === 'judge' ? 'judge' : 'embeddings'
    if (evaluation.get(key).text !== undefined) continue
    const message = `the check \`${check.get('type').text ?? ''}\` needs a model, and none is named`
    problems.push({ message, place: check.get('type').place(), help: `set \`model\`, or \`evaluation.${key}\`` })
  }
  const preference = evaluation.get('preference')
  if (preference.value !== undefined && (preference.get('model').text ?? evaluation.get('judge').text) === undefined) {
    const help = 'set `model`, or `evaluation.judge`'
    problems.push({ message: 'the preference needs a model, and none is named', place: preference.place('key'), help })
  }
  return problems
}

function isModelCheck(check: View): boolean {
  const type = check.get('type').text
  return type === 'judge' || (type === 'similarity' && check.get('method').text === 'embedding')
}

const ownMetrics = ['pass_rate', 'score', 'latency', 'cost', 'tokens']

/** Ids of the variants; without any there is one that changes nothing. */
function variantIds({ plan, variants }: PlanParts): string[] {
  return plan.get('variants').value === undefined ? ['baseline'] : idsOf(variants)
}

function evaluationProblems(parts: PlanParts): Problem[] {
  const { plan, checks } = parts
  const evaluation = plan.get('evaluation')
  const metrics = [...ownMetrics, ...new Set(idsOf(checks, 'metric'))]
  const named = [evaluation.get('primary'), ...evaluation.get('metrics').items()]
  const ids = variantIds(parts)
  const baseline = evaluation.get('baseline')
  return [
    ...named.filter(isUnknown(metrics)).map((view) => unknownName(view, 'metric', metrics)),
    ...(isUnknown(ids)(baseline) ? [unknownName(baseline, 'variant', ids)] : []),
  ]
}

function isTriedWith(workflow: View, variant: View, { plan }: PlanParts): boolean {
  const entries = plan.get('workflows').items()
  const named = entries.find((entry) => entry.get('id').text === workflow.get('id').text)?.get('variants')
  return named?.value === undefined || named.items().some(({ text }) => text === variant.get('id').text)
}

function variantProblems(parts: PlanParts): Problem[] {
  const workflows = idsOf(parts.workflows)
  const withoutDsl = parts.tried.filter((workflow) => workflow.get('dsl').text === undefined)
  return parts.variants.flatMap((variant) => {
    const problems: Problem[] = []
    const bare = withoutDsl.filter((workflow) => isTriedWith(workflow, variant, parts))
    const names = bare.map((workflow) => `\`${workflow.get('id').text ?? '?'}\``).join(', ')
    if (variant.get('patches').items().length > 0 && bare.length > 0) {
      problems.push({
        message: `the variant \`${variant.get('id').text ?? '?'}\` patches a description, but ${names} ${bare.length === 1 ? 'has' : 'have'} no \`dsl\``,
        place: variant.get('patches').place('key'),
        help: 'export the app and name the file as `dsl` in the catalog',
      })
    }
    for (const key of workflows.length === 0 ? [] : ['versions', 'keys']) {
      for (const [name, view] of variant.get(key).entries()) {
        if (workflows.includes(name)) continue
        problems.push({ ...unknownName({ ...view, text: name }, 'workflow', workflows), place: view.place('key') })
      }
    }
    return problems
  })
}

/** Things that are allowed and yet look like an oversight. */
export function nameWarnings(parts: PlanParts): Problem[] {
  const unused = parts.datasets.filter((dataset) => workflowsOf(dataset, parts).length === 0)
  return (parts.tried.length === 0 ? [] : unused).map((dataset) => ({
    message: `no workflow uses the dataset \`${dataset.get('name').text ?? '?'}\``,
    place: dataset.get('name').place(),
  }))
}
