/**
 * Messages: headers, bytes, prefixes, what is subscribed, and what is refused. Ends by itself.
 *
 *     vctl auth add messenger
 *     node examples/dist/messages.js
 */
import {
  Agent,
  agentEnvironment,
  describeError,
  HeaderName,
  type PubSubCallback,
  timestampHeaders,
} from '@volttron/agent'

const agent = new Agent({ identity: agentEnvironment().identity ?? 'messenger' })
const { pubsub } = agent.vip

const print: PubSubCallback = (_peer, sender, _bus, topic, headers, message) => {
  // headers.platform is there when the message comes from another platform.
  const hasTime = HeaderName.timestamp in headers
  console.log(topic, sender, hasTime, Buffer.isBuffer(message) ? `${message.length} bytes` : JSON.stringify(message))
}

await agent.start()
await pubsub.subscribe({ prefix: 'devices/meter', callback: print, allPlatforms: true })
await pubsub.publish({ topic: 'devices/meter/all', headers: timestampHeaders(), message: { kW: 1.5 } })
await pubsub.publish({ topic: 'devices/meter/raw', message: Buffer.from([1, 2, 3]) })
console.log('nobody wants it:', await pubsub.publish({ topic: 'unwanted', message: null }))
console.log('subscribed:', (await pubsub.list({ allPlatforms: true })).map(({ prefix }) => prefix).join())
console.log('taken back:', await pubsub.unsubscribe({ prefix: 'devices/meter' }))
// Without an answer to wait for, for many messages; what is refused is the event `error`.
agent.on('error', (error) => console.log('refused:', describeError(error)))
pubsub.write({ topic: 'devices/meter/all', message: 2 })
await pubsub.publish({ topic: 'protected/topic', message: 1 }).catch((error) => console.log('denied:', error.code))
await pubsub.subscribe({ prefix: 'protected/', callback: print }).catch((error) => console.log('denied:', error.code))
await agent.stop()
