import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServiceLab } from '../../tests/support/service-lab.ts'
import type { ServiceLab } from '../../tests/support/service-lab.ts'

let lab: ServiceLab
beforeAll(async () => {
  lab = await openServiceLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const json = async (response: Response) => ({ status: response.status, body: await response.json() })

describe('settings over HTTP', () => {
  it('keep a secret and a model that uses it, without ever telling the value', async () => {
    const value = 'sk-canary-over-http'
    expect((await lab.ask('PUT', '/v1/secrets/gpt', { json: { value } })).status).toBe(200)
    const model = { endpoint: 'http://127.0.0.1:1/v1', model: 'tiny', secret: 'gpt' }
    expect((await lab.ask('PUT', '/v1/models/team', { json: model })).status).toBe(200)
    const reader = await lab.tokenOf('read')
    const models = await json(await lab.ask('GET', '/v1/models', { token: reader }))
    expect(models.body).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ name: 'team' })]) })
    expect(await json(await lab.ask('POST', '/v1/models/team/check'))).toMatchObject({ body: { status: 'fail' } })
    const paths = ['/v1/secrets', '/v1/models', '/v1/settings', '/v1/audit', '/v1/system', '/v1/tokens']
    for (const path of paths) expect(await (await lab.ask('GET', path)).text()).not.toContain('canary')
    expect((await lab.ask('GET', '/v1/secrets', { token: reader })).status).toBe(403)
    expect((await lab.ask('DELETE', '/v1/models/team')).status).toBe(204)
    expect((await lab.ask('DELETE', '/v1/secrets/gpt')).status).toBe(204)
    expect(await json(await lab.ask('DELETE', '/v1/secrets/gpt'))).toMatchObject({ body: { name: 'secret_unknown' } })
    expect(lab.failures).toEqual([])
  })

  it('make a token that works until it is revoked, and write both down', async () => {
    const order = { name: 'ci', scope: 'run', expiresInDays: 30 }
    const made = await json(await lab.ask('POST', '/v1/tokens', { json: order }))
    const { id, token } = made.body as { readonly id: string; readonly token: string }
    expect(made).toMatchObject({ status: 201, body: { name: 'ci', scope: 'run' } })
    expect(await json(await lab.ask('GET', '/v1/session', { token }))).toMatchObject({
      body: { name: 'ci', scope: 'run', via: 'token', version: '0.0.0-test' },
    })
    expect((await lab.ask('DELETE', `/v1/tokens/${id}`)).status).toBe(204)
    expect((await lab.ask('GET', '/v1/session', { token })).status).toBe(401)
    const audit = await (await lab.ask('GET', '/v1/audit?limit=2')).text()
    expect(audit).toContain('createToken')
    expect(audit).toContain('deleteToken')
    expect(audit).not.toContain(token)
  })
})

describe('a session over HTTP', () => {
  const start = (body: unknown) =>
    lab.ask('POST', '/v1/session', {
      token: '',
      json: body,
      headers: { Origin: lab.url, 'Sec-Fetch-Site': 'same-origin' },
    })

  it('begins with a code, goes by cookie alone, and ends', async () => {
    const answer = await start({ code: await lab.server.access.createCode() })
    expect(await answer.clone().json()).toMatchObject({ name: 'page', scope: 'admin', via: 'cookie' })
    const set = answer.headers.get('set-cookie') ?? ''
    expect(set).toMatch(/; HttpOnly; SameSite=Strict; Max-Age=43200/)
    const Cookie = set.split(';', 1)[0] ?? ''
    expect((await lab.ask('GET', '/v1/session', { token: '', headers: { Cookie } })).status).toBe(200)
    const headers = { Cookie, Origin: lab.url, 'Sec-Fetch-Site': 'same-origin' }
    const ended = await lab.ask('DELETE', '/v1/session', { token: '', headers })
    expect(ended.status).toBe(204)
    expect(ended.headers.get('set-cookie')).toContain('Max-Age=0')
    expect((await lab.ask('GET', '/v1/session', { token: '', headers: { Cookie } })).status).toBe(401)
  })

  it('does not begin with a code that was used, or with a token that is none', async () => {
    const code = await lab.server.access.createCode()
    expect((await start({ code })).status).toBe(200)
    expect(await json(await start({ code }))).toMatchObject({ body: { name: 'token_refused' } })
    expect(await json(await start({ token: 'greenloop_none' }))).toMatchObject({ body: { name: 'token_refused' } })
  })
})
