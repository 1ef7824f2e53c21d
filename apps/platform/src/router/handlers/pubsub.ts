import { MAX_TOPIC_LENGTH } from '@volttron/transport'
import {
  frame,
  frameText,
  jsonMembers,
  looksLikeJson,
  parseJson,
  Subsystem,
  toAsciiJson,
  VipErrno,
  vipMessage,
} from '@volttron/vip'
import { type AgentPeer, reply } from '../agent-peer.ts'
import { bounce } from '../bounce.ts'
import { asAgent, type Bus, type Handler, type Request } from '../bus.ts'
import { noteMisdeed } from '../misdeed.ts'

type Operation = (bus: Bus, from: AgentPeer, request: Request) => void

/** Operations by the word on the wire (VIP specification, section 4.6). What is unknown is ignored. */
export const pubsub: Handler = (bus, from, request) => {
  const agent = asAgent(from)
  if (!agent) return
  const name = request.args[0] ? frameText(request.args[0]) : ''
  // Answers that belong to nothing do no harm.
  if (NEEDLESS.has(name)) return
  const operation = operations[name]
  // Fewer arguments than any operation has: real routers do not answer either.
  if (operation && request.args.length >= 2) operation(bus, agent, request)
  else malformed(bus, agent, operation ? `${name} without arguments` : `unknown operation ${name}`)
}

const malformed = (bus: Bus, from: AgentPeer, what: string): void =>
  noteMisdeed(bus, from.identity, 'malformedRequest', `pubsub: ${what}`)

/** What is malformed is answered like what is denied. */
function refuse(bus: Bus, from: AgentPeer, request: Request, what: string): void {
  malformed(bus, from, what)
  answer(from, request, 'false')
}

const subscribe: Operation = (bus, from, request) => {
  const wanted = objectAt(request, 1)
  const prefixes = textList(wanted?.prefix)
  if (!prefixes) return refuse(bus, from, request, 'subscribe without a prefix')
  const denied = prefixes.find((prefix) => !bus.authority.maySubscribe(from.principal, prefix))
  if (denied !== undefined) {
    // Classic agents stop themselves when they get the error frame, so they get the plain answer only.
    if (from.isBatched) {
      const text = `Peer: ${from.identity} not authorized to subscribe to ${denied}`
      return bounce(from, VipErrno.unauthorized, { ...request, recipient: '' }, text)
    }
    return answer(from, request, 'false')
  }
  const refusal = bus.subscriptions.subscribe(from, prefixes, { allPlatforms: wanted?.all_platforms === true })
  answer(from, request, refusal ? 'false' : 'true')
}

const unsubscribe: Operation = (bus, from, request) => {
  const given = objectAt(request, 1)
  if (!given) return refuse(bus, from, request, 'unsubscribe without an object')
  const scopes = 'internal' in given || 'all' in given ? given : { internal: given }
  for (const scope of ['internal', 'all'] as const) {
    const part = (scopes as Record<string, unknown>)[scope]
    if (!isObject(part)) continue
    const prefixes = part.prefix === null || part.prefix === undefined ? undefined : textList(part.prefix)
    if (part.prefix === null || part.prefix === undefined || prefixes) {
      bus.subscriptions.unsubscribe(from, prefixes, scope)
    }
  }
  answer(from, request, 'true')
}

const publish: Operation = (bus, from, request) => {
  const [, topicFrame, body] = request.args
  if (!topicFrame || !body) return malformed(bus, from, 'publish without a body')
  // Before anything is kept of it, because names stay in memory for as long as there is room for them.
  const topicText = frameText(topicFrame)
  const problem = topicProblem(topicText)
  if (problem !== undefined) return refusePublish(bus, from, request, problem)
  const topic = bus.distribution.topics.intern(topicText)
  const members = jsonMembers(frameText(body))
  const headers = members?.get('headers')
  const message = members?.get('message')
  const bus_ = members?.get('bus')
  if (headers === undefined || message === undefined || bus_ === undefined) {
    return refusePublish(bus, from, request, 'a body that is no object with bus, headers and message')
  }
  const publish = { id: request.id, bus: bus_, headers, message }
  const count = bus.distribution.publishClassic(from.publisher, topic, publish)
  answer(from, request, String(Math.max(0, count)))
}

function refusePublish(bus: Bus, from: AgentPeer, request: Request, what: string): void {
  noteMisdeed(bus, from.identity, 'malformedPublish', what)
  answer(from, request, '0')
}

/** A Python agent takes a topic that reads as JSON for a number or a word, and never finds it among its prefixes. */
function topicProblem(topic: string): string | undefined {
  if (topic.length > MAX_TOPIC_LENGTH) return `a topic of ${topic.length} characters`
  return looksLikeJson(topic) ? `the topic ${topic} reads as JSON` : undefined
}

const list: Operation = (bus, from, request) => {
  const given = objectAt(request, 1) ?? {}
  const rows = bus.subscriptions.list(from, {
    prefix: typeof given.prefix === 'string' ? given.prefix : '',
    reverse: given.reverse === true,
    subscribed: given.subscribed === true,
    scope: given.all_platforms === true ? 'all' : 'internal',
  })
  reply(from, request, ['list_response', toAsciiJson(rows)])
}

/** Replaces everything the peer holds; no reply. Prefixes the peer may not read are left out. */
const synchronize: Operation = (bus, from, request) => {
  const subscriptions = objectAt(request, 2)?.subscriptions
  if (!isObject(subscriptions)) return malformed(bus, from, 'synchronize without subscriptions')
  const allowed = (scope: unknown) =>
    prefixesOf(scope).filter((prefix) => bus.authority.maySubscribe(from.principal, prefix))
  bus.subscriptions.synchronize(from, { internal: allowed(subscriptions.internal), all: allowed(subscriptions.all) })
}

/** Only another platform may tell what its agents want, by a connection with its own key. */
const externalList: Operation = (bus, from, request) => refuse(bus, from, request, 'external_list of an agent')

const operations: Readonly<Record<string, Operation | undefined>> = {
  __proto__: null as never,
  subscribe,
  unsubscribe,
  publish,
  list,
  synchronize,
  external_list: externalList,
}

const NEEDLESS: ReadonlySet<string> = new Set(['error', 'request_response', 'auth_update', 'protected_update'])

const PUBSUB = frame(Subsystem.pubsub)
const RESPONSE = frame('request_response')
/** The usual answers, made once. */
const RESULTS = new Map(['true', 'false', '0', '1', '2', '3'].map((result) => [result, frame(result)]))

const answer = (to: AgentPeer, request: Request, result: string): void => {
  const header = { peer: '', user: to.publisher.localRoute.userFrame, id: request.id, subsystem: PUBSUB }
  to.send(vipMessage(header, [RESPONSE, RESULTS.get(result) ?? result]))
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function objectAt(request: Request, index: number): Record<string, unknown> | undefined {
  const frame = request.args[index]
  const value = frame && parseJson(frameText(frame))
  return isObject(value) ? value : undefined
}

/** A text or a list of texts; `undefined` for anything else (a null prefix stops a real router). */
function textList(value: unknown): string[] | undefined {
  const items = Array.isArray(value) ? value : [value]
  return items.every((item) => typeof item === 'string') ? items : undefined
}

/** Prefixes of one scope of `synchronize`, whatever the bus they are filed under. */
function prefixesOf(scope: unknown): string[] {
  if (!isObject(scope)) return []
  return Object.values(scope).flatMap((prefixes) => textList(prefixes) ?? [])
}
