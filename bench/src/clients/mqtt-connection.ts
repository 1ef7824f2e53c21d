/** MQTT at QoS 0, by MQTT.js. Settings: `port`. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connectAsync } from 'mqtt'
import type { Connection } from './connection.ts'

export async function connect({ port }: Readonly<Record<string, string>>): Promise<Connection> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 })
  const socket = client.stream as Socket
  socket.setNoDelay(true)
  const handlers = new Map<string, (body: Buffer) => void>()
  client.on('message', (topic, body) => handlers.get(topic)?.(body))

  const publish = (topic: string, body: Buffer | string): boolean => {
    if (socket.writableNeedDrain) return false
    client.publish(topic, body)
    return true
  }
  const notOffered = () => Promise.reject(new Error('MQTT has no requests'))

  return {
    publish,
    publishJson: (topic, value) => publish(topic, JSON.stringify(value)),
    async writable() {
      if (socket.writableNeedDrain) await once(socket, 'drain')
    },
    async subscribe(topic, { json }, onMessage) {
      handlers.set(topic, json ? (body) => onMessage(JSON.parse(body.toString())) : onMessage)
      await client.subscribeAsync(topic, { qos: 0 })
    },
    serve: notOffered,
    request: notOffered,
    close: () => client.endAsync(),
  }
}
