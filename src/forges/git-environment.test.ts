import { expect, test } from 'vitest'
import { gitEnvironment, readAddress } from './git-environment.ts'

const settings = { folder: '/w/x.git', home: '/w/home', token: 'secret-token', path: '/bin' }

function configOf(env: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const indexes = Array.from({ length: Number(env.GIT_CONFIG_COUNT) }, (_, index) => index)
  return Object.fromEntries(indexes.map((index) => [env[`GIT_CONFIG_KEY_${index}`], env[`GIT_CONFIG_VALUE_${index}`]]))
}

test('the token goes to the origin of the host alone, in a header', () => {
  const env = gitEnvironment({ ...settings, url: new URL('https://gitlab.example.com:8443/a/b.git') })
  const header = `Authorization: Basic ${Buffer.from('oauth2:secret-token').toString('base64')}`
  const holders = Object.entries(configOf(env)).filter(([, value]) => value?.includes('Authorization'))
  expect(holders).toEqual([['http.https://gitlab.example.com:8443/.extraHeader', header]])
  expect(JSON.stringify(env)).not.toContain('secret-token')
})

test('git has no environment and no configuration but ours', () => {
  const env = gitEnvironment({ ...settings, url: new URL('https://gitlab.example.com/a.git') })
  const others = Object.keys(env).filter((name) => !name.startsWith('GIT_CONFIG_'))
  expect(others.sort()).toEqual(
    [
      ...['GIT_ATTR_NOSYSTEM', 'GIT_DIR', 'GIT_LITERAL_PATHSPECS', 'GIT_NO_REPLACE_OBJECTS', 'GIT_OPTIONAL_LOCKS'],
      ...['GIT_TERMINAL_PROMPT', 'HOME', 'LC_ALL', 'PATH'],
    ].sort(),
  )
  expect(env).toMatchObject({ GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' })
})

test('only https is spoken, and http to this machine', () => {
  const https = configOf(gitEnvironment({ ...settings, url: readAddress('https://gitlab.example.com/a.git') }))
  expect(https).toMatchObject({ 'protocol.allow': 'never', 'protocol.https.allow': 'always' })
  expect(https['protocol.http.allow']).toBeUndefined()
  const http = configOf(gitEnvironment({ ...settings, url: readAddress('http://[::1]:80/a.git') }))
  expect(http['protocol.http.allow']).toBe('always')
  for (const url of [
    'http://localhost.evil.example/a',
    'http://127.0.0.1.evil.example/a',
    'ssh://git@h/a',
    'git@h:a',
  ]) {
    expect(() => readAddress(url), url).toThrow()
  }
})
