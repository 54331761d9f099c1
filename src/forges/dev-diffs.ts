import type { DevMergeRequest, DevProject } from './dev-records.ts'
import type { DevWorld } from './dev-world.ts'

/** Changes of one file, as GitLab gives them. */
export interface FileDiff {
  readonly old_path: string
  readonly new_path: string
  readonly a_mode: string
  readonly b_mode: string
  readonly new_file: boolean
  readonly renamed_file: boolean
  readonly deleted_file: boolean
  readonly diff: string
}

const maxDiffText = 200_000

/** What a merge request changes since it left its target. Empty where they have nothing in common. Throws `git_failed`. */
export async function readDiffs(world: DevWorld, project: DevProject, request: DevMergeRequest): Promise<FileDiff[]> {
  const { gitDirectory } = project
  // After the merge the target holds the source: the parent of the merge commit is where it stood.
  const target = request.mergeCommit === undefined ? `refs/heads/${request.targetBranch}` : `${request.mergeCommit}^1`
  const base = await world.git.ask(gitDirectory, ['merge-base', target, request.sha])
  if (base === undefined) return []
  const range = [base.trim(), request.sha]
  const flags = ['--no-renames', '--no-color', '--no-ext-diff', '--no-textconv', '--full-index']
  const raw = await world.git.run(gitDirectory, ['diff', '--raw', '-z', ...flags, ...range, '--'])
  const patch = await world.git.run(gitDirectory, ['diff', '--patch', ...flags, ...range, '--'])
  const patches = patch.split(/^diff --git .*\n/m).slice(1)
  const fields = raw.split('\0').slice(0, -1)
  const files: FileDiff[] = []
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [oldMode = '', newMode = '', , , kind = ''] = (fields[index] ?? '').slice(1).split(' ')
    files.push(fileDiff({ path: fields[index + 1] ?? '', oldMode, newMode, kind }, patches[index / 2] ?? ''))
  }
  return files
}

function fileDiff(
  file: { readonly path: string; readonly oldMode: string; readonly newMode: string; readonly kind: string },
  patch: string,
): FileDiff {
  const hunk = patch.search(/^@@ /m)
  return {
    old_path: file.path,
    new_path: file.path,
    a_mode: file.oldMode,
    b_mode: file.newMode,
    new_file: file.kind === 'A',
    renamed_file: false,
    deleted_file: file.kind === 'D',
    diff: hunk < 0 ? '' : patch.slice(hunk, hunk + maxDiffText),
  }
}
