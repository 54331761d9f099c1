const maxPathBytes = 4096
const maxNameBytes = 255

/** What is wrong with a path inside a commit, in words; `undefined` where it may be written anywhere. */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'is empty'
  if (!path.isWellFormed() || path.includes('\ufffd')) return 'is not valid Unicode'
  if (Buffer.byteLength(path) > maxPathBytes) return `is longer than ${maxPathBytes} bytes`
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(path)) return 'holds control characters'
  if (path.includes('\\')) return 'holds a backslash'
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is absolute'
  for (const name of path.split('/')) {
    const fault = nameFault(name)
    if (fault !== undefined) return fault
  }
  return undefined
}

function nameFault(name: string): string | undefined {
  if (name === '') return 'holds an empty name'
  if (name === '.' || name === '..') return 'leads elsewhere'
  if (Buffer.byteLength(name) > maxNameBytes) return `holds a name longer than ${maxNameBytes} bytes`
  return isGitName(name) ? "belongs to git's own files" : undefined
}

/** Characters that HFS+ passes over when it compares names. */
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g

/** Whether some file system takes a name for `.git`: any case, `.git. `, `.git::$INDEX_ALLOCATION`, `git~1`. */
export function isGitName(name: string): boolean {
  const [base = ''] = name.replaceAll(ignoredByHfs, '').split(':')
  let end = base.length
  while (end > 0 && (base[end - 1] === '.' || base[end - 1] === ' ')) end--
  return /^(?:\.git|git~\d+)$/i.test(base.slice(0, end))
}

/** The path as a file system that ignores case and composes characters sees it. */
export function foldedPath(path: string): string {
  return path.normalize('NFC').toLowerCase().normalize('NFC')
}

/** The folders above a path: `a` and `a/b` for `a/b/c`. */
export function foldersAbove(path: string): string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}

/** Whether a branch is one of ours, with a name that git and every shell take as it is. */
export function isOwnBranch(branch: string): boolean {
  if (branch.length > 244 || !/^greenloop\/[A-Za-z0-9._/-]+$/.test(branch)) return false
  return branch.split('/').every((name) => /^[A-Za-z0-9_]/.test(name) && !/\.\.|\.$|\.lock$/.test(name))
}

/** Whether a text is the id of an object: 40 hexadecimal digits, or 64. */
export function isObjectId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)
}
