/** From what arrives to the callbacks that want it. Nothing a message holds and nothing a callback throws stops the agent. */
import { type BatchReader, frameText, PublishFlag, parseJson, type Route, VolttronError } from '@volttron/vip'
import { ENCODING_HEADER } from './classic-wire.ts'
import type { MessageHeaders, PubSubCallback, Subscriptions, TopicTargets } from './subscriptions.ts'

/** The first argument of every callback, as Python agents know it. */
const PEER = 'pubsub'
/** Instance name of the origin, on remote deliveries only. Written by the platform, never by an agent. */
export const PLATFORM_HEADER = 'platform'

export interface DeliveriesOptions {
  readonly subscriptions: Subscriptions
  readonly report: (error: unknown) => void
  /** The router sent something that no callback wants. */
  readonly onUnwanted: () => void
}

export class Deliveries {
  readonly #options: DeliveriesOptions

  constructor(options: DeliveriesOptions) {
    this.#options = options
  }

  onRecord(topic: TopicTargets, route: Route, record: BatchReader): void {
    const callbacks = this.#options.subscriptions.targetsOf(topic)
    if (callbacks.length === 0) return this.#options.onUnwanted()
    const message = recordBody(record)
    if (message === undefined) return this.#unreadable(topic.topic, route.sender)
    const headers = recordHeaders(record, route)
    const decoded = decodeClassicBody(headers, message)
    this.#deliver(callbacks, route.sender, record.busText(), topic.topic, headers, decoded)
  }

  /** Arguments of a classic delivery: topic, and JSON of sender, bus, headers and message. */
  onClassic(topicFrame: Buffer, bodyFrame: Buffer): void {
    const topic = frameText(topicFrame)
    const callbacks = this.#options.subscriptions.match(topic)
    if (callbacks.length === 0) return this.#options.onUnwanted()
    const body = parseJson(frameText(bodyFrame))
    if (!isObject(body)) return this.#unreadable(topic, 'unknown')
    const headers = isObject(body.headers) ? body.headers : {}
    const message = decodeClassicBody(headers, body.message)
    this.#deliver(callbacks, String(body.sender ?? ''), String(body.bus ?? ''), topic, headers, message)
  }

  #deliver(
    callbacks: readonly PubSubCallback[],
    sender: string,
    bus: string,
    topic: string,
    headers: MessageHeaders,
    message: unknown,
  ): void {
    for (const callback of callbacks) {
      try {
        const returned = callback(PEER, sender, bus, topic, headers, message)
        if (returned instanceof Promise) returned.catch(this.#options.report)
      } catch (error) {
        this.#options.report(error)
      }
    }
  }

  #unreadable(topic: string, sender: string): void {
    this.#options.report(new VolttronError('bad-data', `a message of '${sender}' to '${topic}' is not JSON: dropped`))
  }
}

/** The body: a JSON value, or a copy of the bytes; `undefined` when JSON was promised and is not there. */
function recordBody(record: BatchReader): unknown {
  const start = record.bodyStart()
  if (record.flags & PublishFlag.json) return parseJson(record.buffer.toString('utf8', start, record.tailEnd))
  // Cheaper than the ways of Buffer, which make two views of the batch.
  const body = Buffer.allocUnsafe(record.tailEnd - start)
  body.set(new Uint8Array(record.buffer.buffer, record.buffer.byteOffset + start, body.length))
  return body
}

function recordHeaders(record: BatchReader, route: Route): MessageHeaders {
  const text = record.headersText()
  const parsed = text === '' ? undefined : parseJson(text)
  const headers = isObject(parsed) ? parsed : {}
  if (route.platform !== '') headers[PLATFORM_HEADER] = route.platform
  else if (PLATFORM_HEADER in headers) delete headers[PLATFORM_HEADER]
  return headers
}

/** Bytes of a classic publisher, or through a classic router, travel as base64 text. */
function decodeClassicBody(headers: MessageHeaders, message: unknown): unknown {
  if (headers[ENCODING_HEADER] !== 'base64' || typeof message !== 'string') return message
  delete headers[ENCODING_HEADER]
  return Buffer.from(message, 'base64')
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
