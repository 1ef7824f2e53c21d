/** What the router remembers of calls between platforms, in both directions. */
import type { RpcId } from '@volttron/rpc'
import { WaitingCalls, type WaitingCallsLimits } from './waiting-calls.ts'

/**
 * How a local caller wants to hear of its call: `RPC` frames from `<platform>/<identity>`, or the `external_rpc` message of
 * Python agents. Those never see an error frame about a call, so what is needed to answer in JSON-RPC is kept.
 */
export type CallForm = 'RPC' | { readonly external: readonly ExternalFrame[] }

/** One argument frame of an `external_rpc` call: the ids that wait for an answer. */
export interface ExternalFrame {
  readonly batch: boolean
  readonly ids: readonly (RpcId | null)[]
}

export interface RemoteCallsOptions {
  /** See `WaitingCallsOptions`. */
  readonly idPrefix: string
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Largest call or answer that fits on a session, in bytes of its arguments. */
  readonly maxBytes: number
  readonly limits?: WaitingCallsLimits
}

export class RemoteCalls {
  /** Calls of local peers that other platforms are to answer. */
  readonly outgoing: WaitingCalls<CallForm>
  /** Calls from other platforms that local peers are to answer. */
  readonly incoming: WaitingCalls
  readonly #maxBytes: number

  constructor({ maxBytes, ...options }: RemoteCallsOptions) {
    this.outgoing = new WaitingCalls(options)
    this.incoming = new WaitingCalls(options)
    this.#maxBytes = maxBytes
  }

  fits(args: readonly Uint8Array[]): boolean {
    let bytes = 0
    for (const arg of args) bytes += arg.length
    return bytes <= this.#maxBytes
  }
}
