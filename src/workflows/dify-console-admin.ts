import { GreenloopError } from '../domain/errors.ts'
import { at, textOf } from './dify-dsl-document.ts'
import type { AdminAnswer } from './dify-console-call.ts'

/** An app as lists of the server name it. */
export interface ListedApp {
  readonly id: string
  readonly name: string
}

/** Where a description is imported to: over an app that is there, or as a new one of this name. */
interface ImportInto {
  readonly appId?: string | undefined
  readonly name?: string | undefined
}

/** What came of an import. */
export interface Imported {
  readonly appId: string
  /** What the server remarked: an older format that it took over. */
  readonly warnings: readonly string[]
}

/** Name and comment of a published version. */
export interface VersionMark {
  /** At most 20 characters. */
  readonly name: string
  /** At most 100 characters. */
  readonly comment: string
}

/** Administration of apps that both routes can do. Methods throw as targets do. */
export interface DifyAdmin {
  importApp(dsl: string, into: ImportInto): Promise<Imported>
  /** The draft, or a published version. */
  exportApp(appId: string, versionId?: string): Promise<string>
  /** Makes the draft a version and gives its id. */
  publish(appId: string, mark: VersionMark): Promise<string>
  /** Plugins that the app needs and the server has not. */
  missingDependencies(appId: string): Promise<readonly string[]>
}

/** Administration with a login: what makes and removes apps and keys. */
export interface DifyConsole extends DifyAdmin {
  createKey(appId: string): Promise<{ readonly id: string; readonly token: string }>
  /** Whether it was there. */
  deleteKey(appId: string, keyId: string): Promise<boolean>
  /** Whether it was there. */
  deleteApp(appId: string): Promise<boolean>
  /** Apps whose name begins so. */
  listApps(prefix: string): Promise<readonly ListedApp[]>
}

/** A text of an answer. Throws `target_garbled` where it is not there. */
export function answerText({ body }: AdminAnswer, path: readonly (string | number)[], what: string): string {
  const text = textOf(at(body, path))
  if (text !== undefined && text !== '') return text
  throw new GreenloopError('target_garbled', `the answer to ${what} has no \`${path.join('.')}\``)
}

/** What an import answered, a pending one confirmed before. Throws `target_refused` for one that failed. */
export function importOutcome(answer: AdminAnswer): Imported {
  const status = textOf(at(answer.body, ['status'])) ?? ''
  const error = textOf(at(answer.body, ['error'])) ?? textOf(at(answer.body, ['message'])) ?? ''
  if (answer.status >= 400 || status === 'failed') {
    throw new GreenloopError('target_refused', `the server does not import the description: ${error || status}`)
  }
  const appId = answerText(answer, ['app_id'], 'the import')
  const older = textOf(at(answer.body, ['imported_dsl_version'])) ?? 'another version'
  const remark = `the server took over a description of ${older}${error === '' ? '' : `: ${error}`}`
  return { appId, warnings: status === 'completed-with-warnings' ? [remark] : [] }
}

/** Whether an import waits for a confirmation, as those of a newer format do. */
export function isPending({ status, body }: AdminAnswer): boolean {
  return status === 202 || at(body, ['status']) === 'pending'
}

/** Names of the plugins that an answer lists as missing. */
export function leakedDependencies({ body }: AdminAnswer): readonly string[] {
  const list = at(body, ['leaked_dependencies'])
  if (!Array.isArray(list)) return []
  return list.map((item: unknown) => {
    const value = at(item, ['value'])
    const name = ['marketplace_plugin_unique_identifier', 'plugin_unique_identifier', 'github_plugin_unique_identifier']
      .map((key) => textOf(at(value, [key])))
      .find((found) => found !== undefined)
    return name ?? JSON.stringify(item)
  })
}
