/**
 * What to do with an `RPC` message: replies end calls of ours, requests are served. Requests of one message run at the
 * same time, because a method may itself call its caller back before it returns (the configuration store does).
 */
import type { MethodRegistry } from './method-registry.ts'
import type { PendingCalls } from './pending-calls.ts'
import { decodeFrame, encodeBatch, encodeError, type RpcMessage } from './rpc-message.ts'

/** Where a message comes from. */
export interface RpcOrigin {
  /** Authenticated identity of the sender; `<platform>/<identity>` when it is on another platform. */
  readonly peer: string
  /** The VIP message id frame. */
  readonly messageId: string
}

export interface RpcParts {
  readonly methods: MethodRegistry
  /** Absent where nobody calls out: replies are ignored. */
  readonly calls?: PendingCalls
}

/**
 * Handles the argument frames of one message.
 *
 * @returns argument frames for the answer; nothing is to be sent when there is none. Never rejects.
 */
export async function receiveRpc(
  frames: readonly (string | Uint8Array)[],
  from: RpcOrigin,
  parts: RpcParts,
): Promise<string[]> {
  const replies = await Promise.all(frames.map((frame) => receiveFrame(frame, from, parts)))
  return replies.filter((reply) => reply !== undefined)
}

async function receiveFrame(frame: string | Uint8Array, from: RpcOrigin, parts: RpcParts): Promise<string | undefined> {
  const { batch, messages } = decodeFrame(frame)
  const answers = await Promise.all(messages.map((message) => receiveMessage(message, from, parts)))
  const texts = answers.filter((answer) => answer !== undefined)
  return batch && texts.length > 0 ? encodeBatch(texts) : texts[0]
}

function receiveMessage(message: RpcMessage, { peer, messageId }: RpcOrigin, { methods, calls }: RpcParts) {
  switch (message.kind) {
    case 'request':
      return methods.serve(message, peer)
    case 'invalid':
      return encodeError(message.id, message.error)
    default:
      calls?.settle(peer, messageId, message)
      return undefined
  }
}
