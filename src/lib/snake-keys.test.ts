import { expect, test } from 'vitest'
import { camelKeys, snakeKeys } from './snake-keys.ts'

test('our keys change, those of users do not', () => {
  const value = {
    pairwiseDimensions: ['toneOfVoice'],
    parameters: { toneOfVoice: 'x' },
    servers: { mainServer: { baseUrl: 'u', headers: { 'X-MyHeader': 'v' } } },
    cases: [{ inputs: { orderId: { customerName: 1 } }, gone: undefined }],
  }
  expect(snakeKeys(value)).toEqual({
    pairwise_dimensions: ['toneOfVoice'],
    parameters: { toneOfVoice: 'x' },
    servers: { mainServer: { base_url: 'u', headers: { 'X-MyHeader': 'v' } } },
    cases: [{ inputs: { orderId: { customerName: 1 } } }],
  })
})

test('the parameters of a workflow are a list of ours', () => {
  expect(snakeKeys({ parameters: [{ maxLength: 3 }] })).toEqual({ parameters: [{ max_length: 3 }] })
})

test('there is a way back', () => {
  const value = {
    caseId: 'a',
    parameters: { tone_of_voice: 1 },
    scores: [{ promptSha: 'x', details: { keep_this: 1 } }],
    models: { my_judge: { baseUrl: 'u' } },
  }
  expect(camelKeys(snakeKeys(value))).toEqual(value)
})
