/** Plain VIP1 with a classic router, one ZeroMQ message per publish (VIP specification, section 4.6). */
import type { Connection } from '@volttron/transport'
import { looksLikeJson, Subsystem, toAsciiJson, topicFrame, VolttronError, vipMessage } from '@volttron/vip'
import { checkSize } from './limits.ts'
import type { PublishContent } from './outgoing.ts'
import type { PublishKey, Wire } from './wire.ts'

/** Names the encoding of a body that is bytes, which JSON cannot hold. */
export const ENCODING_HEADER = 'x-encoding'
/** A classic router grants no credit: this much may wait in the socket, the rest waits in the outbox. */
const PENDING_BYTES = 256 * 1024

export interface ClassicWireOptions {
  readonly identity: string
  readonly nextId: () => string
  readonly onFrames: (frames: Buffer[]) => void
}

/** How every JSON text begins: most topics need no closer look. */
const JSON_START = /^[\s0-9"[{tfnNI-]/

export class ClassicWire implements Wire {
  readonly batched = false
  readonly #connection: Connection
  readonly #options: ClassicWireOptions

  constructor(connection: Connection, options: ClassicWireOptions) {
    this.#connection = connection
    this.#options = options
  }

  publish(message: PublishContent): PublishKey | undefined {
    if (!this.#hasRoom()) return undefined
    // A Python router takes such a topic for a number, and a number stops it.
    if (JSON_START.test(message.topic) && looksLikeJson(message.topic))
      throw new VolttronError(
        'bad-data',
        `the topic '${message.topic}' reads as JSON: a classic platform would misread it`,
        {
          hint: 'use topics such as devices/42',
        },
      )
    const id = this.#options.nextId()
    const header = { peer: '', user: this.#options.identity, id, subsystem: Subsystem.pubsub }
    const body = publishBody(message)
    checkSize(body.length, `the message to '${message.topic}', as a classic platform gets it,`)
    const frames = vipMessage(header, ['publish', topicFrame(message.topic), body])
    this.#connection.send(frames)
    return id
  }

  send(frames: readonly Uint8Array[]): boolean {
    if (!this.#hasRoom()) return false
    this.#connection.send(frames)
    return true
  }

  receive(frames: Buffer[]): void {
    this.#options.onFrames(frames)
  }

  flush(): void {}

  close(): void {}

  #hasRoom(): boolean {
    return this.#connection.pendingBytes <= PENDING_BYTES
  }
}

/** `headers` must be an object even when empty: without it a Python router delivers to nobody. */
function publishBody({ body, headersJson, bus }: PublishContent): string {
  const isText = typeof body === 'string'
  const message = isText ? body : `"${Buffer.from(body.buffer, body.byteOffset, body.length).toString('base64')}"`
  const headers = isText ? headersJson || '{}' : withEncoding(headersJson)
  return `{"bus": ${toAsciiJson(bus)}, "headers": ${headers}, "message": ${message}}`
}

const withEncoding = (headersJson: string): string =>
  toAsciiJson({ ...(JSON.parse(headersJson || '{}') as object), [ENCODING_HEADER]: 'base64' })
