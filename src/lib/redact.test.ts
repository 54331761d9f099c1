import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from './redact.ts'

const none = createRedactor([])
// Samples are put together at run time, so that no scanner takes this file for a leak.
const random = 'aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY'
const samples: Record<string, string> = {
  'GitLab personal': `glpat-${random.slice(0, 20)}`,
  'GitLab routable': `glpat-${random.slice(0, 27)}.01.0a1b2c3d4`,
  'GitLab job': `glcbt-64_${random.slice(0, 20)}`,
  'GitLab trigger': `glptt-${'0123456789abcdef'.repeat(2)}`,
  'GitLab runner': `glrt-${random.slice(0, 20)}`,
  'GitLab deploy': `gldt-${random.slice(0, 20)}`,
  'GitLab feed': `glft-${random.slice(0, 20)}`,
  'GitLab SCIM': `glsoat-${random.slice(0, 20)}`,
  'GitLab registration': `GR1348941${random.slice(0, 20)}`,
  'GitHub classic': `ghp_${random}1234`,
  'GitHub fine-grained': `github_pat_${random}_${random}`,
  JWT: `eyJ${random}.eyJ${random}.${random}`,
  'OpenAI project key': `sk-proj-${random}`,
  'Anthropic key': `sk-ant-api03-${random}`,
  'Hugging Face key': `hf_${random}`,
  'AWS key id': ['AKIA', 'IOSFODNN7EXAMPLE'].join(''),
  'Google key': `AIza${random}abc`,
  'Slack token': `xoxb-${random}`,
  'npm token': `npm_${random}abcd`,
  'payment key': `sk_live_${random}`,
}

describe('createRedactor', () => {
  it.each(Object.entries(samples))('hides a secret of the family %s', (_, secret) => {
    const text = `before ${secret} after`
    expect(none.text(text)).toMatch(/^before \[redacted [a-z ]+\] after$/)
    expect(none.text(`x="${secret}"`)).not.toContain(secret.slice(8))
  })

  it('hides PEM blocks, short ones, cut ones and ones with escaped line ends', () => {
    const block = `-----BEGIN RSA PRIVATE KEY-----\n${random}\n-----END RSA PRIVATE KEY-----`
    expect(none.text(`a ${block} b`)).toBe('a [redacted private key] b')
    expect(none.text(`a ${block.replaceAll('\n', '\\n')} b`)).toBe('a [redacted private key] b')
    expect(none.text(`a ${block.slice(0, 45)}`)).toBe('a [redacted private key]')
  })

  it.each([
    'PASSWORD=hunter2',
    'password: "s3cret!"',
    '{"api_key":"Zx81-basic"}',
    '{\\"api_key\\":\\"Zx81-basic\\"}',
    "SECRET_ACCESS_KEY='wJalrXUtnFEMI/K7MDENG'",
    'client_secret=abc123def456',
    'DB_PASSWD => tr0ub4dor',
  ])('hides the value of %s', (text) => {
    const output = none.text(text)
    expect(output).toContain('[redacted]')
    expect(output).not.toMatch(/hunter2|s3cret|Zx81|wJalr|abc123|tr0ub/)
  })

  it('hides credentials in URLs and authorization headers', () => {
    expect(none.text('postgres://ada:pa55@db:5432/x')).toBe('postgres://ada:[redacted password]@db:5432/x')
    expect(none.text(`Authorization: Bearer ${random}`)).toBe('Authorization: Bearer [redacted authorization]')
    expect(none.text('_gitlab_session=0123456789abcdef0')).toBe('_gitlab_session=[redacted gitlab session]')
  })

  it.each([
    'def login(user: str, password: str) -> Token:',
    'tests/test_token.py::TestToken::test_expired_token_is_refused',
    'login(password="wrong")',
    'token = refresh_token(session)',
    'assert password != other_password',
    'the secret: keep calm',
    'E   KeyError: token=required',
    'http://127.0.0.1:8080/users',
    'task-sk-list and risk-management-of-large-things',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  ])('leaves %s alone', (text) => {
    expect(none.text(text)).toBe(text)
  })

  it('hides configured values and their usual encodings', () => {
    const secret = 'pa$$ "w/rd" ключ'
    const redactor = createRedactor([secret, 'abc'])
    const forms = [
      secret,
      Buffer.from(secret).toString('base64'),
      Buffer.from(secret).toString('base64url'),
      Buffer.from(secret).toString('hex'),
      Buffer.from(secret).toString('hex').toUpperCase(),
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
    ]
    for (const form of forms) expect(redactor.text(`<${form}>`)).toBe('<[redacted]>')
    expect(redactor.text('abc')).toBe('abc')
  })

  it('hides a configured value inside the base64 of a longer text', () => {
    const redactor = createRedactor(['correct-horse-battery'])
    for (const user of ['a', 'ab', 'abc']) {
      const header = Buffer.from(`${user}:correct-horse-battery`).toString('base64')
      const left = redactor.text(header).replace('[redacted]', '')
      expect(Buffer.from(left, 'base64').toString('latin1')).not.toMatch(/horse|correct/)
    }
  })

  it('hides the longer of two configured values that begin alike', () => {
    expect(createRedactor(['key-one', 'key-one-long']).text('key-one-long')).toBe('[redacted]')
  })

  it('leaves test data in code and still hides real secrets there', () => {
    const redactor = createRedactor(['real-s3cret'])
    const code = (key: string) => `login(password="Corr3ct!", key="${key}", token="glpat-0123456789abcdefghij")`
    expect(redactor.source(code('real-s3cret'))).toBe(
      'login(password="Corr3ct!", key="[redacted]", token="[redacted gitlab token]")',
    )
  })

  it('goes through objects and lists and keeps everything else', () => {
    const redactor = createRedactor(['topsecret'])
    const value = { a: ['x topsecret', 1, null, true], topsecret: { b: undefined } }
    expect(redactor.deep(value)).toEqual({ a: ['x [redacted]', 1, null, true], '[redacted]': { b: undefined } })
  })

  it('hides a configured value wherever it stands', () => {
    const wherever = fc.property(
      fc.string(),
      fc.string(),
      fc.base64String({ minLength: 8 }),
      (before, after, secret) => {
        expect(createRedactor([secret]).text(`${before} ${secret} ${after}`)).not.toContain(secret)
      },
    )
    fc.assert(wherever)
  })

  it('ends on long hostile texts of every shape', () => {
    const pieces = [
      ...Object.values(samples).map((sample) => sample.slice(0, 6)),
      '-----BEGIN PRIVATE KEY-----',
      'eyJaaaaaaaaaa.',
      'password=',
      '://a:',
      'Bearer ',
      '"\'',
      'aA0',
    ]
    const shape = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(shape, (parts) => {
        const text = parts.join('').repeat(8000)
        expect(none.text(text).length).toBeGreaterThan(0)
      }),
      { numRuns: 25 },
    )
  })
})
