import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installedAround } from './ci-installed.ts'

let root: string
const at = (...parts: string[]): string => join(root, ...parts)
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'greenloop-installed-')))
  for (const folder of [
    'home/bin',
    'home/.ssh',
    'home/.local/bin',
    'home/.local/lib',
    'tools/bin',
    'python/bin',
    'python/lib',
    'venv/bin',
    'app/node_modules/.bin',
  ])
    await mkdir(at(folder), { recursive: true })
  await writeFile(at('venv', 'pyvenv.cfg'), `home = ${at('python', 'bin')}\nversion = 3.11\n`)
})
afterAll(() => rm(root, { recursive: true, force: true }))

describe('what programs of the PATH need to read', () => {
  it('is the virtual environment and the Python it was made from', () => {
    expect(installedAround(at('venv', 'bin'), at('home'))).toEqual([at('venv'), at('python')])
  })

  it('is all of node_modules for its programs, and the folder alone for lone programs', () => {
    expect(installedAround(at('app/node_modules/.bin'), at('home'))).toEqual([at('app/node_modules')])
    expect(installedAround(at('tools/bin'), at('home'))).toEqual([at('tools/bin')])
  })

  it('is never a home folder, nor what lies beside its libraries', () => {
    expect(installedAround(at('home/bin'), at('home'))).toEqual([at('home/bin')])
    expect(installedAround(at('home/bin'), '/elsewhere')).toEqual([at('home/bin')])
    expect(installedAround(at('home/.local/bin'), at('home'))).toEqual([at('home/.local/bin'), at('home/.local/lib')])
    expect(installedAround('/bin', at('home'))).toEqual(['/bin'])
  })
})
