/**
 * Dials a platform: one Dealer, one connection. The promise settles when the CURVE handshake has succeeded, or with an
 * error that tells the cause apart, because "it does not connect" is the commonest complaint in the field.
 */
import { isIP } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  formatAddress,
  type KeyPair,
  type PublicKey,
  parseAddress,
  type VipAddress,
  VolttronError,
} from '@volttron/vip'
import type { Connection } from './connection.ts'
import { type AttemptOptions, type AttemptOutcome, attempt } from './dial-attempt.ts'
import { probe } from './dial-probe.ts'
import { type Tap, tap } from './dial-tap.ts'
import { lookupHost, type Resolve } from './resolve.ts'
import { knock } from './side-door.ts'

export interface DialOptions {
  readonly address: VipAddress | string
  /** The platform's public key. */
  readonly serverKey: PublicKey
  readonly keys: KeyPair
  /** Our identity to the platform; libzmq makes up one when absent. */
  readonly routingId?: string
  /** For the whole dial, waiting for approval included; default 10,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Looks a host name up; default: the system's resolver, IPv6 and IPv4. */
  readonly resolve?: Resolve
  /** Largest frame the platform may send; default 16 MiB. */
  readonly maxMessageBytes?: number
  /** Distance of ZMTP heartbeats; default 5,000. */
  readonly heartbeatIntervalMs?: number
  /** Silence after which the platform is given up; default 20,000. */
  readonly heartbeatTimeoutMs?: number
}

/** A libzmq server that wants us to wait (ZAP 300) never says so: after this long we ask again. */
const ASK_AGAIN_MS = 30_000
/** A connection cut later than this in its handshake was held by the platform, which wants us to ask again. */
const HELD_MS = 400
/** Cut at once, so often in a row: it is not chance. */
const CUT_ATTEMPTS = 3
const CUT_PAUSE_MS = 50
/** For the attempt that finds out why. */
const TAPPED_MS = 2_000
const LOCAL = 'ipc://'

/**
 * @throws VolttronError `unavailable` (refused, host not found, unreachable), `timeout` (no answer, or waiting for
 *   approval), `denied` (the platform refused our key), `config` (certainly a wrong server key), `usage` (bad address)
 */
export async function dial(options: DialOptions): Promise<Connection> {
  const address = typeof options.address === 'string' ? parseAddress(options.address) : options.address
  const dialling: Dialling = { options, name: formatAddress(address), timeoutMs: options.timeoutMs ?? 10_000 }
  const deadline = performance.now() + dialling.timeoutMs
  const seen: Seen = { held: false, cutAtOnce: 0 }
  for (;;) {
    let unreachable: VolttronError | undefined
    for (const endpoint of await endpointsOf(address, dialling.name, options)) {
      options.signal?.throwIfAborted()
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) throw outOfTime(dialling, seen)
      const timeoutMs = Math.min(leftMs, ASK_AGAIN_MS)
      const outcome = await enter(endpoint, timeoutMs, dialling)
      if (outcome.kind === 'open') return outcome.connection
      unreachable = outcome.kind === 'unreachable' ? await probe(endpoint, dialling.name) : undefined
      await takeIn(outcome, endpoint, seen, dialling)
    }
    if (unreachable) throw unreachable
  }
}

interface Dialling {
  readonly options: DialOptions
  /** The address for people. */
  readonly name: string
  readonly timeoutMs: number
}

/** What the attempts so far have shown. */
interface Seen {
  /** The platform left us in the handshake: our key waits for approval. */
  held: boolean
  /** How often it cut us at once. */
  cutAtOnce: number
}

/** Throws when the outcome is final; returns when another attempt may succeed. */
async function takeIn(outcome: AttemptOutcome, endpoint: string, seen: Seen, dialling: Dialling): Promise<void> {
  if (outcome.kind === 'denied') throw denied(dialling)
  if (outcome.kind === 'aborted') return dialling.options.signal?.throwIfAborted()
  if (outcome.kind === 'silent') seen.held ||= outcome.connected
  if (outcome.kind !== 'cut') return
  if (outcome.afterMs >= HELD_MS) seen.held = true
  else if (++seen.cutAtOnce < CUT_ATTEMPTS) await delay(CUT_PAUSE_MS)
  else {
    const last = await tappedAttempt(endpoint, dialling)
    if (last === 'cut') throw cutOff(dialling)
    if (last === 'wrong-server-key') throw wrongServerKey(dialling)
    seen.cutAtOnce = 0
  }
}

/** One more attempt that finds out whether the server key is why we were cut; it gives no connection. */
async function tappedAttempt(endpoint: string, dialling: Dialling): Promise<'cut' | 'wrong-server-key' | 'better'> {
  const { options, name } = dialling
  let listening: Tap
  try {
    listening = await tap(endpoint)
  } catch {
    return 'cut'
  }
  try {
    const by = { endpoint: listening.endpoint, timeoutMs: TAPPED_MS }
    const outcome = await attempt({ ...attemptOptions(options, name), ...by })
    if (outcome.kind === 'open') outcome.connection.close('only a try')
    if (outcome.kind !== 'cut') return 'better'
    return listening.brokeOffOurHello ? 'wrong-server-key' : 'cut'
  } finally {
    listening.close()
  }
}

const attemptOptions = (options: DialOptions, remote: string): Omit<AttemptOptions, 'endpoint' | 'timeoutMs'> => ({
  remote,
  serverKey: options.serverKey,
  keys: options.keys,
  routingId: options.routingId,
  signal: options.signal,
  maxMessageBytes: options.maxMessageBytes ?? 16 * 1024 * 1024,
  heartbeatIntervalMs: options.heartbeatIntervalMs ?? 5_000,
  heartbeatTimeoutMs: options.heartbeatTimeoutMs ?? 20_000,
})

/** A local socket of ours has a side door; what another platform has is dialled as it is. */
async function enter(endpoint: string, timeoutMs: number, { options, name }: Dialling): Promise<AttemptOutcome> {
  const deadline = performance.now() + timeoutMs
  const leftMs = (): number => Math.max(1, deadline - performance.now())
  const by = attemptOptions(options, name)
  if (endpoint.startsWith(LOCAL)) {
    const door = await knock(endpoint.slice(LOCAL.length), timeoutMs, options.signal)
    const inner = door && { endpoint: LOCAL + door.path, lifeline: door.lifeline, timeoutMs: leftMs() }
    const outcome = inner && (await attempt({ ...by, ...inner }))
    // In another container, or as another user, we see the local socket and not the folder behind it.
    if (outcome && outcome.kind !== 'unreachable') return outcome
  }
  return attempt({ ...by, endpoint, timeoutMs: leftMs() })
}

/** libzmq gets numbers only: a slow name would stall all its sockets. */
async function endpointsOf(address: VipAddress, name: string, options: DialOptions): Promise<string[]> {
  if (address.scheme === 'ipc') return [`ipc://${address.path}`]
  let hosts: readonly string[] = [address.host]
  if (isIP(address.host.replace(/%.*$/, '')) === 0) {
    try {
      hosts = await (options.resolve ?? lookupHost)(address.host)
    } catch (cause) {
      throw new VolttronError('unavailable', `cannot reach ${name}: the host '${address.host}' was not found`, {
        hint: 'check the name, or use the numeric address',
        cause,
      })
    }
  }
  return hosts.map((host) => formatAddress({ scheme: 'tcp', host, port: address.port }))
}

const outOfTime = ({ name, timeoutMs, options }: Dialling, { held }: Seen): VolttronError =>
  held
    ? new VolttronError('timeout', `${name} has not admitted us in ${timeoutMs} ms: our key waits for approval there`, {
        hint: `approve the key ${options.keys.publicKey} on that platform`,
      })
    : new VolttronError('timeout', `no answer from ${name} in ${timeoutMs} ms`, {
        hint: 'check that the machine is up and that no firewall drops the connection',
      })

const denied = ({ name, options }: Dialling): VolttronError =>
  new VolttronError('denied', `${name} refused our key ${options.keys.publicKey}`, {
    hint: 'add the key on that platform, or check that it was not revoked',
  })

const wrongServerKey = ({ name, options }: Dialling): VolttronError =>
  new VolttronError('config', `${name} broke off the handshake: its server key is not ${options.serverKey}`, {
    hint: 'compare the server key with the one the platform shows',
  })

const cutOff = ({ name }: Dialling): VolttronError =>
  new VolttronError('unavailable', `${name} closed the connection before the handshake`, {
    hint: 'is it a VOLTTRON platform, and not at its limit of connections?',
  })
