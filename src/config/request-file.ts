import { dirname, isAbsolute, relative, resolve } from 'node:path'
import type { Problem } from '../domain/errors.ts'
import { executionRequestSchema, type ExecutionRequest } from '../domain/execution-request.ts'
import { exists } from '../lib/files.ts'
import { createMapper, isObject } from './aliases.ts'
import { parseText, readDocument } from './document.ts'
import type { Pointer, SourceDocument } from './source-document.ts'
import { problemsError } from './problems.ts'
import { settleFolder } from './request-folder.ts'
import { requestAliases, requestMapping } from './request-aliases.ts'
import { validate, valueAt } from './validate.ts'

/** An execution request with the file it was read from. Its `cwd` is absolute; `tests` are relative to it. */
export interface RequestFile {
  readonly request: ExecutionRequest
  readonly path: string
  readonly warnings: readonly Problem[]
}

/** What stands behind and before the file, by canonical keys. */
export interface RequestLayers {
  /** Folder the command was started in. */
  readonly cwd: string
  /** Values for what the file leaves out: the settings. */
  readonly defaults?: Readonly<Record<string, unknown>>
  /** Values that go before the file: the command line. */
  readonly overrides?: Readonly<Record<string, unknown>>
}

/**
 * Reads an execution request from a JSON or YAML file and resolves its working folder against the folder of the file.
 * Throws `request_invalid` with every problem and its place, or what `readDocument` throws.
 */
export async function loadRequest(path: string, layers: RequestLayers): Promise<RequestFile> {
  const document = await readDocument(resolve(layers.cwd, path), path)
  const folder = dirname(resolve(layers.cwd, path))
  const { request: checked, warnings, saysCwd } = checkRequest(document, layers)
  const request = { ...checked, cwd: resolve(folder, checked.cwd), ...resolvedExecutable(checked.executable, folder) }
  if (saysCwd || !(await foundElsewhere(request.tests, folder, layers.cwd))) {
    const settled = await settleFolder(request)
    return { request: settled.request, path, warnings: [...warnings, ...settled.warnings] }
  }
  const message = `the tests are not in the folder of the request but in \`${layers.cwd}\`, which is taken as their working folder`
  const help = `write "cwd": ${JSON.stringify(relative(folder, layers.cwd) || '.')}`
  const warning = { message, help, place: document.locate(['tests']) }
  return { request: { ...request, cwd: layers.cwd }, path, warnings: [...warnings, warning] }
}

/** Reads an execution request from a text; its working folder counts from `layers.cwd`. Throws as {@link loadRequest} does. */
export async function parseRequest(text: string, layers: RequestLayers): Promise<RequestFile> {
  const { request, warnings } = checkRequest(await parseText(text, 'request'), layers)
  const cwd = resolve(layers.cwd, request.cwd)
  const settled = await settleFolder({ ...request, cwd, ...resolvedExecutable(request.executable, layers.cwd) })
  return { request: settled.request, path: 'request', warnings: [...warnings, ...settled.warnings] }
}

function checkRequest(
  document: SourceDocument,
  { defaults, overrides }: RequestLayers,
): { request: ExecutionRequest; warnings: readonly Problem[]; saysCwd: boolean } {
  const mapper = createMapper(document)
  const mapped = requestMapping({ value: document.value, at: [] }, mapper)
  const spell = (pointer: Pointer) => mapper.spell(mapped, pointer)
  const checked = validate(executionRequestSchema, isObject(mapped) ? { ...defaults, ...mapped } : mapped, {
    spell,
    locate: (pointer, part) => document.locate(spell(pointer), part),
    aliases: Object.keys(requestAliases),
  })
  const problems = [...mapper.problems, ...(checked.ok ? [] : checked.problems)]
  if (problems.length > 0 || !checked.ok) throw problemsError('request_invalid', `\`${document.file}\``, problems)
  const saysCwd = valueAt(mapped, ['cwd']) !== undefined
  return { request: overridden(checked.value, overrides), warnings: mapper.warnings, saysCwd }
}

function overridden(request: ExecutionRequest, overrides: RequestLayers['overrides']): ExecutionRequest {
  if (overrides === undefined) return request
  const checked = validate(executionRequestSchema, { ...request, ...overrides }, { locate: () => undefined })
  if (!checked.ok) throw problemsError('usage_invalid', 'the command line', checked.problems)
  return checked.value
}

/** A bare name is looked up on the PATH; anything with a slash is a path beside the request. */
function resolvedExecutable(executable: string | undefined, folder: string): { executable?: string } {
  return executable?.includes('/') ? { executable: resolve(folder, executable) } : {}
}

/** Whether every test that is missing below `folder` stands below `other`. */
async function foundElsewhere(tests: readonly string[], folder: string, other: string): Promise<boolean> {
  const files = tests.map((test) => test.split('::', 1)[0] ?? test).filter((file) => !isAbsolute(file))
  if (files.length === 0 || resolve(folder) === resolve(other)) return false
  const there = await Promise.all(files.map((file) => exists(resolve(folder, file))))
  if (there.some(Boolean)) return false
  const here = await Promise.all(files.map((file) => exists(resolve(other, file))))
  return here.every(Boolean)
}
