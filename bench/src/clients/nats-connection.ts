/** NATS, by its client for Node. Settings: `port`, and `caFile` where the server speaks TLS. */
import { connect as connectNats } from '@nats-io/transport-node'
import type { Connection } from './connection.ts'
import { dottedTopics } from './dotted-topic.ts'

/** A round trip to the server after so many messages shows that it keeps up... */
const MESSAGES_PER_FLUSH = 1_024
/** ...and so many may be on the way: a publisher that never waited would fill its own memory. */
const MAX_FLUSHES = 2
const REQUEST_MS = 10_000

export async function connect({ port, caFile }: Readonly<Record<string, string>>): Promise<Connection> {
  const server = await connectNats({ servers: `127.0.0.1:${port}`, ...(caFile ? { tls: { caFile } } : {}) })
  const subjectOf = dottedTopics()
  let unflushed = 0
  let flushes: Promise<void>[] = []

  /** Whether one more may be sent now. */
  const hasRoom = (): boolean => {
    if (unflushed < MESSAGES_PER_FLUSH) return true
    if (flushes.length === MAX_FLUSHES) return false
    const flush = server.flush().then(() => {
      flushes = flushes.filter((other) => other !== flush)
    })
    flushes.push(flush)
    unflushed = 0
    return true
  }
  const publish = (topic: string, body: Buffer): boolean => {
    if (!hasRoom()) return false
    unflushed++
    server.publish(subjectOf(topic), body)
    return true
  }

  return {
    publish,
    // Quicker than to leave the encoding of a string to the client.
    publishJson: (topic, value) => publish(topic, Buffer.from(JSON.stringify(value))),
    writable: async () => flushes[0],
    async subscribe(topic, { json }, onMessage) {
      server.subscribe(subjectOf(topic), {
        callback: (error, message) => {
          if (error) throw error
          onMessage(json ? message.json() : bufferOf(message.data))
        },
      })
      await server.flush()
    },
    async serve(name) {
      server.subscribe(subjectOf(name), { callback: (_error, message) => void message.respond(message.data) })
      await server.flush()
    },
    request: async (name, body) => (await server.request(subjectOf(name), body, { timeout: REQUEST_MS })).string(),
    close: () => server.close(),
  }
}

const bufferOf = (data: Uint8Array): Buffer =>
  data instanceof Buffer ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
