/** A service of the platform itself, on the bus under a `platform.*` identity: it answers RPC calls and `ping`. */
import { type MethodRegistry, receiveRpc } from '@volttron/rpc'
import { FrameAt, frameText, Subsystem, vipMessage } from '@volttron/vip'
import type { DeliveryOutcome, Peer } from './peer.ts'

export class ServicePeer implements Peer {
  readonly identity: string
  readonly principal: string
  readonly kind = 'service'
  readonly hearsPeers = false
  readonly isCongested = false
  readonly isBatched = false
  readonly #methods: MethodRegistry
  readonly #route: (from: ServicePeer, frames: Uint8Array[]) => void

  /** @param route hands a message of this service to the router */
  constructor(identity: string, methods: MethodRegistry, route: (from: ServicePeer, frames: Uint8Array[]) => void) {
    this.identity = identity
    this.principal = identity
    this.#methods = methods
    this.#route = route
  }

  send(frames: readonly Uint8Array[]): boolean {
    const subsystem = frameText(frames[FrameAt.subsystem]!)
    const peer = frameText(frames[FrameAt.peer]!)
    // Copies: the answer is sent after this call, when the batch the frames lie in may be gone.
    const id = Buffer.from(frames[FrameAt.id]!)
    const args = frames.slice(FrameAt.args).map((arg) => Buffer.from(arg))
    if (subsystem === Subsystem.ping) this.#answer(peer, id, subsystem, ['pong', ...args.slice(1)])
    if (subsystem === Subsystem.rpc) {
      receiveRpc(args, { peer, messageId: frameText(id) }, { methods: this.#methods }).then((answers) => {
        if (answers.length > 0) this.#answer(peer, id, subsystem, answers)
      })
    }
    return true
  }

  /** Services subscribe to nothing. */
  deliver(): DeliveryOutcome {
    return 'sent'
  }

  close(): void {}

  #answer(peer: string, id: Uint8Array, subsystem: string, args: readonly (string | Uint8Array)[]): void {
    this.#route(this, vipMessage({ peer, id, subsystem }, args))
  }
}
