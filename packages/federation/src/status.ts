/** What an operator sees of each platform: one row, also for those that are down. */
import { createHash } from 'node:crypto'
import type { PublicKey } from '@volttron/vip'
import type { Protocol } from './platform-link.ts'
import type { RemotePlatform } from './remote-platform.ts'

export type PlatformStatusWord =
  | 'connected'
  | 'connecting'
  /** Down; the next try is planned. */
  | 'down'
  /** The platform cannot be dialled and has not dialled us yet. */
  | 'waiting'
  /** It cannot be dialled, and neither can we. */
  | 'nobody-can-dial'
  /** Its credential is no CURVE key. */
  | 'invalid-key'
  /** The registry names a key that nobody vouched for. */
  | 'key-changed'
  /** Its key was never accepted (`trust` is `listed`). */
  | 'not-accepted'
  /** Connected in VIP1, although it had a session of ours once. */
  | 'degraded'
  /** Two live platforms use one name and key. */
  | 'duplicate-instance'
  | 'stopped'

export interface StatusRow {
  readonly platform: string
  readonly address: string
  readonly group: string
  readonly connected: boolean
  readonly status: PlatformStatusWord
  /** One line for people; null when there is nothing to say. */
  readonly reason: string | null
  readonly next_retry_in_s: number | null
  /** Unix seconds; null before the first. */
  readonly last_heartbeat: number | null
  /** Spoken now, or last; null before the first connection. */
  readonly protocol: Protocol | null
  /** Who dialled; null without a connection. With `vip1` each side dials its own half. */
  readonly direction: 'dialled' | 'accepted' | null
  readonly dial_only: boolean
  readonly source: 'registry' | 'last-known' | 'listed'
  /** Prefixes the platform wants from us. */
  readonly interest_in: number
  /** Prefixes we want from the platform. */
  readonly interest_out: number
  readonly messages_in: number
  readonly messages_out: number
  /** Records that waited for the platform when a session broke. */
  readonly dropped: number
  /** Records refused because the queue to the platform was full, or because VIP1 cannot say them. */
  readonly refused: number
  /** Messages of the platform that had no business on a session. */
  readonly refused_on_session: number
  readonly queued_bytes: number
  readonly sessions: number
  /** SHA-256 of the key we hold it to, first 16 hexadecimal digits; null without a key. */
  readonly key_fingerprint: string | null
  readonly candidate_fingerprint: string | null
}

/** For comparing keys by eye. */
export const keyFingerprint = (key: PublicKey): string =>
  createHash('sha256').update(Buffer.from(key, 'base64url')).digest('hex').slice(0, 16)

export function statusRow<T, R>(
  platform: RemotePlatform<T, R>,
  about: { readonly weAreDialOnly: boolean; readonly interestIn: number; readonly interestOut: number },
): StatusRow {
  const { known, link, totals, lastHeartbeat, nextRetryMs } = platform
  const [status, reason] = verdict(platform, about.weAreDialOnly)
  return {
    platform: platform.name,
    address: known.address,
    group: known.group,
    connected: link !== undefined,
    status,
    reason,
    next_retry_in_s: nextRetryMs === undefined ? null : Math.round(nextRetryMs / 100) / 10,
    last_heartbeat: lastHeartbeat === null ? null : lastHeartbeat / 1000,
    protocol: platform.protocol,
    direction: link === undefined ? null : link.dialledBy === 'us' ? 'dialled' : 'accepted',
    dial_only: known.dialOnly,
    source: known.source,
    interest_in: about.interestIn,
    interest_out: link === undefined ? 0 : about.interestOut,
    messages_in: totals.messagesIn,
    messages_out: totals.messagesOut,
    dropped: totals.dropped,
    refused: totals.refusedOut,
    refused_on_session: totals.refusedIn,
    queued_bytes: link?.queuedBytes ?? 0,
    sessions: totals.sessions,
    key_fingerprint: known.key === undefined ? null : keyFingerprint(known.key),
    candidate_fingerprint: known.candidate === undefined ? null : keyFingerprint(known.candidate),
  }
}

function verdict<T, R>(platform: RemotePlatform<T, R>, weAreDialOnly: boolean): [PlatformStatusWord, string | null] {
  const { known, name, trouble } = platform
  if (known.candidate !== undefined) {
    const next = `check it and run: vctl federation platform accept ${name}`
    return known.key === undefined
      ? ['not-accepted', `the key of ${name} was never accepted; ${next}`]
      : ['key-changed', `the registry names a new key for ${name} without proof; ${next}`]
  }
  if (known.invalidKey)
    return ['invalid-key', `the registry holds a credential for ${name} that is no CURVE key; register ${name} again`]
  if (platform.hasDouble)
    return ['duplicate-instance', `two live platforms use the name ${name} with one key; the later one is connected`]
  if (platform.session) return ['connected', null]
  if (platform.link) return classicVerdict(platform)
  if (trouble?.word === 'duplicate-instance')
    return ['duplicate-instance', `${name} is connected to another live platform with our name and key`]
  if (known.dialOnly && weAreDialOnly)
    return ['nobody-can-dial', `neither ${name} nor this platform can be dialled; give one of them an address`]
  switch (platform.phase) {
    case 'off':
      return ['stopped', null]
    case 'waiting':
      return ['waiting', trouble?.detail ?? `${name} cannot be dialled; it has not connected yet`]
    case 'dialling':
    case 'opening':
      return ['connecting', trouble?.detail ?? null]
    default:
      return ['down', trouble?.detail ?? null]
  }
}

function classicVerdict<T, R>({
  name,
  hadSession,
  hasVisit,
}: RemotePlatform<T, R>): [PlatformStatusWord, string | null] {
  if (hadSession)
    return ['degraded', `${name} spoke our protocol before, and now VIP1 only: publishes pass, calls do not`]
  return ['connected', hasVisit ? null : `${name} has not connected to this platform, so nothing comes from there yet`]
}
