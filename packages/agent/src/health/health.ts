/** `agent.vip.health`: how well the agent is, and alerts for people (VIP specification, section 4.11). */
import { toAsciiJson, VolttronError } from '@volttron/vip'
import type { AgentPorts } from '../ports.ts'
import type { PubSub } from '../pubsub.ts'
import { ReportingEmitter } from '../reporting-emitter.ts'
import { COMPATIBLE_VERSIONS } from '../timestamps.ts'
import { HEALTH_VALUES, type HealthStatus, type HealthValue, isHealthValue, toWire } from './status.ts'

export interface HealthEvents {
  /** The value has changed. */
  change: [status: HealthStatus]
}

export interface HealthOptions {
  readonly ports: Pick<AgentPorts, 'wallClock'>
  readonly pubsub: PubSub
  readonly identity: string
  /** Name of the author's class, which alerts are filed under. */
  readonly agentClass: string
  readonly instanceName: () => string | undefined
  readonly report: (error: unknown) => void
}

export class Health extends ReportingEmitter<HealthEvents> {
  readonly #options: HealthOptions
  #status: HealthStatus

  constructor(options: HealthOptions) {
    super(options.report)
    this.#options = options
    this.#status = { value: 'GOOD', context: null, updatedAt: this.#now() }
  }

  get status(): HealthStatus {
    return this.#status
  }

  /**
   * Says how the agent is. It is in the next heartbeat, which comes at once when the value has changed.
   *
   * @param context any JSON value
   * @throws VolttronError `usage` for another value, `bad-data` for a context that is no JSON
   * @example
   * agent.vip.health.setStatus('BAD', 'the meter does not answer')
   */
  setStatus(value: HealthValue, context: unknown = null): void {
    if (!isHealthValue(value))
      throw new VolttronError('usage', `a status is one of ${HEALTH_VALUES.join(', ')}, not '${String(value)}'`)
    // What cannot be told must not be kept.
    toAsciiJson(context)
    const hasChanged = value !== this.#status.value
    this.#status = { value, context, updatedAt: this.#now() }
    if (hasChanged) this.tell('change', this.#status)
  }

  /**
   * Publishes an alert to `alerts/<class>/<platform>_<identity>`: somebody should look after something.
   *
   * @param key names the matter, so that receivers know repetitions
   * @returns to how many it was sent
   * @throws as `pubsub.publish`
   * @example
   * await agent.vip.health.sendAlert('meter_lost', { context: 'the meter has not answered for an hour' })
   */
  async sendAlert(
    key: string,
    { value = 'BAD', context = null }: { readonly value?: HealthValue; readonly context?: unknown } = {},
  ): Promise<number> {
    const { pubsub, identity, agentClass, instanceName } = this.#options
    // Dots separate words in topics of other message buses.
    const origin = `${instanceName() ?? ''}.${identity}`.replaceAll('.', '_')
    return pubsub.publish({
      topic: `alerts/${agentClass}/${origin}`,
      headers: { alert_key: key, ...COMPATIBLE_VERSIONS },
      // Receivers expect text that holds JSON.
      message: toAsciiJson(toWire({ value, context, updatedAt: this.#now() })),
    })
  }

  #now(): Date {
    return new Date(this.#options.ports.wallClock())
  }
}
