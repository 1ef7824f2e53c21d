/** What the federation needs to know before it starts. */
import type { ResolvedOptions } from '@volttron/config'
import { formatAddress, instanceNameProblem } from '@volttron/vip'
import type { AddressOptions } from './addresses.ts'
import type { PlatformCatalogue } from './catalogue.ts'
import { optionError } from './option-problem.ts'

export interface FederationOptions {
  /** http or https, without a slash at the end. */
  readonly registryUrl: string
  /** Nobody can reach this platform; it dials. */
  readonly dialOnly: boolean
  /** Register in this group and trust only its members; `undefined` registers `default` and trusts every group. */
  readonly group: string | undefined
  /** Federate with these platforms only; `undefined` means all. */
  readonly allow: readonly string[] | undefined
  readonly trust: 'registry' | 'listed'
  /** PEM text of the certificates that vouch for the registry. */
  readonly ca: string | undefined
  /** Never logged. */
  readonly registrationPassword: string | undefined
}

/** Reads a file named by an option, relative to where the option stands. @throws VolttronError `system` */
export type ReadOptionFile = (option: 'federationCa' | 'registrationPasswordFile') => string | undefined

type Options = ResolvedOptions<PlatformCatalogue>

/** @throws VolttronError `usage` or `config`; @returns `undefined` when federation is not enabled */
export function checkFederation(
  options: Options,
  addresses: AddressOptions,
  readFile: ReadOptionFile,
): FederationOptions | undefined {
  const url = checkUrl(options)
  const group = checkGroup(options)
  const allow = checkAllow(options)
  const ca = readFile('federationCa')
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw optionError(options.federationCa, `${options.federationCa.value} holds no certificate in PEM form`)
  }
  const password = readFile('registrationPasswordFile')?.replace(/\r?\n$/, '')
  if (password !== undefined && !/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(password)) {
    throw optionError(
      options.registrationPasswordFile,
      `${options.registrationPasswordFile.value} must hold the password in one line of ASCII characters`,
    )
  }
  if (!options.enableFederation.value) return undefined
  if (url === undefined) {
    throw optionError(
      options.enableFederation,
      'federation needs the URL of the platform registry',
      'add --federation-url, for example --federation-url http://192.168.1.10:8000',
    )
  }
  if (!options.dialOnly.value && addresses.advertise === undefined) {
    throw optionError(
      options.enableFederation,
      'federation needs an address that other platforms reach',
      'add --address, for example --address tcp://192.168.1.10:22916, or --dial-only when nobody can reach this platform',
    )
  }
  return {
    registryUrl: url,
    dialOnly: options.dialOnly.value,
    group,
    allow,
    trust: options.federationTrust.value,
    ca,
    registrationPassword: password,
  }
}

/** What works, but probably not as meant. */
export function federationNotices(
  options: Options,
  addresses: AddressOptions,
  federation: FederationOptions | undefined,
): string[] {
  if (!federation) {
    const given = options.federationUrl.value !== undefined || options.dialOnly.value
    return given ? ['federation is not enabled: add --enable-federation to use the federation options'] : []
  }
  const notices: string[] = []
  const registryIsLocal = isLoopback(new URL(federation.registryUrl).hostname)
  const secured = federation.registryUrl.startsWith('https:') || federation.registrationPassword !== undefined
  if (!registryIsLocal && !secured && federation.trust === 'registry') {
    notices.push(
      `the registry ${federation.registryUrl} has neither TLS nor a password: whoever can reach it can add platforms`,
    )
  }
  const { advertise } = addresses
  if (advertise?.scheme === 'tcp' && isLoopback(advertise.host) && !registryIsLocal) {
    notices.push(`platforms on other machines cannot reach ${formatAddress(advertise)}: see --advertise-address`)
  }
  return notices
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)

function checkUrl(options: Options): string | undefined {
  const option = options.federationUrl
  if (option.value === undefined) return undefined
  // Text after '#' is cut off, as the Python platform does.
  const text = option.value.replace(/#.*$/, '').trim()
  const shown = text.slice(0, 100)
  const hint = 'use http://HOST:PORT or https://HOST:PORT'
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || !/^https?:\/\/[^/]/i.test(text)) {
    throw optionError(option, `'${shown}' is no http or https URL`, hint)
  }
  if (url.username !== '' || url.password !== '') {
    throw optionError(option, 'a URL with a password in it ends up in logs', 'use --registration-password-file FILE')
  }
  if (url.search !== '') throw optionError(option, `'${shown}' has a query`, hint)
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

function checkGroup(options: Options): string | undefined {
  const group = options.federationGroup.value
  if (group === undefined) return undefined
  if (group.length > 128 || /\p{C}/u.test(group)) {
    throw optionError(options.federationGroup, 'a group name has at most 128 printable characters')
  }
  return group
}

function checkAllow(options: Options): readonly string[] | undefined {
  const names = options.federationAllow.value
  for (const name of names) {
    const problem = instanceNameProblem(name)
    if (problem) throw optionError(options.federationAllow, `'${name.slice(0, 100)}': ${problem}`)
  }
  return names.length === 0 ? undefined : [...new Set(names)]
}
