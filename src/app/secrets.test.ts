import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunStore } from '../domain/stored-run.ts'
import { deleteSecret, listSecrets, openInstallationKey, readSecret, writeSecret } from './secrets.ts'
import { openRunStore } from './store.ts'

let root = ''
let store: RunStore
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenloop-secrets-'))
  store = await openRunStore(join(root, 'greenloop.db'))
})
afterEach(async () => {
  await store.close()
  await rm(root, { recursive: true, force: true })
})

const value = 'sk-canary-4711-ключ'

describe('secrets', () => {
  it('come back to who may have them, and lie in the store in no readable form', async () => {
    const key = randomBytes(32)
    await writeSecret({ store, key }, { name: 'gpt', value: 'older' }, 'admin')
    await writeSecret({ store, key }, { name: 'gpt', value }, 'ci')
    expect(await readSecret({ store, key }, 'gpt')).toBe(value)
    expect(await listSecrets({ store })).toEqual([{ name: 'gpt', updatedBy: 'ci', updatedAt: expect.any(String) }])
    const kept = await Promise.all(['', '-wal'].map((end) => readFile(join(root, `greenloop.db${end}`), 'latin1')))
    const forms = [value, Buffer.from(value).toString('base64'), Buffer.from(value).toString('hex'), 'canary']
    expect(forms.filter((form) => kept.join('').includes(form))).toEqual([])
    await deleteSecret({ store }, 'gpt')
    await expect(readSecret({ store, key }, 'gpt')).rejects.toMatchObject({ code: 'secret_unknown' })
    await expect(deleteSecret({ store }, 'gpt')).rejects.toMatchObject({ code: 'secret_unknown' })
  })

  it('do not open with another key, under another name, or when they were changed', async () => {
    const key = randomBytes(32)
    await writeSecret({ store, key }, { name: 'gpt', value }, 'ci')
    const wrong = readSecret({ store, key: randomBytes(32) }, 'gpt')
    await expect(wrong).rejects.toMatchObject({ code: 'secret_locked', message: expect.stringContaining('`gpt`') })
    const locked = (await store.documents.get('secret', 'gpt'))?.value as Record<string, string>
    await store.documents.put({ kind: 'secret', key: 'other', value: locked })
    await expect(readSecret({ store, key }, 'other')).rejects.toMatchObject({ code: 'secret_locked' })
    const tag = Buffer.from(locked['tag'] ?? '', 'base64').subarray(0, 4)
    await store.documents.put({ kind: 'secret', key: 'gpt', value: { ...locked, tag: tag.toString('base64') } })
    await expect(readSecret({ store, key }, 'gpt')).rejects.toMatchObject({ code: 'secret_locked' })
  })
})

describe('the key of the installation', () => {
  const open = (env: Readonly<Record<string, string>> = {}, at = join(root, 'greenloop.db')) =>
    openInstallationKey(at, { cwd: root, env })

  it('is made once, in a file that only the owner can read', async () => {
    const keys = await Promise.all([open(), open(), open()])
    expect(keys[0]).toHaveLength(32)
    expect(keys[1]).toEqual(keys[0])
    expect(await open()).toEqual(keys[0])
    const file = join(root, 'server-key')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await chmod(file, 0o640)
    await expect(open()).rejects.toThrow('can be read by others')
    await chmod(file, 0o600)
    await writeFile(file, 'half')
    await expect(open()).rejects.toMatchObject({ code: 'config_invalid' })
  })

  it('comes from the environment first, in hexadecimal or base64', async () => {
    const key = randomBytes(32)
    for (const form of ['hex', 'base64', 'base64url'] as const) {
      expect(await open({ GREENLOOP_SECRET_KEY: ` ${key.toString(form)} ` })).toEqual(key)
    }
    const error = await open({ GREENLOOP_SECRET_KEY: 'correct horse' }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringContaining('GREENLOOP_SECRET_KEY') })
    expect(JSON.stringify(error) + (error as Error).message).not.toContain('horse')
  })

  it('lies in the served folder where the store is a database', async () => {
    await open({}, 'postgres://somebody@nowhere/none')
    expect((await stat(join(root, '.greenloop', 'server-key'))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(root, '.greenloop', '.gitignore'), 'utf8')).toBe('*\n')
  })
})
