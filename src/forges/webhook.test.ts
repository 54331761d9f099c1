import { describe, expect, it } from 'vitest'
import { openWebhook } from './webhook.ts'

const never = new AbortController().signal

async function post(port: number, headers: Record<string, string>): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers,
    body: '{"object_kind":"pipeline"}',
  })
  return response.status
}

describe('webhooks', () => {
  it('wake whoever waits when the host tells of a pipeline', async () => {
    const webhook = await openWebhook({ port: 0, secret: 'a-secret', host: '127.0.0.1' })
    const woken = webhook.woken(never)
    expect(await post(webhook.port, { 'x-gitlab-event': 'Pipeline Hook', 'x-gitlab-token': 'a-secret' })).toBe(204)
    await woken
    await webhook.close()
  })

  it('that come while nobody waits wake the next one who does', async () => {
    const webhook = await openWebhook({ port: 0, secret: 'a-secret', host: '127.0.0.1' })
    expect(await post(webhook.port, { 'x-gitlab-event': 'Job Hook', 'x-gitlab-token': 'a-secret' })).toBe(204)
    await webhook.woken(never)
    const stop = new AbortController()
    const woken = webhook.woken(stop.signal)
    stop.abort(new Error('one event wakes once'))
    await expect(woken).rejects.toThrow('one event wakes once')
    await webhook.close()
  })

  it('with a wrong secret or of another kind wake nobody', async () => {
    const webhook = await openWebhook({ port: 0, secret: 'a-secret', host: '127.0.0.1' })
    const stop = new AbortController()
    const woken = webhook.woken(stop.signal)
    expect(await post(webhook.port, { 'x-gitlab-event': 'Pipeline Hook', 'x-gitlab-token': 'a-guess' })).toBe(401)
    expect(await post(webhook.port, { 'x-gitlab-event': 'Pipeline Hook' })).toBe(401)
    expect(await post(webhook.port, { 'x-gitlab-event': 'Wiki Page Hook', 'x-gitlab-token': 'a-secret' })).toBe(202)
    stop.abort(new Error('nobody came'))
    await expect(woken).rejects.toThrow('nobody came')
    await webhook.close()
  })

  it('on a port that is taken are an error that names the setting', async () => {
    const webhook = await openWebhook({ port: 0, host: '127.0.0.1' })
    await expect(openWebhook({ port: webhook.port, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'forge_unavailable',
      help: expect.stringContaining('webhook_port'),
    })
    await webhook.close()
  })
})
