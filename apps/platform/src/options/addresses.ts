/** Where the platform listens, and under which address the others reach it. */
import type { ResolvedOptions } from '@volttron/config'
import { DEFAULT_VIP_PORT, formatAddress, isWildcard, parseAddress, type VipAddress } from '@volttron/vip'
import type { PlatformCatalogue } from './catalogue.ts'
import { about, optionError } from './option-problem.ts'

export interface AddressOptions {
  /** The local socket: how `vctl` and local agents find the platform by its home. */
  readonly local: VipAddress & { readonly scheme: 'ipc' }
  /** Further addresses to listen on, in the order given. Port 0 lets the system choose. */
  readonly listen: readonly VipAddress[]
  /**
   * What others are told. `undefined` when there is nothing to tell: dial-only, or listening on local sockets only. Its
   * port is 0 when the address to listen on has port 0; put the real port in once it is known.
   */
  readonly advertise: VipAddress | undefined
}

/** Longest path of a local socket on Linux (108) and macOS (104), with the closing zero. */
const MAX_SOCKET_PATH_BYTES = 103
const ADVERTISE_HINT =
  'name an address that other platforms reach, for example --advertise-address tcp://192.168.1.10:22916'

/** @throws VolttronError `usage` or `config` for an address that is none, is given twice or helps nobody */
export function checkAddresses(options: ResolvedOptions<PlatformCatalogue>, home: string): AddressOptions {
  const dialOnly = options.dialOnly.value
  const local = readLocal(options, home)
  const listen = readListenAddresses(options, dialOnly, local)
  const wildcard = listen.find(isWildcard)
  const explicit = readAdvertised(options)
  if (dialOnly && explicit) {
    throw optionError(
      options.advertiseAddress,
      'a dial-only platform has no address to advertise',
      'drop one of the two',
    )
  }
  if (wildcard && !explicit && !dialOnly) {
    const text = formatAddress(wildcard)
    throw optionError(
      options.address,
      `${text} means every interface, which no other platform can dial`,
      ADVERTISE_HINT,
    )
  }
  const advertise = dialOnly ? undefined : (explicit ?? listen.find((address) => address.scheme === 'tcp'))
  return { local, listen, advertise }
}

function readListenAddresses(
  options: ResolvedOptions<PlatformCatalogue>,
  dialOnly: boolean,
  local: VipAddress,
): readonly VipAddress[] {
  const given = options.address.value.map((text) => about(options.address, () => parseAddress(text)))
  // It is listened on in any case; a file names it for Python agents.
  const addresses = given.filter((address) => formatAddress(address) !== formatAddress(local))
  if (addresses.length === 0) {
    const nobody = dialOnly || options.enableFederation.value
    return nobody ? [] : [{ scheme: 'tcp', host: '127.0.0.1', port: DEFAULT_VIP_PORT }]
  }
  const seen = new Set<string>()
  return addresses.map((address) => {
    const normal = formatAddress(address)
    const portIsChosen = address.scheme === 'tcp' && address.port === 0
    if (seen.has(normal) && !portIsChosen) throw optionError(options.address, `${normal} is given twice`)
    seen.add(normal)
    return address
  })
}

function readAdvertised(options: ResolvedOptions<PlatformCatalogue>): VipAddress | undefined {
  const option = options.advertiseAddress
  const text = option.value
  if (text === undefined) return undefined
  const address = about(option, () => parseAddress(text))
  if (address.scheme !== 'tcp') throw optionError(option, `other platforms cannot dial ${text}`, ADVERTISE_HINT)
  if (isWildcard(address)) throw optionError(option, `${text} means every interface`, ADVERTISE_HINT)
  if (address.port === 0) throw optionError(option, `${text} has no port that can be dialled`, ADVERTISE_HINT)
  return address
}

function readLocal(options: ResolvedOptions<PlatformCatalogue>, home: string): AddressOptions['local'] {
  const option = options.localAddress
  const address = about(option, () => parseAddress(option.value ?? `ipc://${home}/run/vip.socket`))
  if (address.scheme !== 'ipc') throw optionError(option, `${option.value} is no local socket`, 'use ipc:///PATH')
  const bytes = Buffer.byteLength(address.path)
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw optionError(
      option,
      `the path of the local socket has ${bytes} bytes, ${MAX_SOCKET_PATH_BYTES} are allowed: ${address.path}`,
      'use a VOLTTRON_HOME with a shorter path',
    )
  }
  return address
}
