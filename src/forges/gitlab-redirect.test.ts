import { expect, it } from 'vitest'
import { mayFollow } from './gitlab-redirect.ts'

it.each([
  ['https://gitlab.example.com/x', 'https://gitlab.example.com/y', false, true],
  ['https://gitlab.example.com/x', 'https://storage.example.com/y', true, true],
  ['https://gitlab.example.com/x', 'https://storage.example.com/y', false, false],
  ['https://gitlab.example.com/x', 'https://gitlab.example.com:8443/y', false, false],
  ['https://gitlab.example.com/x', 'http://gitlab.example.com/y', true, false],
  ['http://gitlab.example.com/x', 'http://storage.example.com/y', true, true],
  ['https://gitlab.example.com/x', 'https://user:pass@gitlab.example.com/y', true, false],
  ['http://gitlab.example.com/x', 'http://169.254.169.254/latest/meta-data', true, false],
  ['http://gitlab.example.com/x', 'http://[::ffff:169.254.169.254]/', true, false],
  ['http://gitlab.example.com/x', 'http://[fe80::1]/', true, false],
  ['http://gitlab.example.com/x', 'http://127.0.0.1:9000/', true, false],
  ['http://gitlab.example.com/x', 'http://2130706433/', true, false],
  ['http://gitlab.example.com/x', 'http://localhost./', true, false],
  ['http://gitlab.example.com/x', 'file:///etc/passwd', true, false],
  ['http://127.0.0.1:8080/x', 'http://127.0.0.1:9000/', true, true],
  ['http://gitlab.example.com/x', 'http://10.0.0.5:9000/bucket', true, true],
])('from %s to %s (download: %s): %s', (from, to, mayLeave, expected) => {
  expect(mayFollow(new URL(to), { url: new URL(from), mayLeave })).toBe(expected)
})
