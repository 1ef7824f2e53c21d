/**
 * Publishes `global/heartbeat` every few seconds and prints the heartbeats of all platforms of the federation.
 *
 *     vctl auth add heartbeat
 *     node examples/dist/heartbeat.js
 *
 * Environment: VOLTTRON_HOME (default ~/.volttron), AGENT_VIP_IDENTITY (default `heartbeat`), VOLTTRON_VIP_ADDR for a
 * platform elsewhere; AGENT_CONFIG: a file with {"periodMs": 5000}.
 */
import { Agent, agentEnvironment, describeError, type PubSubCallback, readAgentConfig, runAgent } from '@volttron/agent'

const TOPIC = 'global/heartbeat'

class Heartbeat extends Agent {
  protected override async onSetup(): Promise<void> {
    this.on('connected', () => console.log(`${this.identity}: connected to ${this.instanceName}`))
    this.on('disconnected', (reason) => console.log(`${this.identity}: disconnected: ${reason}`))
    this.on('refused', (error) => console.error(`${this.identity}: ${describeError(error)}`))
    await this.vip.pubsub.subscribe({ prefix: TOPIC, callback: this.#print, allPlatforms: true })
  }

  protected override onStart(): void {
    const { periodMs = 5_000 } = readAgentConfig<{ periodMs?: number }>()
    // What fails while the connection is away is the event `error`: a line on standard error.
    this.schedule.every(periodMs, () => this.#beat())
  }

  async #beat(): Promise<void> {
    if (this.state !== 'connected') return
    const message = { status: 'active', timestamp: Date.now() / 1_000 }
    await this.vip.pubsub.publish({ topic: TOPIC, message })
  }

  readonly #print: PubSubCallback = (_peer, sender, _bus, topic, { platform }, message) => {
    const origin = platform === undefined ? 'this platform' : `platform ${platform}`
    console.log(`${this.instanceName}: ${topic} of ${sender} on ${origin}: ${JSON.stringify(message)}`)
  }
}

await runAgent(Heartbeat, { identity: agentEnvironment().identity ?? 'heartbeat' })
