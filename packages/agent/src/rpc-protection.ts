/**
 * Protected methods: the platform decides who may call them (VIP specification, section 4.7). Which methods these are say the
 * author (`protected: true`) and the operator, who is asked for by the first call of each connection. In doubt a call is
 * refused.
 */
import {
  type PendingCalls,
  RemoteError,
  type RpcCall,
  type RpcContext,
  RpcErrorCode,
  RpcFault,
  type RpcMethod,
} from '@volttron/rpc'
import { describeError, ReservedIdentity, VipErrno, VolttronError } from '@volttron/vip'
import type { Bus } from './bus.ts'

/** As long as Python agents wait for the platform. */
const ASK_TIMEOUT_MS = 10_000

export class RpcProtection {
  readonly #bus: Bus
  readonly #calls: PendingCalls
  readonly #declared = new Set<string>()
  /** Called by services of the platform, which would have to be asked about themselves. */
  readonly #ofServices = new Set<string>()
  #told = new Set<string>()
  #isTold = false
  #asked: Promise<void> | undefined

  constructor(bus: Bus, calls: PendingCalls) {
    this.#bus = bus
    this.#calls = calls
    // The operator may have changed it meanwhile.
    bus.onAttach(() => {
      this.#asked = undefined
      this.#isTold = false
    })
  }

  /** The author's part: these stay protected, whatever the platform says. */
  declare(method: string): void {
    this.#declared.add(method)
  }

  /**
   * A method that only a service of the platform may call: it says what the agent is to believe. (A Python agent believes
   * anybody.)
   */
  onlyFrom(service: string, name: string, method: (...args: never[]) => unknown): RpcMethod {
    this.#ofServices.add(name)
    return function guarded(this: RpcContext, ...args) {
      if (this.peer === service) return method(...args)
      throw new RpcFault(RpcErrorCode.unauthorized, `only ${service} may call ${name}`)
    }
  }

  /** The operator has protected more: `platform.auth` tells a connected agent. */
  add(methods: readonly string[]): void {
    for (const method of methods) this.#told.add(method)
  }

  /** @throws RpcFault `unauthorized` when the caller may not */
  authorize(call: RpcCall): void | Promise<void> {
    const { method } = call
    // The service that decides cannot ask itself first.
    if (this.#ofServices.has(method) || this.#bus.identity === ReservedIdentity.auth) return
    if (this.#declared.has(method)) return this.#check(call)
    if (!this.#isTold) return this.#ask().then(() => (this.#told.has(method) ? this.#check(call) : undefined))
    return this.#told.has(method) ? this.#check(call) : undefined
  }

  async #check({ peer, method, arguments: named }: RpcCall): Promise<void> {
    const kwargs = { identity: peer, method_name: `${this.#bus.identity}.${method}`, method_args: named }
    try {
      await this.#callAuth('check_rpc_authorization', [], kwargs)
    } catch (error) {
      throw refused(peer, method, error)
    }
  }

  /** Asks once per connection. A failure is the answer to this call; the next one asks again. */
  #ask(): Promise<void> {
    this.#asked ??= this.#askPlatform().catch((error: unknown) => {
      this.#asked = undefined
      throw new RpcFault(RpcErrorCode.unauthorized, `it is not known who may call: ${describeError(error)}`)
    })
    return this.#asked
  }

  async #askPlatform(): Promise<void> {
    try {
      const methods = await this.#callAuth('get_protected_rpcs', [this.#bus.identity])
      this.#told = new Set(Array.isArray(methods) ? methods.map(String) : [])
    } catch (error) {
      // A platform without authorisation service, or one that knows nothing of us, protects nothing.
      if (!(error instanceof RemoteError || isNobody(error))) throw error
      this.#told = new Set()
    }
    this.#isTold = true
  }

  #callAuth(method: string, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>> = {}) {
    return this.#calls.call(ReservedIdentity.auth, method, { args, kwargs }, { timeoutMs: ASK_TIMEOUT_MS })
  }
}

/** No peer has the name that was called. */
const isNobody = (error: unknown): boolean =>
  error instanceof VolttronError &&
  (error.cause as { readonly errno?: unknown } | undefined)?.errno === VipErrno.hostUnreachable.code

function refused(peer: string, method: string, error: unknown): RpcFault {
  const reason = error instanceof RemoteError ? error.detail : describeError(error)
  return new RpcFault(RpcErrorCode.unauthorized, `'${peer}' may not call ${method}: ${reason}`)
}
