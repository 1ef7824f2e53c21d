/**
 * What two platforms say to each other on a session, beside the records: classic VIP frames inside the channel, with the
 * subsystem `federation`. The other side is authenticated but not trusted: every field is checked before it is used.
 *
 *     "" | VIP1 | "" | id | federation | op | JSON object                 open accept refuse interest resync heartbeat bye
 *     "" | VIP1 | "" | id | federation | rpc | to | from | frame...       a call, frames untouched
 *     "" | VIP1 | "" | id | federation | answer | to | from | frame...    the answer to the call of this id
 *     "" | VIP1 | "" | id | federation | error | JSON object              a call could not be delivered
 */
import { MAX_PREFIX_LENGTH } from '@volttron/topics'
import {
  FrameAt,
  frame,
  frameText,
  identityProblem,
  instanceNameProblem,
  isVipMessage,
  Subsystem,
  toAsciiJson,
  vipMessage,
} from '@volttron/vip'
import type { Mark } from './session-machine.ts'

export interface OpenMessage extends Mark {
  readonly op: 'open'
  readonly instance: string
  /** Names the sender's stream of records; random at each start. */
  readonly epoch: number
  readonly group: string
}

export interface AcceptMessage extends Mark {
  readonly op: 'accept'
  readonly epoch: number
}

/** A part of an announcement. The change takes effect with the part that is not followed by `more`. */
export interface InterestMessage {
  readonly op: 'interest'
  /** Counts the sender's interest messages on this session, from 1. */
  readonly sequence: number
  /** True: the announcement is the whole list; false: a change. */
  readonly full: boolean
  readonly more: boolean
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Digest of the whole interest after the announcement. */
  readonly digest: string
}

export interface HeartbeatMessage {
  readonly op: 'heartbeat'
  /** Interest messages sent so far, and the digest they lead to: shows drift even when nothing changes. */
  readonly sequence: number
  readonly digest: string
}

/** Reasons are words such as `tie`; others become `unknown`. */
interface ReasonMessage<Op extends 'refuse' | 'bye'> {
  readonly op: Op
  readonly reason: string
}

export interface RpcMessage {
  /** A call, or the answer to the call of this id in the other direction. */
  readonly op: 'rpc' | 'answer'
  /** Chosen by the caller's platform. */
  readonly id: Uint8Array
  /** Identity on the receiving platform. */
  readonly to: string
  /** Identity on the sending platform. */
  readonly from: string
  readonly frames: readonly Uint8Array[]
}

/** A call of `to` on the receiving platform could not be delivered to `peer` on the sending one. */
export interface RpcErrorMessage {
  readonly op: 'error'
  readonly id: Uint8Array
  readonly to: string
  readonly peer: string
  /** A VIP error number. */
  readonly errno: number
  readonly text: string
}

export type ControlMessage =
  | OpenMessage
  | AcceptMessage
  | InterestMessage
  | HeartbeatMessage
  | ReasonMessage<'refuse'>
  | ReasonMessage<'bye'>
  | { readonly op: 'resync' }
  | RpcMessage
  | RpcErrorMessage

/** Largest JSON argument we read, in bytes. What we send stays far below. */
export const MAX_CONTROL_BYTES = 1024 * 1024
/** Prefixes in one interest message. */
export const MAX_PREFIXES_PER_MESSAGE = 10_000
/** Frames of one call or answer. */
export const MAX_RPC_FRAMES = 1_024
const MAX_TEXT = 1_000

/** Never valid JSON, so that no Python code on the way could change it. */
const CONTROL_ID = 'federation'

/** Made once: calls are many. */
const FEDERATION = frame(Subsystem.federation)
const WORDS = { rpc: frame('rpc'), answer: frame('answer') } as const

export function controlFrames(message: ControlMessage): Uint8Array[] {
  if (message.op === 'rpc' || message.op === 'answer') {
    const { op, id, to, from, frames } = message
    return vipMessage({ peer: '', id, subsystem: FEDERATION }, [WORDS[op], to, from, ...frames])
  }
  if (message.op === 'error') {
    const { op, id, ...fields } = message
    return vipMessage({ peer: '', id, subsystem: Subsystem.federation }, [op, toAsciiJson(fields)])
  }
  const { op, ...fields } = message
  return vipMessage({ peer: '', id: CONTROL_ID, subsystem: Subsystem.federation }, [op, toAsciiJson(fields)])
}

/** True for a message of the session itself; anything else has no business there. */
export const isControl = (frames: readonly Buffer[]): boolean =>
  isVipMessage(frames) &&
  frames[FrameAt.peer]!.length === 0 &&
  frameText(frames[FrameAt.subsystem]!) === Subsystem.federation

/** Reads a message for which {@link isControl} holds; `undefined` when it is malformed or of a kind we do not know. */
export function parseControl(frames: readonly Buffer[]): ControlMessage | undefined {
  const op = frames[FrameAt.args] && frameText(frames[FrameAt.args]!)
  if (op === 'rpc' || op === 'answer') return parseRpc(op, frames)
  const argument = frames[FrameAt.args + 1]
  if (op === undefined || argument === undefined || argument.length > MAX_CONTROL_BYTES) return undefined
  const fields = parseObject(argument)
  return fields && parseFields(op, fields, frames[FrameAt.id]!)
}

function parseFields(op: string, fields: Fields, id: Buffer): ControlMessage | undefined {
  switch (op) {
    case 'open': {
      const { instance, boot, attempt, epoch, group } = fields
      if (!isText(instance, 64) || instanceNameProblem(instance) !== undefined) return undefined
      if (!isCount(boot) || !isCount(attempt) || !isCount(epoch) || !isText(group, 512)) return undefined
      return { op, instance, boot, attempt, epoch, group }
    }
    case 'accept': {
      const { boot, attempt, epoch } = fields
      return isCount(boot) && isCount(attempt) && isCount(epoch) ? { op, boot, attempt, epoch } : undefined
    }
    case 'refuse':
    case 'bye':
      return { op, reason: isText(fields.reason, 64) && /^[a-z-]+$/.test(fields.reason) ? fields.reason : 'unknown' }
    case 'interest': {
      const { sequence, full, more, added, removed, digest } = fields
      if (!isCount(sequence) || typeof full !== 'boolean' || typeof more !== 'boolean') return undefined
      if (!isText(digest, 64) || !arePrefixes(added) || !arePrefixes(removed)) return undefined
      return { op, sequence, full, more, added, removed, digest }
    }
    case 'heartbeat': {
      const { sequence, digest } = fields
      return isCount(sequence) && isText(digest, 64) ? { op, sequence, digest } : undefined
    }
    case 'resync':
      return { op }
    case 'error': {
      const { to, peer, errno, text } = fields
      if (!isText(to, 255) || !isText(peer, 400) || !Number.isSafeInteger(errno) || !isText(text, MAX_TEXT))
        return undefined
      return { op, id, to, peer, errno: errno as number, text }
    }
    default:
      return undefined
  }
}

function parseRpc(op: RpcMessage['op'], frames: readonly Buffer[]): RpcMessage | undefined {
  const [to, from, ...rest] = frames.slice(FrameAt.args + 1)
  if (to === undefined || from === undefined || rest.length > MAX_RPC_FRAMES) return undefined
  const message = {
    op,
    id: frames[FrameAt.id]!,
    to: frameText(to),
    from: frameText(from),
    frames: rest,
  }
  return identityProblem(message.to) === undefined && identityProblem(message.from) === undefined ? message : undefined
}

type Fields = Readonly<Record<string, unknown>>

function parseObject(bytes: Buffer): Fields | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
  } catch {
    return undefined
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isText = (value: unknown, maxLength: number): value is string =>
  typeof value === 'string' && value.length <= maxLength
const arePrefixes = (value: unknown): value is string[] =>
  Array.isArray(value) &&
  value.length <= MAX_PREFIXES_PER_MESSAGE &&
  value.every((text) => isText(text, MAX_PREFIX_LENGTH))
