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
  // Most messages have one frame: no promises but those of the method.
  if (frames.length === 1) {
    const reply = receiveFrame(frames[0]!, from, parts)
    const text = typeof reply === 'object' ? await reply : reply
    return text === undefined ? [] : [text]
  }
  const replies = await Promise.all(frames.map((frame) => receiveFrame(frame, from, parts)))
  return replies.filter((reply) => reply !== undefined)
}

type Reply = string | undefined

function receiveFrame(frame: string | Uint8Array, from: RpcOrigin, parts: RpcParts): Reply | Promise<Reply> {
  const { batch, messages } = decodeFrame(frame)
  return batch ? receiveBatch(messages, from, parts) : receiveMessage(messages[0]!, from, parts)
}

async function receiveBatch(messages: readonly RpcMessage[], from: RpcOrigin, parts: RpcParts): Promise<Reply> {
  const answers = await Promise.all(messages.map((message) => receiveMessage(message, from, parts)))
  const texts = answers.filter((answer) => answer !== undefined)
  return texts.length > 0 ? encodeBatch(texts) : undefined
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
