/** VIP addresses: `tcp://host:port`, `tcp://[v6]:port`, `ipc://path` (VIP specification, section 1.2). */
import { DEFAULT_VIP_PORT } from './constants.ts'
import { VolttronError } from './errors.ts'

export type VipAddress =
  | { readonly scheme: 'tcp'; readonly host: string; readonly port: number }
  | { readonly scheme: 'ipc'; readonly path: string }

/** What could break out of its line, or steer a terminal. */
const UNPRINTABLE = /[^\x20-\x7e]/g

/** Top-level domain, reserved by RFC 2606, that marks the address of a platform nobody can dial. */
const NOT_DIALABLE = '.invalid'

/**
 * Reads an address. Query and fragment, which Python writes keys into, are ignored; a missing port is 22916.
 *
 * @throws VolttronError `usage` when the text is no address
 */
export function parseAddress(text: string): VipAddress {
  const bad = (why: string) =>
    new VolttronError('usage', `bad address '${text.slice(0, 100).replace(UNPRINTABLE, '?')}': ${why}`, {
      hint: 'use tcp://HOST:PORT, for example tcp://192.168.1.10:22916',
    })
  const match = /^(?:([a-z]+):\/\/)?([^?#]*)/.exec(text)
  const scheme = match?.[1] ?? 'tcp'
  const rest = match?.[2] ?? ''
  if (scheme === 'ipc') {
    if (rest === '') throw bad('the path is missing')
    return { scheme, path: rest }
  }
  if (scheme !== 'tcp') throw bad(`the scheme '${scheme}' is not supported`)
  const parts = /^(?:\[([^\]]+)\]|([^:/[\]]+))(?::([0-9]{1,5}))?\/?$/.exec(rest)
  if (!parts) throw bad('expected HOST:PORT')
  const host = parts[1] ?? parts[2]!
  if (parts[1] !== undefined) {
    // Behind the percent sign stands the interface of a link-local address (RFC 4007).
    if (!URL.canParse(`http://[${host.replace(/%[A-Za-z0-9_.-]+$/, '')}]`))
      throw bad('the text in brackets is no IPv6 address')
  } else if (host !== '*' && !/^[A-Za-z0-9_.-]+$/.test(host))
    throw bad('the host name holds characters that no host name has')
  const port = parts[3] === undefined ? DEFAULT_VIP_PORT : Number(parts[3])
  if (port > 65535) throw bad('a port is at most 65535')
  return { scheme, host, port }
}

export function formatAddress(address: VipAddress): string {
  if (address.scheme === 'ipc') return `ipc://${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `tcp://${host}:${address.port}`
}

/** True for an address that means "every interface": good to listen on, useless to others. */
export const isWildcard = (address: VipAddress): boolean =>
  address.scheme === 'tcp' && ['*', '0.0.0.0', '::', '0', '::0'].includes(address.host)

/** The unique address under which a dial-only platform is registered; nobody can dial it (RFC 2606). */
export const dialOnlyAddress = (instanceName: string): string => `tcp://${instanceName}${NOT_DIALABLE}:22916`

/** True for an address made by {@link dialOnlyAddress}. */
export const isDialOnlyAddress = (address: string): boolean => /^tcp:\/\/[^:/]+\.invalid(:|$)/.test(address)
