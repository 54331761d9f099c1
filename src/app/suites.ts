import { link, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { ApiSuite, ApiSuiteDetail, SuiteCheck } from '../domain/api-files.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import { suiteSchema } from '../domain/suite.ts'
import { makeFolders, temporaryBeside, writeAtomic } from '../lib/files.ts'
import { sha256 } from '../lib/hash.ts'
import { checkText, lookAtText } from './document-thread.ts'
import { findDocument, findDocuments, idOfPath, isPassedOver, maxServedBytes, readServed } from './served-documents.ts'
import type { ServedDocument } from './served-documents.ts'
import { servedPath } from './served-path.ts'
import type { ServiceContext } from './service-context.ts'

/** Files that Greenloop and other programs find by their names. */
const otherTools =
  /(?:^|\/)(?:greenloop|config|env|test_plan|workflows|package(?:-lock)?|[jt]sconfig|pnpm-\w+|(?:docker-)?compose|promptfooconfig)(?:\.[^/]*)?\.(?:json|ya?ml)$/iu

/** Runs that are looked through for the last one of each suite. */
const lookedThrough = 200

/** Suites in the served folder, by path, each with its last run. */
export async function listSuites(service: ServiceContext): Promise<readonly ApiSuite[]> {
  const [documents, runs] = await Promise.all([findDocuments(service), recentRuns(service)])
  return documents.filter(({ look }) => look.kind === 'suite').map((document) => entryOf(document, runs))
}

/** A suite with its text and what is wrong with it. Throws `entry_unknown`, `file_too_large`. */
export async function readSuite(service: ServiceContext, id: string): Promise<ApiSuiteDetail> {
  const document = await findDocument(service, id, 'suite')
  const [text, runs] = await Promise.all([readServed(service, document.path), recentRuns(service)])
  const { problems, name, cases, endpoints } = await checkText(text, document.path)
  const entry = entryOf(document, runs)
  return {
    ...entry,
    name: name ?? entry.name,
    cases: cases ?? entry.cases,
    endpoints: endpoints ?? entry.endpoints,
    text,
    etag: etagOf(text),
    problems,
  }
}

/**
 * Writes a new suite file, with the folders above it. Throws `path_refused`, `suite_invalid` for a text that is no suite at
 * all, `version_conflict` where something stands there already.
 */
export async function createSuite(
  service: ServiceContext,
  { path, text }: { readonly path: string; readonly text: string },
): Promise<ApiSuiteDetail> {
  if (isPassedOver(path)) {
    throw new GreenloopError('path_refused', `\`${path}\` lies in a folder that is not searched for suites`, {
      help: 'choose a folder such as suites/ or tests/',
    })
  }
  if (otherTools.test(path)) {
    throw new GreenloopError('path_refused', `\`${path}\` is a name that programs look for`, {
      why: 'they would take the suite for their settings',
      help: 'choose a name that says what is tested, such as suites/basket.yaml',
    })
  }
  await refuseOther(text, path)
  const absolute = await servedPath(service.root, path)
  await makeFolders(dirname(absolute))
  // Somebody may have put a link there meanwhile.
  if ((await servedPath(service.root, path)) !== absolute)
    throw new GreenloopError('path_refused', `\`${path}\` has moved`)
  await writeNew(absolute, { path, text })
  return readSuite(service, idOfPath(absolute.slice(service.root.length + 1)))
}

/**
 * Changes a suite file. Throws `version_conflict` unless `ifMatch` is the ETag of what is there, `suite_invalid` for a text
 * that is no suite at all, `entry_unknown`.
 */
export async function writeSuite(
  service: ServiceContext,
  id: string,
  { text, ifMatch }: { readonly text: string; readonly ifMatch: string | undefined },
): Promise<ApiSuiteDetail> {
  const { path } = await findDocument(service, id, 'suite')
  await refuseOther(text, path)
  const absolute = await servedPath(service.root, path)
  await inTurn(absolute, async () => {
    const current = etagOf(await readServed(service, path))
    if (!matches(ifMatch, current)) throw conflict(path, ifMatch)
    await writeAtomic(absolute, text)
  })
  return readSuite(service, id)
}

/** What is wrong with the text of a suite; nothing is run and nothing is written. */
export function checkSuite({ text, name }: { readonly text: string; readonly name: string }): Promise<SuiteCheck> {
  return checkText(text, name)
}

let schema: Record<string, unknown> | undefined

/** JSON Schema of suites as they are written. */
export function suiteJsonSchema(): Record<string, unknown> {
  schema ??= { ...z.toJSONSchema(suiteSchema, { target: 'draft-2020-12', io: 'input' }) }
  return schema
}

/** A suite as a caller chose it. */
export interface SuiteText {
  readonly text: string
  /** What messages call it; the ending tells JSON from YAML. */
  readonly name: string
  /** Where it is a file: its path relative to the served folder. */
  readonly path?: string | undefined
}

/** The text of a suite that was sent or that is named by its id. Throws `body_invalid`, `entry_unknown`, `file_too_large`. */
export async function suiteText(
  service: ServiceContext,
  { suite, suiteId }: { readonly suite?: unknown; readonly suiteId?: string | undefined },
): Promise<SuiteText> {
  if ((suite === undefined) === (suiteId === undefined)) {
    throw new GreenloopError('body_invalid', 'one of `suite` and `suiteId` is wanted', {
      help: 'send the suite itself, or the id of one of GET /v1/suites',
    })
  }
  if (suiteId !== undefined) {
    const { path } = await findDocument(service, suiteId, 'suite')
    return { text: await readServed(service, path), name: path, path }
  }
  if (typeof suite === 'string') {
    return { text: suite, name: /^\s*[[{]/u.test(suite) ? 'suite.json' : 'suite.yaml' }
  }
  return { text: `${JSON.stringify(suite, null, 2)}\n`, name: 'suite.json' }
}

function entryOf({ id, path, look, modifiedAt }: ServedDocument, runs: readonly StoredRun[]): ApiSuite {
  const last = runs.find(({ title }) => title === path || title.endsWith(`/${path}`))
  return {
    id,
    path,
    name: look.name ?? path,
    cases: look.kind === 'suite' ? look.cases : 0,
    endpoints: look.kind === 'suite' ? look.endpoints : 0,
    modifiedAt: new Date(modifiedAt).toISOString(),
    ...(last === undefined ? {} : { lastRun: { id: last.id, status: last.state, verdict: last.verdict } }),
  }
}

function recentRuns({ store }: ServiceContext): Promise<readonly StoredRun[]> {
  return store.list({ kinds: ['generate', 'pipeline'], limit: lookedThrough })
}

/** What is no suite would not be found again; and a caller who may run tests may not write any other file. */
async function refuseOther(text: string, path: string): Promise<void> {
  if (Buffer.byteLength(text) > maxServedBytes) {
    throw new GreenloopError('file_too_large', 'a suite in the served folder has at most 2 MiB', {
      help: 'split the suite',
    })
  }
  const look = await lookAtText(text, path)
  if (look.kind === 'suite' && look.foreign === undefined) return
  if (look.kind === 'suite') {
    throw new GreenloopError('suite_invalid', `a suite has no key \`${look.foreign?.slice(0, 100)}\``, {
      why: 'a file with it could be something else besides',
      help: 'put what is your own under `custom`',
    })
  }
  throw new GreenloopError('suite_invalid', 'the text is no suite', {
    why: 'a suite has `target`, and `cases` or `endpoints`',
    help: 'begin with the template of the page, or with examples/suites/calculator.json',
  })
}

async function writeNew(
  absolute: string,
  { path, text }: { readonly path: string; readonly text: string },
): Promise<void> {
  const temporary = temporaryBeside(absolute)
  try {
    await writeFile(temporary, text, { flag: 'wx', mode: 0o644, flush: true })
    await link(temporary, absolute)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : ''
    if (code !== 'EEXIST') throw cause
    throw new GreenloopError('version_conflict', `\`${path}\` is there already`, {
      cause,
      help: 'choose another name, or open it and change it',
    })
  } finally {
    await rm(temporary, { force: true })
  }
}

function etagOf(text: string): string {
  return `"${sha256(text)}"`
}

function matches(ifMatch: string | undefined, current: string): boolean {
  const tags = (ifMatch ?? '').split(',').map((tag) => tag.trim())
  return tags.includes('*') || tags.includes(current)
}

function conflict(path: string, ifMatch: string | undefined): GreenloopError {
  return ifMatch === undefined
    ? new GreenloopError('version_conflict', `changing \`${path}\` wants If-Match`, {
        why: 'so that nobody overwrites what somebody else has written meanwhile',
        help: 'send the ETag of the text that was changed',
      })
    : new GreenloopError('version_conflict', `\`${path}\` has changed since it was read`, {
        help: 'read it again, and bring both changes together',
      })
}

const turns = new Map<string, Promise<unknown>>()

/** Two writings of one file come one after the other. */
async function inTurn(path: string, work: () => Promise<void>): Promise<void> {
  const before = turns.get(path) ?? Promise.resolve()
  const own = before.then(work, work)
  turns.set(path, own)
  try {
    await own
  } finally {
    if (turns.get(path) === own) turns.delete(path)
  }
}

/** Folder that the `root` of a chosen suite counts from. */
export function baseOf(service: ServiceContext, { path }: SuiteText): string {
  return path === undefined ? service.root : dirname(join(service.root, path))
}
