import { execFileSync } from 'node:child_process'
import { link, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listArtifacts, openArtifact, openFile } from './artifacts.ts'

const service = { key: Buffer.alloc(32, 7) }
let folder: string
let outside: string
const run = () => ({ id: 'r1', folder })
const names = async () => (await listArtifacts(service, run())).map(({ name }) => name)

beforeEach(async () => {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'artifacts-')))
  folder = join(base, 'r1')
  outside = join(base, 'outside')
  await mkdir(join(folder, 'rounds', '1'), { recursive: true })
  await mkdir(outside)
  await writeFile(join(outside, 'secret.txt'), 'secret')
  await writeFile(join(folder, 'report.html'), '<p>')
  await writeFile(join(folder, 'pytest.log'), 'line\n')
  await writeFile(join(folder, 'rounds', '1', 'prompt.md'), 'prompt')
})

afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }))

test('plain files are listed with what they are, under ids that say nothing', async () => {
  const listed = await listArtifacts(service, run())
  expect(listed.map(({ name, role, mediaType, bytes }) => [name, role, mediaType, bytes])).toEqual([
    ['pytest.log', 'log', 'text/plain', 5],
    ['report.html', 'report', 'text/html', 3],
    ['rounds/1/prompt.md', 'prompt', 'text/markdown', 6],
  ])
  for (const { id } of listed) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/)
  const again = await listArtifacts(service, run())
  expect(again).toEqual(listed)
  const elsewhere = await listArtifacts({ key: Buffer.alloc(32, 8) }, run())
  expect(elsewhere.map(({ id }) => id)).not.toContain(listed[0]?.id)
  expect(await listArtifacts(service, { id: 'r1', folder: join(folder, 'gone') })).toEqual([])
  expect(await listArtifacts(service, { id: 'r1' })).toEqual([])
})

test('links, pipes, second names, hidden files and what lies too deep are left out', async () => {
  await symlink(join(outside, 'secret.txt'), join(folder, 'link.txt'))
  await symlink(outside, join(folder, 'linked'))
  await link(join(outside, 'secret.txt'), join(folder, 'hard.txt'))
  await writeFile(join(folder, '.report.html.tmp'), 'half')
  execFileSync('mkfifo', [join(folder, 'pipe.log')])
  const deep = Array.from({ length: 17 }, () => 'd').join('/')
  await mkdir(join(folder, deep), { recursive: true })
  await writeFile(join(folder, deep, 'deep.txt'), 'x')
  expect(await names()).toEqual(['pytest.log', 'report.html', 'rounds/1/prompt.md'])
  const linked = await realpath(join(folder, '..'))
  await symlink(folder, join(linked, 'alias'))
  expect(await listArtifacts(service, { id: 'r1', folder: join(linked, 'alias') })).toEqual([])
})

test('a file is read by its id, and by no other', async () => {
  const [log] = await listArtifacts(service, run())
  const opened = await openArtifact(service, run(), log?.id ?? '')
  expect(await opened.handle.readFile('utf8')).toBe('line\n')
  expect(opened.artifact).toEqual(log)
  await opened.handle.close()
  await expect(openArtifact(service, run(), 'A'.repeat(22))).rejects.toMatchObject({ code: 'entry_unknown' })
  await expect(openArtifact(service, { id: 'r2', folder }, log?.id ?? '')).rejects.toMatchObject({
    code: 'entry_unknown',
  })
})

test('what became a link, a pipe or a way out after it was listed is not opened', async () => {
  await rm(join(folder, 'pytest.log'))
  await symlink(join(outside, 'secret.txt'), join(folder, 'pytest.log'))
  expect(await openFile(service, run(), 'pytest.log')).toBeUndefined()
  await rename(join(folder, 'rounds'), join(outside, 'rounds'))
  await symlink(join(outside, 'rounds'), join(folder, 'rounds'))
  expect(await openFile(service, run(), 'rounds/1/prompt.md')).toBeUndefined()
  expect(await openFile(service, run(), '../outside/secret.txt')).toBeUndefined()
  expect(await openFile(service, run(), '')).toBeUndefined()
  await rm(join(folder, 'report.html'))
  await link(join(outside, 'secret.txt'), join(folder, 'report.html'))
  expect(await openFile(service, run(), 'report.html')).toBeUndefined()
})

test('pipes hang nobody, however many there are', async () => {
  const pipes = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => `${name}.log`)
  execFileSync(
    'mkfifo',
    pipes.map((name) => join(folder, name)),
  )
  const opened = await Promise.all(pipes.map((name) => openFile(service, run(), name)))
  expect(opened).toEqual(pipes.map(() => undefined))
  expect(await names()).toHaveLength(3)
}, 5000)
