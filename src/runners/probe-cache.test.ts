import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { RunnerInfo } from '../domain/ports.ts'
import { openProbeCache } from './probe-cache.ts'

async function inFolder(test: (folder: string, info: RunnerInfo) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'greenloop-cache-'))
  const info = {
    framework: 'pytest',
    version: '9',
    executable: '/p',
    interpreter: 'P 3',
    plugins: { cov: '7' },
    readOnlyPaths: [folder],
  } as const
  try {
    await test(folder, info)
  } finally {
    await rm(folder, { recursive: true })
  }
}

it('recalls what was found, for the same question only', () =>
  inFolder(async (folder, info) => {
    const cache = openProbeCache(join(folder, 'cache'))
    await cache.keep('a', { ...info, readOnlyPaths: ['/usr'] })
    expect(await cache.recall('a')).toEqual({ ...info, readOnlyPaths: ['/usr'] })
    expect(await cache.recall('b')).toBeUndefined()
  }))

it('forgets when a package was installed or removed', () =>
  inFolder(async (folder, info) => {
    const cache = openProbeCache(join(folder, 'cache'))
    const packages = join(folder, 'packages')
    await writeFile(packages, '')
    await cache.keep('a', { ...info, readOnlyPaths: [packages] })
    await utimes(packages, 1, 1)
    expect(await cache.recall('a')).toBeUndefined()
  }))

it('takes a damaged entry for none, and a folder that cannot be written for no cache', () =>
  inFolder(async (folder, info) => {
    const cache = openProbeCache(join(folder, 'cache'))
    await cache.keep('a', info)
    const { readdir } = await import('node:fs/promises')
    const [entry = ''] = await readdir(join(folder, 'cache'))
    await writeFile(join(folder, 'cache', entry), '{"key"')
    expect(await cache.recall('a')).toBeUndefined()
    await writeFile(join(folder, 'file'), '')
    await openProbeCache(join(folder, 'file', 'below')).keep('a', info)
  }))
