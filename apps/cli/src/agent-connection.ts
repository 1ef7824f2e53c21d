/** The connection of `vctl` to a running platform: an agent of the SDK with the key of `control.connection`. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Agent, RemoteError, RpcErrorCode } from '@volttron/agent'
import { FileCredentialStore } from '@volttron/auth'
import { type ErrorCode, ReservedIdentity, VolttronError } from '@volttron/vip'
import type { ConnectOptions, PlatformConnection } from './platform-connection.ts'

/** Connects under a name of its own, so that any number of `vctl` work at once: the key decides what they may do. */
export async function connectByAgent({ home, address, timeoutMs }: ConnectOptions): Promise<PlatformConnection> {
  const { publicKey, secretKey } = await controlKeys(home)
  const agent = new Agent({
    identity: `${ReservedIdentity.controlConnection}.${randomBytes(6).toString('hex')}`,
    volttronHome: home,
    ...(address === undefined ? {} : { address }),
    publicKey,
    secretKey,
  })
  await agent.start({ timeoutMs }).catch((error: unknown) => {
    throw explainStart(error, timeoutMs)
  })
  const { rpc, ping, peerlist, pubsub } = agent.vip
  return {
    call: (peer, method, args = [], kwargs = {}) =>
      rpc.callWith(peer, method, { args, kwargs, timeoutMs }).catch((error: unknown) => {
        throw explainFailure(error, peer)
      }),
    ping: (peer) => ping.ping(peer, { timeoutMs }),
    peerlist: () => peerlist.list(),
    publish: (topic, message) => pubsub.publish({ topic, message }),
    subscribe: async (prefix, allPlatforms, onMessage) => {
      await pubsub.subscribe({
        prefix,
        allPlatforms,
        callback: (_peer, sender, _bus, topic, headers, message) => onMessage({ topic, sender, headers, message }),
      })
    },
    close: () => agent.stop(),
  }
}

/** Who waited in vain for a platform wants to know why; the name of our connection is of no use to a person. */
export function explainStart(error: unknown, timeoutMs: number): unknown {
  if (!(error instanceof VolttronError) || error.code !== 'timeout') return error
  const reason = error.cause instanceof VolttronError ? error.cause : undefined
  return new VolttronError(
    reason?.code ?? 'timeout',
    `no platform within ${timeoutMs / 1000} s${reason ? `: ${reason.message}` : ''}`,
    { ...(error.hint === undefined ? {} : { hint: error.hint }), cause: error },
  )
}

async function controlKeys(home: string): Promise<{ publicKey: string; secretKey: string }> {
  const store = new FileCredentialStore(join(home, 'credentials_store'))
  const credential = await store.get(ReservedIdentity.controlConnection)
  if (credential?.secretKey !== undefined) return { publicKey: credential.publicKey, secretKey: credential.secretKey }
  throw new VolttronError('unavailable', `there is no key of control.connection in ${store.folder}`, {
    hint: 'the platform makes it at its first start; run vctl on the host of the platform, with its VOLTTRON_HOME',
  })
}

/** Codes of JSON-RPC and VOLTTRON (VIP specification, section 4.7). */
const ERROR_CODES: Readonly<Record<number, ErrorCode>> = {
  [RpcErrorCode.methodNotFound]: 'not-found',
  [RpcErrorCode.invalidParams]: 'usage',
  [RpcErrorCode.unauthorized]: 'denied',
  [RpcErrorCode.unavailablePlatform]: 'unavailable',
  [RpcErrorCode.unavailableAgent]: 'unavailable',
}

/** Reasons a method of ours may give for its failure. */
const REASONS: readonly ErrorCode[] = [
  'usage',
  'bad-data',
  'not-found',
  'unavailable',
  'system',
  'timeout',
  'denied',
  'config',
]

/** What the callee said, with an exit code; a method that failed for a reason of its own gives `bad-data`. */
export function explainFailure(error: unknown, peer: string): unknown {
  if (!(error instanceof RemoteError)) return error
  const { detail, reason, hint } = Object(error.data) as { detail?: unknown; reason?: unknown; hint?: unknown }
  // A service of the platform speaks for the platform: its words need no introduction.
  const isService = peer.startsWith(`${ReservedIdentity.platform}.`)
  const message = isService && typeof detail === 'string' && detail !== '' ? detail : error.message
  const code = REASONS.find((known) => known === reason) ?? ERROR_CODES[error.code] ?? 'bad-data'
  return new VolttronError(code, message, { cause: error, ...(typeof hint === 'string' ? { hint } : {}) })
}
