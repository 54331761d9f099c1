import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Whether an address is one of the open internet: not this machine, no private network, no cloud metadata. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  return ipaddr.process(address).range() === 'unicast'
}

/** A host of a URL that is an address itself, without the brackets of IPv6. */
export function addressOfHost(host: string): string | undefined {
  const bare = host.replace(/^\[|\]$/g, '')
  return isIP(bare) === 0 ? undefined : bare
}

/** Finds names as the system does, but refuses those that lead anywhere but the open internet. */
export const publicLookup: LookupFunction = (host, options, done) => {
  systemLookup(host, { ...options, all: true }, (error, found) => {
    if (error !== null) return done(error, '', 0)
    const refused = found.find(({ address }) => !isPublicAddress(address))
    if (refused !== undefined) {
      const message = `${host} leads to ${refused.address}, which is no address of the open internet`
      return done(Object.assign(new Error(message), { code: 'EADDRREFUSED' }), '', 0)
    }
    const [first] = found
    if (options.all) return done(null, found)
    return done(null, first?.address ?? '', first?.family)
  })
}
