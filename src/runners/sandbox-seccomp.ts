/** Numbers of the system calls that differ between machines; names as in the kernel's tables. */
interface SyscallTable {
  readonly audit: number
  readonly clone: number
  readonly denied: readonly number[]
}

// Same numbers on every machine: pidfd_getfd, io_uring (3), the mount calls of Linux 5.2 and later, mount_setattr.
const deniedEverywhere = [438, 425, 426, 427, 428, 429, 430, 431, 432, 433, 442]
const clone3 = 435

// prettier-ignore
const tables: Readonly<Record<string, SyscallTable>> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    denied: [
      101, 310, 311, // ptrace, process_vm_readv, process_vm_writev
      165, 166, 155, 161, 272, 308, // mount, umount2, pivot_root, chroot, unshare, setns
      321, 298, 323, // bpf, perf_event_open, userfaultfd
      248, 249, 250, // add_key, request_key, keyctl
      303, 304, // name_to_handle_at, open_by_handle_at
      246, 320, 175, 313, 176, // kexec_load, kexec_file_load, init_module, finit_module, delete_module
      167, 168, 169, 103, 163, 179, // swapon, swapoff, reboot, syslog, acct, quotactl
      164, 227, 305, 159, 172, 173, // settimeofday, clock_settime, clock_adjtime, adjtimex, iopl, ioperm
    ],
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    denied: [
      117, 270, 271, // ptrace, process_vm_readv, process_vm_writev
      40, 39, 41, 51, 97, 268, // mount, umount2, pivot_root, chroot, unshare, setns
      280, 241, 282, // bpf, perf_event_open, userfaultfd
      217, 218, 219, // add_key, request_key, keyctl
      264, 265, // name_to_handle_at, open_by_handle_at
      104, 294, 105, 273, 106, // kexec_load, kexec_file_load, init_module, finit_module, delete_module
      224, 225, 142, 116, 89, 60, // swapon, swapoff, reboot, syslog, acct, quotactl
      170, 112, 266, 171, // settimeofday, clock_settime, clock_adjtime, adjtimex
    ],
  },
}

// Classic BPF (linux/bpf_common.h): load a word, jump if equal / at least / any bit set, return.
const load = 0x20
const jumpEqual = 0x15
const jumpAtLeast = 0x35
const jumpAnyBit = 0x45
const giveBack = 0x06

// Offsets in struct seccomp_data; both machines are little-endian, so the low half of args[0] comes first.
const numberAt = 0
const archAt = 4
const firstArgumentAt = 16

const allow = 0x7fff0000
const killProcess = 0x80000000
const failWith = (errno: number): number => 0x00050000 | errno
const eperm = 1
const enosys = 38

const x32Bit = 0x40000000
/** Flags of clone() that make a namespace: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const namespaceFlags = 0x7e020000

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, value: number]

/**
 * A seccomp program for the machine (`process.arch`), as bubblewrap reads it: calls that tests never need and that
 * widen the attack surface of the kernel fail with EPERM. `undefined` for machines without a table.
 */
export function compileSeccomp(arch: string): Uint8Array | undefined {
  const table = tables[arch]
  if (table === undefined) return undefined
  const refuse = (number: number, errno: number): Instruction[] => [
    [jumpEqual, 0, 1, number],
    [giveBack, 0, 0, failWith(errno)],
  ]
  return encode([
    [load, 0, 0, archAt],
    [jumpEqual, 1, 0, table.audit],
    [giveBack, 0, 0, killProcess],
    [load, 0, 0, numberAt],
    // x86-64 has a second table of calls behind this bit; no call of another machine is that high.
    [jumpAtLeast, 0, 1, x32Bit],
    [giveBack, 0, 0, failWith(enosys)],
    // Its flags lie in memory where no filter can see them; the C libraries fall back to clone.
    ...refuse(clone3, enosys),
    ...[...table.denied, ...deniedEverywhere].flatMap((number) => refuse(number, eperm)),
    [jumpEqual, 0, 3, table.clone],
    [load, 0, 0, firstArgumentAt],
    [jumpAnyBit, 0, 1, namespaceFlags],
    [giveBack, 0, 0, failWith(eperm)],
    [giveBack, 0, 0, allow],
  ])
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8)
  program.forEach(([code, jumpTrue, jumpFalse, value], index) => {
    const at = bytes.writeUInt16LE(code, index * 8)
    bytes.writeUInt8(jumpFalse, bytes.writeUInt8(jumpTrue, at))
    bytes.writeUInt32LE(value >>> 0, at + 2)
  })
  return bytes
}
