/** What peers export: the answers to `inspect` and `<method>.inspect`, which every VOLTTRON agent gives. */
import { describeError, VolttronError } from '@volttron/vip'
import type { Invocation } from '../invocation.ts'
import type { PlatformConnection } from '../platform-connection.ts'

/** Names of methods by peer. */
export type MethodsOfPeer = Readonly<Record<string, readonly string[]>>

/** Answer to `<method>.inspect`. */
export interface MethodDescription {
  readonly params?: Readonly<Record<string, unknown>>
  readonly doc?: string | null
  readonly return?: unknown
}

/** Descriptions by peer and method. */
export type DescribedMethods = Readonly<Record<string, Readonly<Record<string, MethodDescription>>>>

/** Methods with a dot in their name belong to a subsystem of the agent, not to its author. */
export const isSubsystemMethod = (method: string): boolean => method.includes('.')

/**
 * Asks all peers at once, or those named. One that does not answer is told of, and left out.
 *
 * @throws VolttronError `not-found` when a named peer is not on the bus
 */
export function inspectPeers(invocation: Invocation, named: readonly string[] | undefined): Promise<MethodsOfPeer> {
  return invocation.withPlatform(async (platform) => {
    const present = [...(await platform.peerlist())].sort()
    const missing = named?.find((peer) => !present.includes(peer))
    if (missing !== undefined)
      throw new VolttronError('not-found', `no peer '${missing}' is on the bus`, { hint: 'vctl peerlist shows them' })
    const answers = await Promise.all(
      present
        .filter((peer) => named?.includes(peer) ?? true)
        .map(async (peer) => [peer, await methodsOf(platform, peer, invocation)] as const),
    )
    return Object.fromEntries(answers.flatMap(([peer, methods]) => (methods ? [[peer, methods]] : [])))
  })
}

async function methodsOf(
  platform: PlatformConnection,
  peer: string,
  { log }: Invocation,
): Promise<readonly string[] | undefined> {
  try {
    const answer = (await platform.call(peer, 'inspect')) as { readonly methods?: readonly string[] } | null
    return answer?.methods ?? []
  } catch (error) {
    log('warning', `${peer}: ${describeError(error)}`)
    return undefined
  }
}

/** Describes methods of one peer. @throws VolttronError `not-found` when the peer or a method is not there */
export const inspectMethods = (
  invocation: Invocation,
  peer: string,
  methods: readonly string[],
): Promise<DescribedMethods> =>
  invocation.withPlatform(async (platform) => {
    const described = await Promise.all(
      methods.map(async (method) => [method, await describe(platform, peer, method)] as const),
    )
    return { [peer]: Object.fromEntries(described) as Readonly<Record<string, MethodDescription>> }
  })

async function describe(platform: PlatformConnection, peer: string, method: string): Promise<unknown> {
  try {
    return await platform.call(peer, `${method}.inspect`)
  } catch (error) {
    if (!(error instanceof VolttronError) || error.code !== 'not-found') throw error
    throw new VolttronError('not-found', `${peer} has no method '${method}'`, {
      hint: `vctl rpc list ${peer} shows them`,
      cause: error,
    })
  }
}
