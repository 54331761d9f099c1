import { relative, resolve } from 'node:path'
import type { Problem } from '../domain/errors.ts'
import { exists } from '../lib/files.ts'
import { expand, type Variables } from './expansion.ts'
import { readLargeText } from './large-text.ts'
import { readDataset, type DatasetRows } from './plan-dataset-file.ts'
import type { Columns } from './plan-dataset-row.ts'
import { parametersOf, workflowsOf, type PlanParts } from './plan-parts.ts'
import { attempt } from './plan-problems.ts'
import type { PlanSources } from './plan-sources.ts'
import type { View } from './plan-view.ts'

/** Reads the rows of every dataset that names a file; by the index of the dataset. */
export async function readDatasets(
  sources: PlanSources,
  parts: PlanParts,
  env: Variables,
): Promise<{ readonly rows: ReadonlyMap<number, DatasetRows>; readonly problems: readonly Problem[] }> {
  const rows = new Map<number, DatasetRows>()
  const problems: Problem[] = []
  for (const [index, dataset] of parts.datasets.entries()) {
    const file = dataset.get('file')
    if (file.text === undefined) continue
    const path = resolve(sources.plan.folder, expand(file.text, env).value)
    const reading = readDataset(path, sources.name(path), columnsOf(dataset, parts, { path, sources }))
    const read = await attempt(reading, file.place())
    if (read.ok) rows.set(index, read.value)
    problems.push(...(read.ok ? read.value.problems : read.problems))
  }
  return { rows, problems }
}

function columnsOf(dataset: View, parts: PlanParts, at: { path: string; sources: PlanSources }): Columns {
  const folder = relative(at.sources.plan.folder, resolve(at.path, '..')).replaceAll('\\', '/')
  const isDeclared = workflowsOf(dataset, parts).some((one) => one.get('parameters').items().length > 0)
  return { declared: parametersOf(dataset, parts), others: isDeclared ? 'vars' : 'inputs', folder }
}

/** Reads the descriptions that workflows name, by id of the workflow. */
export async function readDescriptions(
  sources: PlanSources,
  env: Variables,
): Promise<{ readonly descriptions: Readonly<Record<string, string>>; readonly problems: readonly Problem[] }> {
  const descriptions: Record<string, string> = {}
  const problems: Problem[] = []
  for (const { view, folder } of sources.catalogs) {
    for (const workflow of view.get('workflows').items()) {
      const dsl = workflow.get('dsl')
      const id = workflow.get('id').text
      if (dsl.text === undefined || id === undefined) continue
      const path = resolve(folder, expand(dsl.text, env).value)
      const read = await attempt(readLargeText(path, sources.name(path)), dsl.place())
      if (read.ok) descriptions[id] = read.value
      else problems.push(...read.problems)
    }
  }
  return { descriptions, problems }
}

interface NamedFile {
  readonly view: View
  readonly folder: string
  readonly what: string
}

/** Problems of files that are named and not there: of checks, modules, and what goes along with calls. */
export async function fileProblems(sources: PlanSources, parts: PlanParts, env: Variables): Promise<Problem[]> {
  const folder = sources.plan.folder
  const ofChecks = parts.checks
    .filter((check) => check.get('type').text === 'function' || check.get('type').text === 'python')
    .map((check) => ({ view: check.get('file'), folder, what: 'the check names' }))
  const modules = sources.catalogs.flatMap(({ view, folder }) =>
    view
      .get('workflows')
      .items()
      .filter((workflow) => workflow.get('target').text === 'module')
      .map((workflow) => ({ view: workflow.get('file'), folder, what: 'the workflow names' })),
  )
  const attached = parts.datasets.flatMap(attachments).map((view) => ({ view, folder, what: 'the row names' }))
  const checked = new Map<string, boolean>()
  const problems: Problem[] = []
  for (const { view, folder, what } of [...ofChecks, ...modules, ...attached] satisfies NamedFile[]) {
    if (view.text === undefined) continue
    const path = resolve(folder, expand(view.text, env).value)
    const isThere = checked.get(path) ?? (await exists(path))
    checked.set(path, isThere)
    if (isThere) continue
    problems.push({
      message: `${what} a file that does not exist: \`${sources.name(path)}\``,
      place: view.place(),
      help: 'paths start from the folder of the file that names them',
    })
  }
  return problems
}

function attachments(dataset: View): View[] {
  const flows = dataset.get('conversationFlows').items()
  const holders = [...dataset.get('scenarios').items(), ...flows.flatMap((flow) => flow.get('turns').items())]
  return holders.flatMap((holder) =>
    holder
      .get('files')
      .items()
      .map((file) => file.get('path')),
  )
}
