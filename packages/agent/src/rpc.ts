/** `agent.vip.rpc`: call methods of other agents, and export own ones. */
import {
  type MethodOptions,
  type MethodRegistry,
  type PendingCalls,
  type RpcContext,
  type RpcMethod,
  type RpcParts,
  receiveRpc,
} from '@volttron/rpc'
import {
  frameText,
  instanceNameProblem,
  parseRemotePeer,
  type RemotePeer,
  Subsystem,
  VolttronError,
} from '@volttron/vip'
import type { Bus, Incoming } from './bus.ts'
import { checkTimeout, DEFAULT_TIMEOUT_MS } from './limits.ts'
import type { RpcProtection } from './rpc-protection.ts'

export interface CallOptions {
  /** Name of the federated platform the peer is on; the same as `<platform>/<peer>` in place of `peer`. Default: here. */
  readonly platform?: string
  /** Positional arguments: JSON values. */
  readonly args?: readonly unknown[]
  /** Arguments by name, as Python's keyword arguments. */
  readonly kwargs?: Readonly<Record<string, unknown>>
  /** Default 30,000. */
  readonly timeoutMs?: number
  /** Ends the wait early: the call rejects with the reason of the signal. The method at the other end runs on. */
  readonly signal?: AbortSignal
}

/** One call of a batch. */
export interface BatchedCall {
  readonly method: string
  readonly args?: readonly unknown[]
  readonly kwargs?: Readonly<Record<string, unknown>>
  /** Sent without waiting for a result. Default false. */
  readonly notify?: boolean
}

export interface ExportOptions extends MethodOptions {
  /** The platform decides who may call it: its operator grants `<identity>.<name>` to callers. Default false. */
  readonly protected?: boolean
  /** The method gets the {@link RpcContext} of the call, who calls and what, before its arguments. Default false. */
  readonly withCaller?: boolean
}

export interface RpcOptions extends Required<RpcParts> {
  readonly protection: RpcProtection
  /** Name of our own platform, as soon as it is known. */
  readonly instanceName: () => string | undefined
}

export class Rpc {
  readonly #methods: MethodRegistry
  readonly #calls: PendingCalls
  readonly #protection: RpcProtection
  readonly #instanceName: () => string | undefined

  constructor({ methods, calls, protection, instanceName }: RpcOptions) {
    this.#methods = methods
    this.#calls = calls
    this.#protection = protection
    this.#instanceName = instanceName
  }

  /**
   * Calls a method of a peer with positional arguments and waits up to 30 s for its result.
   *
   * @param peer an identity, or `<platform>/<identity>` for an agent of a federated platform
   * @throws RemoteError when the method failed, MethodNotFound when the peer does not have it, VolttronError `unavailable`
   *   when the peer or the connection is gone, `timeout`, `denied`
   * @example
   * const sum = await agent.vip.rpc.call('calculator', 'add', 1, 2)
   */
  async call<Result = unknown>(peer: string, method: string, ...args: unknown[]): Promise<Result> {
    return this.callWith<Result>(peer, method, { args })
  }

  /**
   * As {@link call}, with arguments by name, to another platform, with another time-out or a signal that ends it.
   *
   * @throws also VolttronError `usage` for a platform name that cannot be one
   * @example
   * await agent.vip.rpc.callWith('calculator', 'add', { platform: 'site-2', args: [1, 2] })
   * await agent.vip.rpc.callWith('platform.driver', 'set_point', { kwargs: { path: 'devices/a', value: 1 }, timeoutMs: 5_000 })
   */
  async callWith<Result = unknown>(peer: string, method: string, options: CallOptions = {}): Promise<Result> {
    const { platform, args = [], kwargs = {}, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options
    checkTimeout(timeoutMs)
    const address = this.#address(peer, platform)
    return (await this.#calls.call(address, method, { args, kwargs }, { timeoutMs, signal })) as Result
  }

  /**
   * Sends several calls to one peer in one message, and waits until each has ended.
   *
   * @returns the outcomes in order of the calls, as of Promise.allSettled; a notification is fulfilled at once
   * @throws VolttronError `usage` for more than 1,000 calls
   * @example
   * const [power, energy] = await agent.vip.rpc.batch('meter', [{ method: 'power' }, { method: 'energy', args: ['kWh'] }])
   */
  async batch(
    peer: string,
    calls: readonly BatchedCall[],
    { platform, timeoutMs = DEFAULT_TIMEOUT_MS, signal }: Omit<CallOptions, 'args' | 'kwargs'> = {},
  ): Promise<PromiseSettledResult<unknown>[]> {
    checkTimeout(timeoutMs)
    const requests = calls.map(({ method, args = [], kwargs = {}, notify = false }) => {
      return { method, params: { args, kwargs }, notify }
    })
    return this.#calls.callBatch(this.#address(peer, platform), requests, { timeoutMs, signal })
  }

  /** Calls a method without waiting for anything: no result, no error. @throws VolttronError `unavailable`, `bad-data` */
  notify(peer: string, method: string, ...args: unknown[]): void {
    this.notifyWith(peer, method, { args })
  }

  /** As {@link notify}, with arguments by name, or to another platform. */
  notifyWith(
    peer: string,
    method: string,
    { platform, args = [], kwargs = {} }: Pick<CallOptions, 'platform' | 'args' | 'kwargs'> = {},
  ): void {
    this.#calls.notify(this.#address(peer, platform), method, { args, kwargs })
  }

  /**
   * Lets other agents call `method` under `name`. It may be async; what it throws is what the caller gets.
   *
   * @throws VolttronError `usage` when the name is taken
   * @example
   * agent.vip.rpc.export('add', (a: number, b: number) => a + b, { params: ['a', 'b'] })
   * agent.vip.rpc.export('whoami', (caller: RpcContext) => caller.peer, { withCaller: true })
   */
  export(
    name: string,
    method: (...args: never[]) => unknown,
    { withCaller = false, protected: isProtected = false, ...options }: ExportOptions = {},
  ): void {
    this.#methods.export(name, withCaller ? passCaller(method) : method, options)
    if (isProtected) this.#protection.declare(name)
  }

  /** Takes an exported method back. Returns whether there was one. */
  unexport(name: string): boolean {
    return this.#methods.unexport(name)
  }

  /** Names of the exported methods. */
  get exported(): readonly string[] {
    return this.#methods.names
  }

  /** A peer of our own platform answers under its plain identity, so it is called by that. */
  #address(peer: string, platform?: string): string {
    const remote = platform === undefined ? parseRemotePeer(peer) : withPlatform(peer, platform)
    if (!remote) return peer
    return remote.platform === this.#instanceName() ? remote.identity : `${remote.platform}/${remote.identity}`
  }
}

/** @throws VolttronError `usage` */
function withPlatform(peer: string, platform: string): RemotePeer {
  const problem = peer.includes('/') ? 'the peer names a platform already' : instanceNameProblem(platform)
  if (problem === undefined) return { platform, identity: peer }
  throw new VolttronError('usage', `cannot call '${peer}' on the platform '${platform}': ${problem}`)
}

/** Serves requests of peers and settles calls of ours. */
export function receiveRpcMessage(bus: Bus, parts: RpcParts, { peer, id, args }: Incoming): void {
  // Methods may take their time, and the buffers are gone when this returns.
  const answerId = Buffer.from(id)
  const texts = args.map((arg) => arg.toString())
  receiveRpc(texts, { peer, messageId: frameText(id) }, parts)
    .then((replies) => {
      if (replies.length > 0 && bus.wire) bus.send(Subsystem.rpc, peer, answerId, replies)
    })
    .catch(bus.report)
}

function passCaller(method: (...args: never[]) => unknown): RpcMethod {
  const call = method as (...args: unknown[]) => unknown
  return function withCaller(this: RpcContext, ...args: unknown[]) {
    return call({ peer: this.peer, method: this.method }, ...args)
  }
}
