import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { parseSuite } from '../config/suite-file.ts'
import type { PlanPreview, SuiteCheck } from '../domain/api-files.ts'
import { GreenloopError } from '../domain/errors.ts'
import { refuseOutside } from './confinement.ts'
import { lookAt } from './document-look.ts'
import type { DocumentLook } from './document-look.ts'
import type { DocumentTask, PreviewTask } from './document-thread.ts'
import { entriesOf, entriesOfError } from './problem-entries.ts'
import { answerTasks } from './thread-answers.ts'

answerTasks(async (task: DocumentTask): Promise<DocumentLook | SuiteCheck | PlanPreview> => {
  if (task.kind === 'preview') return preview(task)
  return task.kind === 'look' ? lookAt(task.text, task.name) : check(task.text, task.name)
})

async function check(text: string, name: string): Promise<SuiteCheck> {
  try {
    const { suite, warnings } = await parseSuite(text, name)
    return {
      ok: true,
      problems: [],
      warnings: entriesOf(warnings),
      name: suite.name,
      cases: suite.cases.length,
      endpoints: suite.endpoints.length,
    }
  } catch (error) {
    if (!(error instanceof GreenloopError)) throw error
    const look = await lookAt(text, name)
    const counts = look.kind === 'suite' ? { cases: look.cases, endpoints: look.endpoints } : {}
    const named = look.kind === 'other' || look.name === undefined ? {} : { name: look.name }
    return { ok: false, problems: entriesOfError(error), warnings: [], ...named, ...counts }
  }
}

/** The way of a real run up to its prompt, on a copy of the text. */
async function preview({ text, name, base, cwd, env, flags }: PreviewTask): Promise<PlanPreview> {
  const { suite } = await parseSuite(text, name)
  const { module = '', root } = suite.target
  const confined = { root: cwd, unseen: [] }
  // The root of a text counts from a file that the server does not know: what lies outside is left alone.
  const isBlind =
    module.split('/').includes('..') ||
    (await refuseOutside(confined, resolve(base, root), 'target.root').then(
      () => false,
      () => true,
    ))
  // It brings half of Greenloop along, which the other tasks do without.
  const { prepare } = await import('./generation.ts')
  const folder = await mkdtemp(join(tmpdir(), 'greenloop-preview-'))
  try {
    const path = join(folder, `suite${extname(name)}`)
    await writeFile(path, text, { mode: 0o600 })
    const where = { cwd, env, flags, signal: new AbortController().signal }
    const { plan, prompt, warnings } = await prepare({ suite: path, base, isBlind }, where)
    return {
      name: plan.name,
      feature: plan.feature,
      framework: plan.framework,
      scriptName: plan.scriptName,
      cases: plan.cases.map(({ id, title, priority }) => ({ id, title, priority })),
      endpoints: plan.endpoints.map((endpoint) => ({ method: endpoint.method, path: endpoint.path })),
      warnings: warnings.map((warning) => warning.replaceAll(path, name)),
      prompt: { system: prompt.system, user: prompt.user, estimatedTokens: prompt.estimatedTokens },
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
