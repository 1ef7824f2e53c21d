/**
 * AMQP 0-9-1 without confirms and acknowledgements, by amqplib. Settings: `port`, `user` (also the password), and the
 * topic `exchange` that all goes through.
 */
import { once } from 'node:events'
import { connect as connectAmqp } from 'amqplib'
import type { Connection } from './connection.ts'
import { dottedTopics } from './dotted-topic.ts'

export async function connect({ port, user, exchange = '' }: Readonly<Record<string, string>>): Promise<Connection> {
  const broker = await connectAmqp(`amqp://${user}:${user}@127.0.0.1:${port}`, { noDelay: true })
  const channel = await broker.createChannel()
  const routingKeyOf = dottedTopics()
  let isFull = false
  channel.on('drain', () => {
    isFull = false
  })

  const publish = (topic: string, body: Buffer): boolean => {
    if (isFull) return false
    // Its false means that this one was taken and no more should follow.
    isFull = !channel.publish(exchange, routingKeyOf(topic), body)
    return true
  }
  const notOffered = () => Promise.reject(new Error('requests are not part of this benchmark for AMQP'))

  return {
    publish,
    publishJson: (topic, value) => publish(topic, Buffer.from(JSON.stringify(value))),
    async writable() {
      if (isFull) await once(channel, 'drain')
    },
    async subscribe(topic, { json }, onMessage) {
      const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true, durable: false })
      await channel.bindQueue(queue, exchange, routingKeyOf(topic))
      const onDelivery = (body: Buffer) => onMessage(json ? JSON.parse(body.toString()) : body)
      await channel.consume(queue, (delivery) => delivery && onDelivery(delivery.content), { noAck: true })
    },
    serve: notOffered,
    request: notOffered,
    close: () => broker.close(),
  }
}
