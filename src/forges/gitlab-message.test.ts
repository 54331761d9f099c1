import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { readMessage } from './gitlab-message.ts'

it.each([
  ['{"message":"401 Unauthorized"}', '401 Unauthorized'],
  ['{"message":["one","two"]}', 'one, two'],
  [
    '{"message":{"base":["script is missing"],"ref":["is short","is odd"]}}',
    'script is missing; ref: is short, is odd',
  ],
  ['{"error":"invalid_token","error_description":"Token was revoked."}', 'invalid_token; Token was revoked.'],
  ['{"message":"same","error":"same"}', 'same'],
  ['{"other":1}', '{"other":1}'],
  ['<html>Bad gateway</html>\n', '<html>Bad gateway</html>'],
  ['Retry later', 'Retry later'],
  ['', ''],
])('%s says %s', (body, said) => {
  expect(readMessage(body)).toBe(said)
})

it('reads whatever there is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (message) => {
      expect(typeof readMessage(JSON.stringify({ message }))).toBe('string')
    }),
  )
  expect(readMessage(`{"message":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)).toContain('[[[')
})
