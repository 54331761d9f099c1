import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'

/** What stands beside a folder of programs where they were installed together with their libraries. */
const companions = ['lib', 'lib64', 'libexec', 'versions', 'pyvenv.cfg']

/**
 * Folders that the programs of a folder of the PATH need to read: that folder, or the whole installation it belongs to (a virtual
 * environment with the Python behind it, `node_modules`, a version manager). Never a home folder.
 */
export function installedAround(folder: string, home: string): readonly string[] {
  const parent = dirname(folder)
  const isHome =
    parent === '/' || parent === home || `${home}/`.startsWith(`${parent}/`) || existsSync(join(parent, '.ssh'))
  if (isHome) return [folder]
  if (basename(folder) === '.bin' && basename(parent) === 'node_modules') return [parent]
  // Keys of other programs lie beside these libraries.
  if (basename(parent) === '.local') return [folder, join(parent, 'lib')]
  const isInstallation =
    /^(?:s?bin|shims)$/u.test(basename(folder)) && companions.some((name) => existsSync(join(parent, name)))
  return isInstallation ? [parent, ...pythonBehind(parent, home)] : [folder]
}

/** The installation that a virtual environment was made from. */
function pythonBehind(environment: string, home: string): readonly string[] {
  const file = join(environment, 'pyvenv.cfg')
  if (!existsSync(file)) return []
  const base = /^home\s*=\s*(\S.*)$/mu.exec(readFileSync(file, 'utf8'))?.[1]?.trim()
  if (base === undefined || !isAbsolute(base) || existsSync(join(dirname(base), 'pyvenv.cfg'))) return []
  return installedAround(base, home)
}
