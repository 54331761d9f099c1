import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { describeTier, openSandbox } from './sandbox.ts'

describe('openSandbox', () => {
  it('refuses, naming what is missing and what mends it, where a sandbox is demanded', async () => {
    const error = await openSandbox('required', { toolFolders: ['/nowhere'] }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(GreenloopError)
    expect(error).toMatchObject({
      code: 'sandbox_unavailable',
      message: expect.stringContaining('bubblewrap'),
      help: expect.stringContaining('apt-get install'),
    })
  })

  it('says in plain words what is not protected where it finds no sandbox', async () => {
    const found = await openSandbox('auto', { toolFolders: ['/nowhere'] })
    expect(found.sandbox.tier).toBe('none')
    expect(found.sandbox.gaps.join(' ')).toMatch(/[Ff]iles .*network .*processes/s)
    expect(found.probes[0]?.works).toBe(false)
  })

  it('gives no protection when it is switched off, and says so', async () => {
    const { sandbox: none } = await openSandbox('off')
    expect(none.tier).toBe('none')
    expect(none.gaps.length).toBeGreaterThan(2)
    expect(describeTier('none')).toContain('No protection')
  })

  it('looks at the machine once', async () => {
    const first = await openSandbox('auto')
    expect(await openSandbox('auto')).toBe(first)
  })
})
