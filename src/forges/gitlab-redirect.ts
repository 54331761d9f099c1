import { BlockList, isIP } from 'node:net'

/** Addresses that no object storage has: those of this machine, and those where clouds keep the secrets of a machine. */
const forbidden = new BlockList()
forbidden.addSubnet('127.0.0.0', 8)
forbidden.addSubnet('0.0.0.0', 8)
forbidden.addSubnet('169.254.0.0', 16)
forbidden.addAddress('::1', 'ipv6')
forbidden.addAddress('::', 'ipv6')
forbidden.addSubnet('fe80::', 10, 'ipv6')
forbidden.addAddress('fd00:ec2::254', 'ipv6')

/**
 * Whether a GET may go on to `next`: on the same origin always; to another one only for a download, never from HTTPS to
 * HTTP, and never to an address of this machine or its cloud unless the host itself stands on this machine.
 */
export function mayFollow(next: URL, request: { readonly url: URL; readonly mayLeave: boolean }): boolean {
  if (next.username !== '' || next.password !== '') return false
  if (next.origin === request.url.origin) return true
  if (!request.mayLeave) return false
  if (next.protocol !== 'https:' && (next.protocol !== 'http:' || request.url.protocol === 'https:')) return false
  return !isForbidden(next.hostname) || isForbidden(request.url.hostname)
}

function isForbidden(hostname: string): boolean {
  const name = hostname.replace(/^\[|[\].]$/g, '')
  if (name === 'localhost' || name.endsWith('.localhost')) return true
  const family = isIP(name)
  return family !== 0 && forbidden.check(name, family === 6 ? 'ipv6' : 'ipv4')
}
