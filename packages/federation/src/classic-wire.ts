/**
 * What platforms say to each other in VIP1 (VIP specification, section 8.3), each on the connection it dialled itself. A
 * Python router ends itself over anything it does not expect, so nothing else is ever sent to one:
 *
 *     "" | VIP1 | ""   | id | routing_table | hello            | hello   | <own name>
 *     "" | VIP1 | ""   | id | routing_table | hello            | welcome | <own name>
 *     "" | VIP1 | ""   | id | pubsub        | external_list    | {"<own name>": [prefix, ...]}
 *     "" | VIP1 | user | id | pubsub        | external_publish | topic | {"sender", "bus", "headers", "message"}
 *
 * and, back over the connection of the other side, the answer to `external_list`:
 *
 *     "" | VIP1 | user | id | pubsub        | request_response | true
 *
 * The other side is authenticated but not trusted: every field is checked before it is used.
 */
import { prefixProblem } from '@volttron/topics'
import { MAX_TOPIC_LENGTH } from '@volttron/transport'
import {
  FrameAt,
  type Frames,
  frame,
  frameText,
  identityProblem,
  isVipMessage,
  jsonMembers,
  parseJson,
  Subsystem,
  toAsciiJson,
  vipMessage,
} from '@volttron/vip'

export type ClassicMessage =
  | { readonly op: 'hello' | 'welcome'; readonly instance: string }
  | {
      readonly op: 'list'
      readonly id: Uint8Array
      /** What the sender itself wants, each prefix once; `undefined` when its name is not in the message, or it wants too much. */
      readonly prefixes: readonly string[] | undefined
    }
  | {
      readonly op: 'publish'
      readonly topic: string
      readonly sender: string
      readonly bus: string
      /** JSON text of an object. */
      readonly headers: string
      /** JSON text of any value. */
      readonly message: string
    }

/** Longest list that is read: 100,000 prefixes of 40 characters. */
const MAX_LIST_BYTES = 4 * 1024 * 1024
const MAX_PREFIXES = 100_000

const ROUTING_TABLE = frame(Subsystem.routingTable)
const PUBSUB = frame(Subsystem.pubsub)
const EXTERNAL_PUBLISH = frame('external_publish')
/** Never valid JSON: Python would change it on its way. */
const LINK_ID = frame('federation')

/** `hello` opens a link; `welcome` answers it on the link in the other direction, and makes Python begin to send. */
export const linkGreeting = (op: 'hello' | 'welcome', ownName: string): Uint8Array[] =>
  vipMessage({ peer: '', id: LINK_ID, subsystem: ROUTING_TABLE }, ['hello', op, ownName])

/** The whole of what our agents want; replaces what was announced before. */
export const externalList = (ownName: string, prefixes: readonly string[]): Uint8Array[] =>
  vipMessage({ peer: '', id: LINK_ID, subsystem: PUBSUB }, ['external_list', toAsciiJson({ [ownName]: prefixes })])

export const listAnswer = (user: string, id: Uint8Array, accepted: boolean): Uint8Array[] =>
  vipMessage({ peer: '', user, id, subsystem: PUBSUB }, ['request_response', String(accepted)])

/** A record; all frames come ready made. */
export const externalPublish = (user: Uint8Array, id: string, topic: Uint8Array, body: Uint8Array): Uint8Array[] =>
  vipMessage({ peer: '', user, id, subsystem: PUBSUB }, [EXTERNAL_PUBLISH, topic, body])

/** What a platform may say on a link, by subsystem. */
const WORDS: Readonly<Record<string, readonly string[] | undefined>> = {
  __proto__: null as never,
  [Subsystem.routingTable]: ['hello'],
  [Subsystem.pubsub]: ['external_list', 'external_publish'],
}

/** True for a message as platforms send each other in VIP1. A session of ours begins with another, the subsystem `hello`. */
export function opensLink(frames: Frames): boolean {
  if (!isVipMessage(frames) || frames[FrameAt.peer]!.length > 0 || frames.length <= FrameAt.args) return false
  const words = WORDS[frameText(frames[FrameAt.subsystem]!)]
  return words?.includes(frameText(frames[FrameAt.args]!)) ?? false
}

/** Reads a message of the platform `from`; `undefined` for what does not belong on a link. Never throws. */
export function parseClassic(frames: Frames, from: string): ClassicMessage | undefined {
  if (!opensLink(frames)) return undefined
  const [op, first, second] = frames.slice(FrameAt.args)
  if (!op || !first) return undefined
  switch (frameText(op)) {
    case 'hello': {
      const greeting = frameText(first)
      if (!second || (greeting !== 'hello' && greeting !== 'welcome')) return undefined
      return { op: greeting, instance: frameText(second) }
    }
    case 'external_list':
      return parseList(frames[FrameAt.id]!, first, from)
    default:
      return second && parsePublish(first, second)
  }
}

/** Lists in the name of other platforms are left out (gap F-13). */
function parseList(id: Uint8Array, list: Uint8Array, from: string): ClassicMessage | undefined {
  if (list.length > MAX_LIST_BYTES) return { op: 'list', id, prefixes: undefined }
  const lists = parseJson(frameText(list))
  if (typeof lists !== 'object' || lists === null || Array.isArray(lists)) return undefined
  const prefixes: unknown = Object.hasOwn(lists, from) ? (lists as Record<string, unknown>)[from] : undefined
  if (!Array.isArray(prefixes)) return { op: 'list', id, prefixes: undefined }
  const wanted = new Set<string>(prefixes.filter((prefix) => prefixProblem(prefix) === undefined))
  return { op: 'list', id, prefixes: wanted.size <= MAX_PREFIXES ? [...wanted] : undefined }
}

function parsePublish(topicFrame: Uint8Array, body: Uint8Array): ClassicMessage | undefined {
  const topic = frameText(topicFrame)
  const members = jsonMembers(frameText(body))
  const message = members?.get('message')
  const headers = members?.get('headers')
  if (!members || message === undefined || !headers?.startsWith('{') || topic.length > MAX_TOPIC_LENGTH)
    return undefined
  const sender = textOf(members.get('sender'))
  if (sender === undefined || identityProblem(sender) !== undefined) return undefined
  return { op: 'publish', topic, sender, bus: textOf(members.get('bus')) ?? '', headers, message }
}

function textOf(json: string | undefined): string | undefined {
  const value = json === undefined ? undefined : parseJson(json)
  return typeof value === 'string' ? value : undefined
}
