/** What `vctl await` waits for and `vctl check` checks. */
import type { FederationReport } from '@volttron/contracts'
import { ReservedIdentity } from '@volttron/vip'
import type { PlatformConnection } from './platform-connection.ts'

export interface Condition {
  /** As a person writes it: `peer:listener`. */
  readonly text: string
  readonly holds: (platform: PlatformConnection) => Promise<boolean>
}

/** Conditions in words, for help. */
export const CONDITIONS_HELP = `
Conditions:
  running         the platform answers
  federation      another platform is known, and every known one is connected
  peer:NAME       the peer is on the bus
  platform:NAME   that platform is connected`

/** @returns `undefined` when the text is no condition */
export function parseCondition(text: string): Condition | undefined {
  const [kind, name] = text.split(/:(.*)/s, 2) as [string, string | undefined]
  const holds = kind === text ? PLAIN[kind] : name ? NAMED[kind]?.(name) : undefined
  return holds && { text, holds }
}

export const federationReport = async (platform: PlatformConnection): Promise<FederationReport> =>
  (await platform.call(ReservedIdentity.federation, 'status')) as FederationReport

const PLAIN: Readonly<Record<string, Condition['holds']>> = {
  running: async () => true,
  federation: async (platform) => {
    const { platforms } = await federationReport(platform)
    return platforms.length > 0 && platforms.every((row) => row.connected)
  },
}

const NAMED: Readonly<Record<string, (name: string) => Condition['holds']>> = {
  peer: (name) => async (platform) => (await platform.peerlist()).includes(name),
  platform: (name) => async (platform) =>
    (await federationReport(platform)).platforms.some((row) => row.platform === name && row.connected),
}
