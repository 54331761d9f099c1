import { expect, it } from 'vitest'
import { openServiceLab } from '../../tests/support/service-lab.ts'
import type { Call } from './handler.ts'
import { createStreamHub } from './stream-hub.ts'

it('leaves others a place beside a caller that takes all it can get', async () => {
  await using lab = await openServiceLab()
  const hub = createStreamHub(lab.service, { maxClients: 4 })
  const gone = new AbortController()
  const call = (name: string, { signal } = new AbortController()): Call => ({
    caller: { name, scope: 'read', via: 'token' },
    request: new Request('http://localhost/v1/events'),
    requestId: name,
    address: '',
    signal,
  })
  hub.followAll(undefined, call('greedy', gone))
  hub.followAll(undefined, call('greedy'))
  hub.followAll(undefined, call('greedy'))
  const refusal = expect.objectContaining({ code: 'rate_limited' }) as Error
  expect(() => hub.followAll(undefined, call('greedy'))).toThrow(refusal)
  expect(hub.followAll(undefined, call('modest')).status).toBe(200)
  expect(() => hub.followAll(undefined, call('modest'))).toThrow(refusal)
  gone.abort()
  expect(hub.followAll(undefined, call('greedy')).status).toBe(200)
  hub.close()
})
