import { describe, expect, test } from 'vitest'
import { raw, silent, startLlmServer } from '../../tests/support/llm-server.ts'
import type { Reply } from '../../tests/support/llm-server.ts'
import { openAiEmbeddings } from './embeddings.ts'

const key = 'sk-very-secret-0123456789'
const signal = new AbortController().signal

function vectors(...list: readonly (readonly number[])[]): Reply {
  const data = list.map((embedding, index) => ({ object: 'embedding', index, embedding })).toReversed()
  return raw(JSON.stringify({ data, model: 'small', usage: { prompt_tokens: 5, total_tokens: 5 } }))
}

async function ask(texts: readonly string[], replies: readonly Reply[], timeoutMs = 20_000) {
  await using server = await startLlmServer(replies)
  const embed = openAiEmbeddings({ baseUrl: `${server.url}/v1/`, model: 'small', apiKey: key, headers: {}, timeoutMs })
  const result = await embed(texts, signal).catch((error: unknown) => ({ error }))
  return { result, requests: server.requests }
}

describe('embeddings', () => {
  test('come back in the order of the texts, with the tokens that the server counted', async () => {
    const { result, requests } = await ask(['a', 'b'], [vectors([1, 0], [0, 1])])
    expect(result).toEqual({
      vectors: [
        [1, 0],
        [0, 1],
      ],
      tokens: 5,
    })
    expect(requests[0]?.path).toBe('/v1/embeddings')
    expect(requests[0]?.headers.authorization).toBe(`Bearer ${key}`)
    expect(requests[0]?.body).toEqual({ model: 'small', input: ['a', 'b'] })
  })

  test('of many texts take several calls', async () => {
    const texts = Array.from({ length: 65 }, (_, index) => `text ${index}`)
    const first = vectors(...texts.slice(0, 64).map((_, index) => [index]))
    const { result, requests } = await ask(texts, [first, vectors([64])])
    expect(requests).toHaveLength(2)
    expect(result).toEqual({ vectors: texts.map((_, index) => [index]), tokens: 10 })
  })

  test.each<[string, Reply, string]>([
    ['a refused key', raw(`{"error": "bad key ${key}"}`, 401), 'llm_unauthorized'],
    ['too many requests', raw('{}', 429, { 'retry-after': '3' }), 'llm_rate_limited'],
    ['a page in place of JSON', raw('<html>'), 'llm_garbled'],
    ['fewer vectors than texts', vectors([1]), 'llm_garbled'],
    ['a redirect', raw('', 302, { location: 'http://127.0.0.1:9/' }), 'llm_failed'],
  ])('%s is an error of its own', async (_, reply, code) => {
    const { result } = await ask(['a', 'b'], [reply])
    expect(result).toMatchObject({ error: { code } })
    expect(JSON.stringify(result)).not.toContain(key)
  })

  test('a server that says nothing is left at the limit', async () => {
    const { result } = await ask(['a'], [silent('nothing')], 50)
    expect(result).toMatchObject({ error: { code: 'llm_timeout' } })
  })

  test('a server that is not there cannot be reached, and an address has to be one', async () => {
    const nowhere = openAiEmbeddings({ baseUrl: 'http://127.0.0.1:9', model: 'm', headers: {}, timeoutMs: 5000 })
    await expect(nowhere(['a'], signal)).rejects.toMatchObject({ code: 'llm_unreachable' })
    expect(() => openAiEmbeddings({ baseUrl: 'server', model: 'm', headers: {}, timeoutMs: 1 })).toThrow(
      'http or https',
    )
  })

  test('an abort throws its reason', async () => {
    await using server = await startLlmServer([silent('nothing')])
    const embed = openAiEmbeddings({ baseUrl: server.url, model: 'm', headers: {}, timeoutMs: 20_000 })
    const stop = new AbortController()
    const asked = embed(['a'], stop.signal)
    stop.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
  })
})
