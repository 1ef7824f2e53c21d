/**
 * A whole agent: configuration, scheduled work, a method for others, health and heartbeat, and a clean end.
 *
 *     vctl auth add thermostat
 *     node examples/dist/thermostat.js
 *     vctl config store thermostat config FILE      FILE holds {"targetC": 19, "periodMs": 1000}
 *
 * Environment: VOLTTRON_HOME (default ~/.volttron), AGENT_VIP_IDENTITY (default `thermostat`).
 */
import { Agent, agentEnvironment, type Job, readAgentConfig, runAgent, timestampHeaders } from '@volttron/agent'

interface Settings {
  readonly targetC: number
  readonly periodMs: number
}

const DEFAULTS: Settings = { targetC: 21, periodMs: 5_000 }

class Thermostat extends Agent {
  #settings = DEFAULTS
  #job: Job | undefined
  #roomC = 18

  protected override async onSetup(): Promise<void> {
    this.vip.rpc.export('target', () => this.#settings.targetC, { params: [], doc: 'Wanted temperature, in Celsius.' })
    // What the file of the installation says (AGENT_CONFIG), until the configuration store says otherwise.
    this.vip.config.setDefault('config', { ...DEFAULTS, ...readAgentConfig() })
    await this.vip.config.subscribe({
      pattern: 'config',
      callback: (_name, _action, contents) => this.#configure({ ...DEFAULTS, ...(contents as Partial<Settings>) }),
    })
  }

  protected override onStart(): void {
    console.log(`${this.identity} heats to ${this.#settings.targetC} on ${this.instanceName}`)
  }

  protected override async onStop(): Promise<void> {
    await this.vip.pubsub.publish({ topic: 'devices/heater/off', headers: timestampHeaders(), message: true })
    console.log('the heater is off')
  }

  #configure(settings: Settings): void {
    this.#settings = settings
    this.#job?.cancel()
    this.#job = this.schedule.every(settings.periodMs, () => this.#control())
    console.log(`settings: ${JSON.stringify(settings)}`)
  }

  async #control(): Promise<void> {
    const isHeating = this.#roomC < this.#settings.targetC
    this.#roomC += isHeating ? 0.5 : -0.1
    this.vip.health.setStatus(this.#roomC > 40 ? 'BAD' : 'GOOD')
    await this.vip.pubsub.publish({
      topic: 'devices/heater/all',
      headers: timestampHeaders(),
      message: { roomC: this.#roomC, isHeating },
    })
  }
}

await runAgent(Thermostat, { identity: agentEnvironment().identity ?? 'thermostat', heartbeatPeriodMs: 60_000 })
