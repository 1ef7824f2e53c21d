/**
 * An agent: one peer on the bus of a platform. This file only puts the parts together; the way of a message out is
 * pubsub.ts, outbox.ts, a wire; the way in is connector.ts, a wire, deliveries.ts or the file of its subsystem.
 */
import { captureRejectionSymbol, EventEmitter } from 'node:events'
import { PendingCalls } from '@volttron/rpc'
import type { Connection, Greeting } from '@volttron/transport'
import { describeError, Subsystem, VolttronError, vipMessage } from '@volttron/vip'
import type { AgentEvents, AgentState } from './agent-events.ts'
import { type AgentOptions, resolveSettings } from './agent-options.ts'
import { AwaitedPublishes } from './awaited-publishes.ts'
import { BatchedWire, SenderNames } from './batched-wire.ts'
import { Bus } from './bus.ts'
import { ClassicWire } from './classic-wire.ts'
import { Connector } from './connector.ts'
import { Deliveries } from './deliveries.ts'
import { ErrorDigest } from './error-digest.ts'
import { handleErrors } from './incoming-errors.ts'
import { checkTimeout, DEFAULT_TIMEOUT_MS, STOP_FLUSH_MS } from './limits.ts'
import { Outbox } from './outbox.ts'
import { type AgentPorts, pause } from './ports.ts'
import { handlePubSub } from './pubsub-answers.ts'
import { Schedule } from './schedule/schedule.ts'
import { SubscriptionSync } from './subscription-sync.ts'
import { Subscriptions, type TopicTargets } from './subscriptions.ts'
import { systemPorts } from './system-ports.ts'
import { createVip, type Vip } from './vip.ts'
import { vipError } from './vip-errors.ts'
import type { Wire } from './wire.ts'

/** Errors after which trying again is useless while the agent starts. */
const FINAL_ERRORS: readonly string[] = ['denied', 'not-found', 'bad-data', 'usage', 'config']
/** After the queue has left, the socket gets at least so long for its last bytes. */
const LAST_BYTES_MS = 100

/**
 * @example
 * const agent = new Agent({ identity: 'listener', volttronHome: '/home/me/.volttron' })
 * await agent.start()
 * await agent.vip.pubsub.subscribe({ prefix: 'devices/', callback: (peer, sender, bus, topic) => console.log(topic) })
 */
export class Agent extends EventEmitter<AgentEvents> {
  readonly identity: string
  readonly vip: Vip
  /** Work that is done every so often, at times of day, or once. */
  readonly schedule: Schedule
  readonly #ports: AgentPorts
  readonly #bus: Bus
  readonly #outbox: Outbox
  readonly #publishes = new AwaitedPublishes()
  readonly #subscriptions = new Subscriptions()
  readonly #sync: SubscriptionSync
  readonly #deliveries: Deliveries
  readonly #calls: PendingCalls
  readonly #connector: Connector
  readonly #names = new SenderNames()
  readonly #digest: ErrorDigest
  #state: AgentState = 'new'
  #instanceName: string | undefined
  #connection: Connection | undefined
  #lastFailure: VolttronError | undefined
  #abort = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #starting: { resolve(): void; reject(error: Error): void } | undefined
  #stopped: Promise<void> | undefined
  /** How far the life of the agent has come, as its author sees it. */
  #stage: 'new' | 'set up' | 'begun' | 'closing' = 'new'

  /**
   * @param options what is left out comes from the environment, see {@link AgentOptions}
   * @param ports time, chance and network, for tests and simulations
   * @throws VolttronError `usage` when an option is wrong
   */
  constructor(options: AgentOptions = {}, ports: AgentPorts = systemPorts) {
    super({ captureRejections: true })
    const settings = resolveSettings(options, process.env)
    const report = (error: unknown) => this.#report(error)
    this.identity = settings.identity
    this.#ports = ports
    this.#outbox = new Outbox({
      maxBytes: settings.sendQueueBytes,
      maxMessages: settings.sendQueueMessages,
      now: ports.now,
      onSent: (topic, awaited, key) => this.#publishes.add(topic, awaited, key),
      onUnsendable: (awaited, error) => (awaited ? awaited.reject(error) : report(error)),
      onDrain: () => this.#tell('drain'),
    })
    this.#bus = new Bus({ identity: this.identity, ports, outbox: this.#outbox, report })
    this.#digest = new ErrorDigest(this.#bus)
    this.#sync = new SubscriptionSync(this.#bus, this.#subscriptions)
    this.#deliveries = new Deliveries({
      subscriptions: this.#subscriptions,
      report,
      onUnwanted: () => this.#sync.correct(),
    })
    this.#calls = new PendingCalls({
      newId: this.#bus.newId,
      after: (delayMs, callback) => ports.startTimer(callback, delayMs),
      send: (peer, id, frame) => this.#bus.send(Subsystem.rpc, peer, id, [frame]),
    })
    this.schedule = new Schedule({ ports, report })
    this.vip = createVip({
      bus: this.#bus,
      subscriptions: this.#subscriptions,
      sync: this.#sync,
      calls: this.#calls,
      schedule: this.schedule,
      version: settings.version,
      agentClass: this.constructor.name,
      heartbeatPeriodMs: options.heartbeatPeriodMs,
      instanceName: () => this.#instanceName,
      requireStarted: () => this.#requireStarted(),
    })
    handlePubSub(this.#bus, this.#deliveries, this.#publishes)
    handleErrors(this.#bus, this.#calls, this.#publishes, this.#digest)
    this.#connector = new Connector({
      identity: this.identity,
      ports,
      target: settings.target,
      newId: this.#bus.newId,
      onWelcome: (connection, greeting) => this.#welcomed(connection, greeting),
      onMessage: (frames) => this.#bus.wire?.receive(frames),
      onDrain: () => this.#outbox.pump(),
      onClose: (reason) => this.#closed(reason),
      onFailure: (error) => this.#failed(error),
    })
  }

  get state(): AgentState {
    return this.#state
  }

  /** Name of the platform the agent is or was last connected to; `undefined` before it is known. */
  get instanceName(): string | undefined {
    return this.#instanceName
  }

  /**
   * Called once, by the first {@link start} and before anything is sent: export methods, set default configurations and
   * subscribe to them. What it throws is what `start()` rejects with. Override it; there is no need to call super.
   */
  protected onSetup(): void | Promise<void> {}

  /**
   * Called when the agent is connected, its subscriptions are in place and the callbacks of its configurations have run; once,
   * not after a reconnect, which is the event `connected`. Scheduled work begins afterwards. What it throws ends the start.
   */
  protected onStart(): void | Promise<void> {}

  /** Called when the agent stops, while it is still connected; scheduled work has ended. */
  protected onStop(): void | Promise<void> {}

  /** Called when everything is closed: the last thing an agent does. */
  protected onFinish(): void | Promise<void> {}

  /**
   * Connects to the platform, and waits for one that is not up yet. When it returns, the subscriptions made before are in
   * place and `onStart` has run. When it fails it may be called again.
   *
   * @param options.timeoutMs how long to wait for the platform; default 30,000
   * @throws VolttronError `denied` at once when another live agent has the identity or the platform refuses the key,
   *   `not-found` at once without credentials, `timeout` when no platform answered; what `onSetup` and `onStart` throw
   */
  async start({ timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkTimeout(timeoutMs)
    if (this.#state !== 'new')
      throw new VolttronError('usage', `agent '${this.identity}' cannot start: it is ${this.#state} already`)
    this.#state = 'connecting'
    this.#abort = new AbortController()
    try {
      if (this.#stage === 'new') await this.#unlessStopped(() => this.onSetup())
      this.#stage = 'set up'
      await this.#connect(timeoutMs)
      await this.#unlessStopped(() => this.#begin())
    } catch (error) {
      // Who stops says good-bye first.
      if (this.#stopped) throw error
      await this.#disconnect('the agent could not start', 0)
      if (!this.#stopped) this.#state = 'new'
      if (this.#stage === 'begun') this.#stage = 'set up'
      throw error
    }
  }

  async #connect(timeoutMs: number): Promise<void> {
    const cancelTimer = this.#ports.startTimer(() => this.#starting?.reject(this.#startTimeout(timeoutMs)), timeoutMs)
    try {
      await this.#unlessStopped(
        () =>
          new Promise<void>((resolve) => {
            this.#starting!.resolve = resolve
            this.#running = this.#connector.run(this.#abort.signal)
          }),
      )
    } finally {
      cancelTimer()
    }
  }

  /** One step of the start. What ends the start, above all {@link stop}, rejects it. */
  async #unlessStopped(step: () => void | Promise<void>): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#starting = { resolve: () => {}, reject }
        Promise.resolve(step()).then(resolve, reject)
      })
    } finally {
      this.#starting = undefined
    }
  }

  /** The first connection stands. */
  async #begin(): Promise<void> {
    await this.vip.config.follow()
    this.#stage = 'begun'
    await this.onStart()
    this.schedule.start()
  }

  /**
   * Ends scheduled work, calls `onStop`, lets queued messages leave for at most 1 s, says good-bye and closes everything. What
   * is still waited for is rejected. May be called at any time and more than once.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#shutDown()
    return this.#stopped
  }

  async #shutDown(): Promise<void> {
    const reached = this.#stage
    this.#state = 'stopping'
    this.#starting?.reject(stopped(this.identity))
    await this.schedule.stop()
    if (reached === 'begun') await this.#lastWords(() => this.onStop())
    this.#stage = 'closing'
    const startedAtMs = this.#ports.now()
    if (this.#bus.wire) await this.#flush()
    const leftMs = Math.max(LAST_BYTES_MS, STOP_FLUSH_MS - (this.#ports.now() - startedAtMs))
    await this.#disconnect('the agent was stopped', leftMs)
    for (const { awaited } of this.#outbox.clear()) awaited?.reject(stopped(this.identity))
    this.#state = 'stopped'
    if (reached !== 'new') await this.#lastWords(() => this.onFinish())
  }

  /** What goes wrong here does not keep the agent from stopping. */
  async #lastWords(say: () => void | Promise<void>): Promise<void> {
    try {
      await say()
    } catch (error) {
      this.#report(error)
    }
  }

  /**
   * Waits until the queue has left, the router has read it all and every awaited publish is answered, or the time is up.
   * Without the round trip the last messages could be lost: a socket that is closed with unread answers in it resets the
   * connection.
   */
  async #flush(): Promise<void> {
    const done = new AbortController()
    const roundTrip = () => this.vip.ping.ping().catch(() => {})
    const left = this.#outbox.whenEmpty().then(() => Promise.all([roundTrip(), this.#publishes.whenEmpty()]))
    await Promise.race([left, pause(this.#ports, STOP_FLUSH_MS, done.signal)])
    done.abort()
    this.#outbox.sendAhead(agentStop(this.identity))
    this.#bus.wire?.flush()
  }

  /** Closes the connection if there is one, and waits until nothing runs any more. */
  async #disconnect(reason: string, lingerMs: number): Promise<void> {
    this.#abort.abort()
    this.#connection?.close(reason, lingerMs)
    await this.#running
  }

  #welcomed(connection: Connection, greeting: Greeting): void {
    this.#connection = connection
    this.#bus.attach(this.#wire(connection, greeting))
    this.#instanceName = greeting.capabilities?.instanceName ?? this.#instanceName
    if (this.#state === 'stopping') return
    this.#restore().catch((error) => this.#report(error))
  }

  #wire(connection: Connection, { capabilities }: Greeting): Wire {
    const onFrames = (frames: Buffer[]) => this.#bus.receive(frames)
    if (!capabilities) {
      return new ClassicWire(connection, { identity: this.identity, nextId: this.#bus.newId, onFrames })
    }
    return new BatchedWire<TopicTargets>(connection, capabilities, this.#names, this.#ports, {
      resolveTopic: (topic) => this.#subscriptions.topic(topic),
      onRecord: (topic, route, record) => this.#deliveries.onRecord(topic, route, record),
      onResult: (sequence, status, count, text) => {
        if (status === 0) this.#publishes.settle(sequence, count)
        else if (!this.#publishes.refuse(sequence, status, text)) this.#digest.add(vipError(status, text, 'a write'))
      },
      onFrames,
      onRoom: () => this.#outbox.pump(),
    })
  }

  /** What a new connection begins with: subscriptions first, then what has waited. */
  async #restore(): Promise<void> {
    const { wire } = this.#bus
    const restored = this.#sync.restore()
    this.#state = 'connected'
    this.#outbox.pump()
    await restored
    if (wire?.batched === false && this.#bus.wire === wire) await this.#askInstanceName()
    // The connection may be gone again by now.
    if (this.#bus.wire !== wire || this.#state !== 'connected') return
    this.#starting?.resolve()
    this.#tell('connected')
    if (this.#stage === 'begun') await this.vip.config.follow()
  }

  /** A classic router does not introduce itself. */
  async #askInstanceName(): Promise<void> {
    const name = await this.vip.query('instance-name')
    if (typeof name === 'string') this.#instanceName = name
  }

  #closed(reason: string): void {
    this.#connection = undefined
    if (this.#state === 'connected') this.#state = this.#starting ? 'connecting' : 'reconnecting'
    this.#bus.detach(reason)
    this.#publishes.rejectAll(reason)
    this.#calls.rejectAll(reason)
    this.#tell('disconnected', reason)
  }

  #failed(error: VolttronError): void {
    this.#lastFailure = error
    if (this.#starting) {
      if (FINAL_ERRORS.includes(error.code)) this.#starting.reject(error)
    } else if (error.code === 'denied') this.#tell('refused', error)
  }

  #startTimeout(timeoutMs: number): VolttronError {
    const last = this.#lastFailure
    const reason = last ? `: ${last.message}` : ''
    return new VolttronError('timeout', `agent '${this.identity}' found no platform within ${timeoutMs} ms${reason}`, {
      hint: last?.hint ?? 'check that the platform runs, and its address and public key',
      cause: last,
    })
  }

  #requireStarted(): void {
    if (this.#stage === 'closing') throw stopped(this.identity)
    if (this.#state === 'new')
      throw new VolttronError('usage', `agent '${this.identity}' is not started`, { hint: 'await agent.start() first' })
  }

  #tell<E extends 'connected' | 'disconnected' | 'refused' | 'drain'>(event: E, ...args: AgentEvents[E]): void {
    try {
      ;(this as EventEmitter).emit(event, ...args)
    } catch (error) {
      this.#report(error)
    }
  }

  /** A listener of ours has failed later, as an async function does. */
  override [captureRejectionSymbol]<K>(error: Error, event: K | keyof AgentEvents, ..._args: unknown[]): void {
    if (event === 'error') this.#reportListener(error)
    else this.#report(error)
  }

  /** An error nobody waits for must not end the process, as an `error` event without listener would. */
  #report(error: unknown): void {
    const reported = error instanceof Error ? error : new Error(String(error))
    try {
      if (this.listenerCount('error') > 0) this.emit('error', reported)
      else process.stderr.write(`agent '${this.identity}': ${describeError(reported)}\n`)
    } catch (thrown) {
      this.#reportListener(thrown)
    }
  }

  #reportListener(error: unknown): void {
    process.stderr.write(`agent '${this.identity}': a listener of 'error' failed: ${describeError(error)}\n`)
  }
}

const agentStop = (identity: string): readonly Uint8Array[] =>
  vipMessage({ peer: '', id: '', subsystem: Subsystem.agentstop }, [identity])

const stopped = (identity: string): VolttronError =>
  new VolttronError('unavailable', `agent '${identity}' was stopped`, { hint: 'make a new Agent to start again' })
