/** Where the platform of a home listens. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readVolttronFile } from '@volttron/config'
import { formatAddress, isWildcard, parseAddress, parseJson, type VipAddress } from '@volttron/vip'

/**
 * Addresses to try, in order: those the running platform has bound (`run/addresses.json`), else those in its `config`, else its
 * local socket. Local sockets come first: they are the shortest way. Read anew for each attempt, because a platform may come
 * back elsewhere.
 */
export function platformAddresses(volttronHome: string): string[] {
  const bound = boundAddresses(volttronHome)
  if (bound.length > 0) return bound.sort((one, other) => Number(isLocal(other)) - Number(isLocal(one)))
  const configured = configuredAddresses(volttronHome)
  return configured.length > 0 ? configured : [`ipc://${join(volttronHome, 'run', 'vip.socket')}`]
}

const isLocal = (address: string): boolean => address.startsWith('ipc://')

function boundAddresses(volttronHome: string): string[] {
  const value = parseJson(readIfThere(join(volttronHome, 'run', 'addresses.json'))) as
    | { addresses?: unknown }
    | undefined
  return reachable(value?.addresses)
}

function configuredAddresses(volttronHome: string): string[] {
  const file = readVolttronFile(readIfThere(join(volttronHome, 'config')), 'config')
  return reachable(file.entries.filter(({ key }) => key === 'address').flatMap(({ values }) => values))
}

/** Those that can be dialled from this machine. */
function reachable(addresses: unknown): string[] {
  if (!Array.isArray(addresses)) return []
  return addresses.flatMap((text: unknown) => {
    try {
      return [formatAddress(toLocal(parseAddress(String(text))))]
    } catch {
      return []
    }
  })
}

/** "Every interface" is no place to dial; the loopback is one of them. */
function toLocal(address: VipAddress): VipAddress {
  if (address.scheme !== 'tcp' || !isWildcard(address)) return address
  return { ...address, host: address.host.includes(':') ? '::1' : '127.0.0.1' }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
