import { GreenloopError } from '../domain/errors.ts'
import { capHead } from '../lib/plain-text.ts'
import type { FileChange, TreeFile } from '../domain/repository.ts'
import { foldersAbove, pathFault } from './git-paths.ts'
import { isPlainMode } from './git-tree.ts'

/** Throws `git_refused` unless all changes are of plain files at ordinary paths that fit into the tree and to each other. */
export function checkChanges(changes: readonly FileChange[], files: ReadonlyMap<string, TreeFile>): void {
  if (changes.length === 0) throw new GreenloopError('git_refused', 'nothing changes')
  const folders = new Set([...files.keys()].flatMap(foldersAbove))
  const changed = new Set<string>()
  const written = new Set(changes.filter(({ content }) => content !== undefined).map(({ path }) => path))
  for (const { path } of changes) {
    const fault = pathFault(path) ?? treeFault(path, files) ?? clash(path, written)
    if (fault !== undefined) refuse(path, fault)
    if (folders.has(path)) refuse(path, 'is a folder')
    if (changed.has(path)) refuse(path, 'is changed twice')
    changed.add(path)
  }
}

function treeFault(path: string, files: ReadonlyMap<string, TreeFile>): string | undefined {
  const own = files.get(path)
  if (own !== undefined && !isPlainMode(own.mode)) return `is ${kindOf(own.mode)}`
  const above = foldersAbove(path).find((folder) => files.has(folder))
  return above === undefined ? undefined : `goes through ${kindOf(files.get(above)?.mode ?? '')}`
}

function clash(path: string, written: ReadonlySet<string>): string | undefined {
  return foldersAbove(path).some((folder) => written.has(folder)) ? 'goes through a file' : undefined
}

function kindOf(mode: string): string {
  if (mode === '120000') return 'a symbolic link'
  return mode === '160000' ? 'a submodule' : 'a file'
}

function refuse(path: string, fault: string): never {
  throw new GreenloopError('git_refused', `the path ${capHead(JSON.stringify(path), 300)} ${fault}`)
}
