import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RunStore } from '../domain/stored-run.ts'
import { openAccess } from './access.ts'
import { openRunStore } from './store.ts'

let root = ''
let store: RunStore
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenloop-access-'))
  store = await openRunStore(join(root, 'greenloop.db'))
})
afterEach(async () => {
  vi.useRealTimers()
  await store.close()
  await rm(root, { recursive: true, force: true })
})

const access = (over: RunStore = store) => openAccess({ store: over, storeAt: join(root, 'greenloop.db'), root })
const later = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
const minute = 60_000

describe('the first token', () => {
  it('is made once, in a file that only the owner can read, and lets in as administrator', async () => {
    const made = await access().firstToken()
    expect(made).toMatchObject({ file: join(root, 'server-token'), isNew: true })
    expect(made.token).toMatch(/^greenloop_[\w-]{43}$/)
    expect((await stat(made.file)).mode & 0o777).toBe(0o600)
    const again = await access().firstToken()
    expect(again).toEqual({ ...made, isNew: false })
    expect(await access().byToken(made.token)).toMatchObject({ name: 'server', scope: 'admin', via: 'token' })
    expect(await access().byToken(`${made.token}x`)).toBeUndefined()
  })

  it('is the same for servers that start at once', async () => {
    const tokens = await Promise.all(Array.from({ length: 8 }, () => access().firstToken()))
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1)
    expect(tokens.filter(({ isNew }) => isNew)).toHaveLength(1)
  })

  it('is refused where others can read its file, or where it is none', async () => {
    const { file } = await access().firstToken()
    await chmod(file, 0o644)
    await expect(access().firstToken()).rejects.toMatchObject({ code: 'config_invalid' })
    await chmod(file, 0o600)
    await writeFile(file, 'short\n')
    await expect(access().firstToken()).rejects.toThrow(file)
  })

  it('gets another in its place when it is revoked, and does not come back', async () => {
    const { token, file } = await access().firstToken()
    const [first] = await access().listTokens()
    const { cookie } = await access().startSession({ code: await access().createCode() })
    await access().deleteToken(first?.id ?? '')
    expect(await access().byToken(token)).toBeUndefined()
    expect(await access().bySession(cookie)).toBeUndefined()
    const other = (await readFile(file, 'utf8')).trim()
    expect(await access().byToken(other)).toMatchObject({ scope: 'admin' })
    await writeFile(file, token)
    expect(await access().firstToken()).toMatchObject({ isNew: true })
    expect(await access().byToken(token)).toBeUndefined()
  })
})

describe('tokens', () => {
  it('are shown once, kept as hashes, and listed with their last use', async () => {
    const made = await access().createToken({ name: 'ci', scope: 'run' })
    expect((await access().listTokens())[0]).toEqual({
      id: made.id,
      name: 'ci',
      scope: 'run',
      createdAt: made.createdAt,
    })
    expect(await access().byToken(made.token)).toMatchObject({ name: 'ci', scope: 'run' })
    const [used] = await access().listTokens()
    expect(used?.lastUsedAt).toBeDefined()
    later(minute / 2)
    await access().byToken(made.token)
    expect((await access().listTokens())[0]?.lastUsedAt).toBe(used?.lastUsedAt)
    later(minute)
    await access().byToken(made.token)
    expect((await access().listTokens())[0]?.lastUsedAt).not.toBe(used?.lastUsedAt)
    const kept = await Promise.all(['', '-wal'].map((end) => readFile(join(root, `greenloop.db${end}`), 'latin1')))
    expect(kept.join('')).not.toContain(made.token)
  })

  it('end with their time and with their revocation, and their sessions with them', async () => {
    const made = await access().createToken({ name: 'day', scope: 'read', expiresInDays: 1 })
    const { cookie, caller } = await access().startSession({ token: made.token })
    expect(caller).toMatchObject({ name: 'day', scope: 'read', via: 'cookie' })
    expect(await access().bySession(cookie)).toMatchObject({ name: 'day' })
    await access().deleteToken(made.id)
    expect(await access().bySession(cookie)).toBeUndefined()
    await expect(access().startSession({ token: made.token })).rejects.toMatchObject({ code: 'token_refused' })
    await expect(access().deleteToken(made.id)).rejects.toMatchObject({ code: 'entry_unknown' })
    const other = await access().createToken({ name: 'day', scope: 'read', expiresInDays: 1 })
    later(24 * 60 * minute + 1)
    expect(await access().byToken(other.token)).toBeUndefined()
  })

  it('have names of their own', async () => {
    await access().createToken({ name: 'ci', scope: 'run' })
    for (const name of ['ci', 'page', 'server']) {
      await expect(access().createToken({ name, scope: 'run' })).rejects.toMatchObject({ code: 'body_invalid' })
    }
  })

  it('let callers in although the note of their use cannot be written', async () => {
    const made = await access().createToken({ name: 'ci', scope: 'run' })
    const all = await Promise.all(Array.from({ length: 10 }, () => access().byToken(made.token)))
    expect(all.every((caller) => caller?.name === 'ci')).toBe(true)
  })
})

describe('sessions', () => {
  it('begin with a code once, also when two use it at once from two processes', async () => {
    const other = await openRunStore(join(root, 'greenloop.db'))
    const code = await access().createCode()
    const tries = await Promise.allSettled([
      access().startSession({ code }),
      access(other).startSession({ code }),
      access().startSession({ code }),
    ])
    await other.close()
    const [begun, more] = tries.filter((each) => each.status === 'fulfilled')
    expect(more).toBeUndefined()
    expect(begun?.value.caller).toMatchObject({ name: 'page', scope: 'admin', via: 'cookie' })
    const refused = tries.filter((each) => each.status === 'rejected')
    expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual(['token_refused', 'token_refused'])
  })

  it('do not begin with a code of ten minutes ago', async () => {
    const code = await access().createCode()
    later(10 * minute + 1)
    await expect(access().startSession({ code })).rejects.toMatchObject({ code: 'token_refused' })
  })

  it('last twelve hours from their last use, and end on demand', async () => {
    const { cookie } = await access().startSession({ code: await access().createCode() })
    later(11 * 60 * minute)
    expect(await access().bySession(cookie)).toBeDefined()
    later(11 * 60 * minute)
    expect(await access().bySession(cookie)).toBeDefined()
    later(12 * 60 * minute + 1)
    expect(await access().bySession(cookie)).toBeUndefined()
    const { cookie: other } = await access().startSession({ code: await access().createCode() })
    await access().endSession(other)
    expect(await access().bySession(other)).toBeUndefined()
  })
})

describe('the audit log', () => {
  const entry = { who: 'ci', action: 'startPipeline', target: 'r1', outcome: 'done', address: '127.0.0.1' } as const

  it('gives the newest first, in pages', async () => {
    const log = access()
    for (let number = 0; number < 5; number++) await log.audit({ ...entry, target: `r${number}` })
    const first = await log.listAudit({ limit: 3 })
    expect(first.items.map(({ target }) => target)).toEqual(['r4', 'r3', 'r2'])
    const second = await log.listAudit({ limit: 3, cursor: first.nextCursor })
    expect(second.items.map(({ target }) => target)).toEqual(['r1', 'r0'])
    expect(second.nextCursor).toBeUndefined()
    await expect(log.listAudit({ limit: 3, cursor: "'; drop" })).rejects.toMatchObject({ code: 'body_invalid' })
  })

  it('keeps what a store can keep of hostile texts', async () => {
    await access().audit({ ...entry, who: `a\0b\uD800${'x'.repeat(1000)}` })
    const [kept] = (await access().listAudit({ limit: 1 })).items
    expect(kept?.who).toHaveLength(300)
    expect(kept?.who.slice(0, 4)).toBe('a\u{FFFD}b\u{FFFD}')
  })

  it('does not grow without end', async () => {
    const old = (number: number) => `000000000000001-${String(number).padStart(6, '0')}-00000000`
    for (let number = 0; number < 10_050; number++) {
      await store.documents.put({ kind: 'audit', key: old(number), value: { ...entry, at: 'then' } })
    }
    await access().audit(entry)
    expect(await store.documents.get('audit', old(0))).toBeUndefined()
    expect(await store.documents.get('audit', old(51))).toBeDefined()
    expect((await access().listAudit({ limit: 1 })).items[0]?.target).toBe('r1')
  })
})
