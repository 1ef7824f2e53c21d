/**
 * Publishes `global/heartbeat` every few seconds and prints the heartbeats of all platforms of the federation.
 *
 *     vctl auth add heartbeat
 *     AGENT_VIP_IDENTITY=heartbeat node examples/dist/heartbeat.js
 *
 * Environment: VOLTTRON_HOME (default ~/.volttron), AGENT_VIP_IDENTITY (default `heartbeat`), VOLTTRON_VIP_ADDR for a
 * platform elsewhere, HEARTBEAT_SECONDS (default 5).
 */
import { Agent, describeError, type PubSubCallback } from '@volttron/agent'

const TOPIC = 'global/heartbeat'
const periodMs = Number(process.env.HEARTBEAT_SECONDS ?? 5) * 1_000

const agent = new Agent({ identity: process.env.AGENT_VIP_IDENTITY ?? 'heartbeat' })

const onHeartbeat: PubSubCallback = (_peer, sender, _bus, topic, headers, message) => {
  const { platform } = headers
  const origin = platform === undefined ? 'this platform' : `platform ${platform}`
  console.log(`${agent.instanceName}: ${topic} of ${sender} on ${origin}: ${JSON.stringify(message)}`)
}

const beat = () =>
  agent.vip.pubsub
    .publish({ peer: 'pubsub', topic: TOPIC, message: { status: 'active', timestamp: Date.now() / 1_000 } })
    .catch((error: unknown) => console.error(`heartbeat not published: ${describeError(error)}`))

agent.on('connected', () => console.log(`${agent.identity}: connected to ${agent.instanceName}`))
agent.on('disconnected', (reason) => console.log(`${agent.identity}: disconnected: ${reason}`))
agent.on('refused', (error) => console.error(`${agent.identity}: ${describeError(error)}`))

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clearInterval(timer)
    agent.stop().catch((error: unknown) => console.error(describeError(error)))
  })
}

const timer = setInterval(() => {
  if (agent.state === 'connected') beat()
}, periodMs)

try {
  await agent.vip.pubsub.subscribe({ peer: 'pubsub', prefix: TOPIC, callback: onHeartbeat, allPlatforms: true })
  await agent.start({ timeoutMs: 60_000 })
  await beat()
} catch (error) {
  clearInterval(timer)
  console.error(`${agent.identity}: ${describeError(error)}`)
  process.exitCode = 1
}
