import { describe, expect, it } from 'vitest'
import { compileSeccomp } from './sandbox-seccomp.ts'

const machines = {
  x64: { audit: 0xc000003e, calls: { read: 0, mmap: 9, ptrace: 101, mount: 165, unshare: 272, clone: 56, futex: 202 } },
  arm64: {
    audit: 0xc00000b7,
    calls: { read: 63, mmap: 222, ptrace: 117, mount: 40, unshare: 97, clone: 220, futex: 98 },
  },
}
const allow = 0x7fff0000
const eperm = 0x00050001
const enosys = 0x00050026

/** Runs the program as the kernel does and gives what it returns. */
function decide(
  arch: string,
  call: { readonly audit: number; readonly number: number; readonly flags?: number },
): number {
  const program = Buffer.from(compileSeccomp(arch) ?? [])
  const data = new Map([
    [0, call.number],
    [4, call.audit],
    [16, call.flags ?? 0],
  ])
  let loaded = 0
  for (let at = 0; at < program.length; at += 8) {
    const value = program.readUInt32LE(at + 4)
    const jump = (taken: boolean): number => program.readUInt8(at + (taken ? 2 : 3)) * 8
    const code = program.readUInt16LE(at)
    if (code === 0x20) loaded = data.get(value) ?? 0
    else if (code === 0x15) at += jump(loaded === value)
    else if (code === 0x35) at += jump(loaded >= value)
    else if (code === 0x45) at += jump((loaded & value) !== 0)
    else return value
  }
  return -1
}

describe.each(Object.entries(machines))('the system call filter for %s', (arch, { audit, calls }) => {
  const on = (number: number, flags = 0): number => decide(arch, { audit, number, flags })

  it('lets ordinary calls pass', () => {
    expect([on(calls.read), on(calls.mmap), on(calls.futex)]).toEqual([allow, allow, allow])
  })

  it('refuses calls that reach into other processes or the system', () => {
    expect([on(calls.ptrace), on(calls.mount), on(calls.unshare), on(425)]).toEqual([eperm, eperm, eperm, eperm])
  })

  it('lets threads and children be made, but no namespace', () => {
    const thread = 0x3d0f00
    expect([on(calls.clone, thread), on(calls.clone, 17), on(calls.clone, 0x10000000)]).toEqual([allow, allow, eperm])
  })

  it('says that clone3 does not exist, so that libraries fall back', () => {
    expect(on(435)).toBe(enosys)
  })

  it('kills what speaks the calls of another machine, and knows no second table', () => {
    expect(decide(arch, { audit: 0x40000003, number: calls.read })).toBe(0x80000000)
    expect(on(0x40000000 + 1)).toBe(enosys)
  })
})

describe('a machine without a table', () => {
  it('gets no filter', () => {
    expect(compileSeccomp('riscv64')).toBeUndefined()
  })
})
