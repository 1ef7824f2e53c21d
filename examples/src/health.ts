/**
 * How an agent is: heartbeat, status, alerts. It listens to itself and ends.
 *
 *     vctl auth add pump
 *     node examples/dist/health.js
 */
import { EventEmitter, once } from 'node:events'
import { Agent, agentEnvironment } from '@volttron/agent'

/** The name of the class is in the topic of its alerts. */
class Pump extends Agent {}

const agent = new Pump({ identity: agentEnvironment().identity ?? 'pump', heartbeatPeriodMs: 60_000 })
const { health, pubsub } = agent.vip
const heartbeats = new EventEmitter()

await pubsub.subscribe({
  prefix: `heartbeat/${agent.identity}`,
  callback: (_peer, _sender, _bus, topic, _headers, status) => {
    console.log(`${topic}: ${status}`)
    heartbeats.emit('heartbeat')
  },
})
await pubsub.subscribe({
  prefix: 'alerts/',
  callback: (_peer, _sender, _bus, topic, headers) => console.log(`${topic}: ${headers.alert_key}`),
})
const first = once(heartbeats, 'heartbeat')
await agent.start()
await first
health.on('change', ({ value, context }) => console.log(`now ${value}: ${context}`))
const second = once(heartbeats, 'heartbeat')
// A change of the status is in a heartbeat at once.
health.setStatus('BAD', 'the pump is dry')
await second
await health.sendAlert('dry', { context: 'the pump is dry' })
console.log(JSON.stringify(await agent.vip.rpc.call(agent.identity, 'health.get_status')))
await agent.stop()
