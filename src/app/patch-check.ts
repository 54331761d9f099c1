import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { applyPatch, parsePatch } from 'diff'
import type { StructuredPatch } from 'diff'
import type { PatchCheck } from '../domain/api-patch.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { GuardRules } from '../domain/repair-config.ts'
import type { GuardFinding } from '../domain/repair.ts'
import type { TreeFile } from '../domain/repository.ts'
import { readSafely } from '../lib/files.ts'
import { createRedactor } from '../lib/redact.ts'
import type { PatchedFile } from '../repair/apply.ts'
import { checkPatch, isProtected } from '../repair/guards.ts'
import { readRepair } from './repair.ts'
import { servedPath } from './served-path.ts'
import type { ServiceContext } from './service-context.ts'
import { createThreads } from './threads.ts'

const mostHunks = 200
const mostFiles = 50
const mostBytes = 1_000_000
const mostEntries = 20_000
const deepest = 32
/** What no patch of sources has to do with, and what is large. */
const leftOut = new Set(['.git', 'node_modules', '.venv', '.greenloop', '__pycache__'])
/** What repairs go by unless a `config.yaml` in the served folder says otherwise. */
const usualRules: GuardRules = { maxFiles: 5, maxChangedLines: 200, maxNewFiles: 0, allow: [], deny: [] }

/** A patch, and what it is tried on. */
export interface PatchTask {
  /** Served folder, absolute and real. */
  readonly root: string
  readonly rules: GuardRules
  readonly diff: string
}

/** A diff of a megabyte that somebody has written takes a fifth of this. */
const checkMs = 5000

const threads = createThreads<PatchTask, PatchCheck>({
  module: new URL('patch-worker', import.meta.url),
  most: 1,
  waitMs: 15_000,
  heapMb: 512,
  late: (what, ms) =>
    new GreenloopError('body_invalid', 'the diff is too tangled to be tried', {
      why: what === 'time' ? `it took longer than ${ms / 1000} s` : 'it took more than 512 MiB of memory',
      help: 'send what `git diff` prints, of fewer files',
    }),
})

/**
 * Tries a unified diff on the files of the served folder, in memory, and asks the guards of repairs. Nothing is written, and a protected
 * file is not even read. Throws `body_invalid` for what is no diff, and for one that takes too long.
 */
export async function checkPatchText(service: ServiceContext, diff: string): Promise<PatchCheck> {
  return threads.run({ root: service.root, rules: await rulesOf(service), diff }, { ms: checkMs })
}

/** {@link checkPatchText}, on a thread of its own: what reads and applies diffs takes the square of their length. */
export async function tryPatch({ root, rules, diff }: PatchTask): Promise<PatchCheck> {
  const patches = parsed(diff)
  const tree = await treeOf(root)
  const files: PatchedFile[] = []
  const findings: GuardFinding[] = []
  const complaints: string[] = []
  for (const patch of patches) {
    const path = pathOf(patch)
    const code = isProtected(path, rules, [])
    const outcome = code === undefined ? await applied(root, patch, tree) : { after: '' }
    if ('complaint' in outcome) complaints.push(outcome.complaint)
    else if (code === undefined) files.push({ path, ...outcome })
    // The guards say why; whether it fits is not looked at, for its text is nobody's to guess.
    else files.push({ path, before: '', after: '' })
  }
  const redactor = createRedactor([])
  const findSecrets = (text: string): boolean => redactor.source(text) !== text
  findings.push(...checkPatch({ files, tree, rules, ciPaths: [], findSecrets }).filter((each) => isMeant(each, rules)))
  const applies = complaints.length === 0
  return {
    applies,
    allowed: applies && !findings.some(({ blocks }) => blocks),
    ...(applies ? {} : { complaint: complaints.join(' ') }),
    files: patches.map(described),
    findings: findings.map(({ code, path, message, blocks }) => ({
      code,
      message,
      blocks,
      ...(path === undefined ? {} : { path }),
    })),
  }
}

/** A protected file was not read, so that it seems to stay as it is: that is no finding. */
function isMeant({ code, path }: GuardFinding, rules: GuardRules): boolean {
  return code !== 'nothing_changed' || path === undefined || isProtected(path, rules, []) === undefined
}

function parsed(diff: string): readonly StructuredPatch[] {
  const refuse = (why: string): never => {
    throw new GreenloopError('body_invalid', `the diff cannot be read: ${why}`, {
      help: 'send what `git diff` prints, with paths that count from the served folder',
    })
  }
  let patches: readonly StructuredPatch[] = []
  try {
    patches = parsePatch(diff)
  } catch (error) {
    refuse(error instanceof Error ? (error.message.split('\n', 1)[0] ?? '').slice(0, 200) : 'it is no unified diff')
  }
  const named = patches.filter((patch) => pathOf(patch) !== '')
  if (named.length === 0) refuse('it names no file')
  if (named.length > mostFiles) refuse(`it changes ${named.length} files; at most ${mostFiles} are looked at`)
  const hunks = named.reduce((sum, patch) => sum + patch.hunks.length, 0)
  if (hunks > mostHunks) refuse(`it has ${hunks} hunks; at most ${mostHunks} are looked at`)
  return named
}

/** The path that a patch is about: that after it, or that before it where the file is removed. */
function pathOf({ oldFileName = '', newFileName = '', isDelete }: StructuredPatch): string {
  const isRemoved = isDelete === true || newFileName === '/dev/null'
  return (isRemoved ? oldFileName : newFileName).replace(/^[ab]\//u, '')
}

function isNew({ oldFileName, isCreate }: StructuredPatch): boolean {
  return isCreate === true || oldFileName === '/dev/null'
}

type Outcome = { readonly before?: string | undefined; readonly after: string } | { readonly complaint: string }

async function applied(root: string, patch: StructuredPatch, tree: readonly TreeFile[]): Promise<Outcome> {
  const path = pathOf(patch)
  if (patch.isBinary || patch.isRename || patch.isCopy || patch.isDelete || patch.newFileName === '/dev/null')
    return { complaint: `${path}: only changes of text files and new text files are taken.` }
  if (isNew(patch)) {
    if (tree.some((file) => file.path === path)) return { complaint: `${path} is there already.` }
    const after = applyPatch('', patch)
    return after === false ? { complaint: `${path}: the hunks of a new file begin at line 0.` } : { after }
  }
  const before = await textOf(root, path)
  if (before === undefined) return { complaint: `There is no text file ${path}.${meant(path, tree)}` }
  const after = applyPatch(before, patch)
  if (after === false)
    return { complaint: `${path}: a hunk does not fit. Its context has to be as in the file, line by line.` }
  return { before, after }
}

/** The text of a served file, `undefined` where there is none, or no text. */
async function textOf(root: string, path: string): Promise<string | undefined> {
  try {
    const read = await readSafely(await servedPath(root, path), mostBytes)
    return read.kind === 'refused' ? undefined : new TextDecoder('utf-8', { fatal: true }).decode(read.data)
  } catch {
    return undefined
  }
}

/** Tests name files relative to where they ran, which may be a folder of the served one. */
function meant(path: string, tree: readonly TreeFile[]): string {
  const found = tree.filter((file) => file.path.endsWith(`/${path}`)).map((file) => file.path)
  return found.length === 0 ? '' : ` Was ${found.slice(0, 3).join(' or ')} meant? Paths count from the served folder.`
}

function described(patch: StructuredPatch): PatchCheck['files'][number] {
  const lines = patch.hunks.flatMap((hunk) => hunk.lines)
  const removed = patch.isDelete === true || patch.newFileName === '/dev/null'
  const renamed = patch.isRename === true || patch.isCopy === true
  return {
    path: pathOf(patch),
    change: removed ? 'removed' : renamed ? 'renamed' : isNew(patch) ? 'added' : 'modified',
    added: lines.filter((line) => line.startsWith('+')).length,
    removed: lines.filter((line) => line.startsWith('-')).length,
  }
}

/** The rules of the repair that the served folder is set up for, or the usual ones. */
async function rulesOf({ where }: ServiceContext): Promise<GuardRules> {
  try {
    return (await readRepair({ config: 'config.yaml' }, { ...where, onStep: undefined })).policy.guards
  } catch {
    return usualRules
  }
}

/** What lies in the served folder, as guards want to know it. */
async function treeOf(root: string): Promise<readonly TreeFile[]> {
  const found: TreeFile[] = []
  const walk = async (folder: string, depth: number): Promise<void> => {
    if (depth > deepest) return
    for (const entry of await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])) {
      if (found.length >= mostEntries) return
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (leftOut.has(entry.name)) continue
      if (entry.isDirectory()) await walk(path, depth + 1)
      else if (entry.isSymbolicLink()) found.push({ path, mode: '120000', oid: '', size: 0 })
      else if (entry.isFile()) found.push({ path, mode: '100644', oid: '', size: await sizeOf(join(root, path)) })
    }
  }
  await walk('', 0)
  return found
}

async function sizeOf(path: string): Promise<number> {
  return (await lstat(path).catch(() => undefined))?.size ?? 0
}
