/**
 * `agent.vip.config`: the configurations that the platform keeps for the agent (VIP specification, section 7.1). The platform
 * pushes them; here is a copy, which changes as they change.
 */
import { type MethodRegistry, type PendingCalls, RemoteError, RpcErrorCode, RpcFault } from '@volttron/rpc'
import { ReservedIdentity, toAsciiJson, VolttronError } from '@volttron/vip'
import type { Bus } from '../bus.ts'
import type { RpcProtection } from '../rpc-protection.ts'
import { type ConfigCallback, ConfigSubscriptions } from './config-subscriptions.ts'
import { namePattern } from './name-pattern.ts'
import { type AffectedConfigs, CONFIG_ACTIONS, type ConfigAction, StoredConfigs } from './stored-configs.ts'

export interface ConfigSubscribeOptions {
  /** Pattern of names in the way of files: `*`, `?`, `[abc]`; the case is of no importance. Default `*`: all. */
  readonly pattern?: string
  /** Default: all. */
  readonly actions?: readonly ConfigAction[]
  readonly callback: ConfigCallback
}

export interface ConfigChangeOptions {
  /** Call the agent's own callbacks too. Default false. */
  readonly triggerCallback?: boolean
  /** Update the agent's own copy. Default true. */
  readonly sendUpdate?: boolean
}

export interface ConfigStoreParts {
  readonly bus: Bus
  readonly methods: MethodRegistry
  readonly calls: PendingCalls
  readonly protection: RpcProtection
}

/** The service calls the agent back before it answers, and gives that so long. */
const INITIALIZE_TIMEOUT_MS = 35_000
const CHANGE_TIMEOUT_MS = 10_000

export class ConfigStore {
  readonly #bus: Bus
  readonly #calls: PendingCalls
  readonly #configs = new StoredConfigs()
  readonly #subscriptions: ConfigSubscriptions
  #isInitialized = false
  /** Of the present connection. */
  #initializing: Promise<void> | undefined

  constructor({ bus, methods, calls, protection }: ConfigStoreParts) {
    this.#bus = bus
    this.#calls = calls
    this.#subscriptions = new ConfigSubscriptions(this.#configs, bus.report)
    bus.onAttach(() => {
      this.#initializing = undefined
    })
    const service = ReservedIdentity.configStore
    const initialUpdate = (configs: unknown) => this.#initialUpdate(configs)
    const update = (action: unknown, name: unknown, contents: unknown, trigger: unknown) =>
      this.#update(action, name, contents, trigger === true)
    methods.export('config.initial_update', protection.onlyFrom(service, 'config.initial_update', initialUpdate), {
      params: ['configs'],
      doc: 'Takes all configurations of this agent.',
    })
    methods.export('config.update', protection.onlyFrom(service, 'config.update', update), {
      params: [
        'action',
        'config_name',
        { name: 'contents', default: null },
        { name: 'trigger_callback', default: false },
      ],
      doc: 'Takes a change of one configuration.',
    })
  }

  /**
   * Calls `callback` for every configuration whose name fits: now for those that are there, as NEW, and whenever one is new,
   * changed or gone. Callbacks run one after the other, the one for `config` first. Best done in `onSetup` or before
   * `start()`: then all have run when `onStart` begins.
   *
   * @returns when the callback has heard of what is there; at once before the agent has started
   * @throws VolttronError `usage` for an unknown action
   * @example
   * await agent.vip.config.subscribe({ pattern: 'devices/*', callback: (name, action, contents) => apply(name, contents) })
   */
  async subscribe({ pattern = '*', actions = CONFIG_ACTIONS, callback }: ConfigSubscribeOptions): Promise<void> {
    const unknown = actions.find((action) => !CONFIG_ACTIONS.includes(action))
    if (unknown !== undefined)
      throw new VolttronError('usage', `no action '${unknown}': use ${CONFIG_ACTIONS.join(', ')}`)
    if (typeof callback !== 'function')
      throw new VolttronError('usage', `cannot subscribe to configurations '${pattern}' without callback`)
    const subscription = { pattern, matches: namePattern(pattern), actions: new Set(actions), callback }
    const isLate = this.#isInitialized
    this.#subscriptions.add(subscription)
    if (isLate) return this.#subscriptions.tellNewcomer(this.#configs.all(), subscription)
    if (!this.#bus.wire) return
    await this.#initialize()
    await this.#subscriptions.whenTold()
  }

  /** Takes subscriptions back; what is left out fits all. Returns whether there were any. */
  unsubscribe({ pattern, callback }: { readonly pattern?: string; readonly callback?: ConfigCallback } = {}): boolean {
    return this.#subscriptions.remove(pattern, callback)
  }

  /**
   * The contents of a configuration, links to others replaced by their contents: a value of your own, to change as you like.
   *
   * @throws VolttronError `not-found` when there is neither such a configuration nor a default
   * @example
   * const { periodMs } = await agent.vip.config.get<{ periodMs: number }>()
   */
  async get<Contents = unknown>(name = 'config'): Promise<Contents> {
    await this.#initialize()
    if (this.#configs.has(name)) return this.#configs.get(name) as Contents
    throw new VolttronError('not-found', `agent '${this.#bus.identity}' has no configuration '${name}'`, {
      hint: `vctl config store ${this.#bus.identity} ${name} FILE`,
    })
  }

  /** Names of the configurations, defaults among them, sorted. */
  async list(): Promise<string[]> {
    await this.#initialize()
    return this.#configs.list()
  }

  /**
   * Stores a configuration of this agent in the platform.
   *
   * @param contents an object or array, kept as JSON, or text
   * @throws VolttronError `usage` for other contents, `unavailable`, `timeout`, RemoteError when the platform refuses
   */
  async set(name: string, contents: unknown, options: ConfigChangeOptions = {}): Promise<void> {
    const type = typeof contents === 'string' ? 'raw' : 'json'
    if (type === 'json' && (typeof contents !== 'object' || contents === null))
      throw new VolttronError('usage', `configuration '${name}' is text, an object or an array`)
    const raw = type === 'raw' ? contents : toAsciiJson(contents)
    await this.#change('set_config', [name, raw, type], options)
  }

  /** Deletes a configuration of this agent in the platform; a default shows again. @throws as {@link set} */
  async delete(name: string, options: ConfigChangeOptions = {}): Promise<void> {
    await this.#change('delete_config', [name], options)
  }

  /**
   * What a configuration is when the platform has none of this name. To be set before the agent starts.
   *
   * @throws VolttronError `usage` when it is too late
   */
  setDefault(name: string, contents: string | object): void {
    this.#requireUninitialized()
    this.#configs.setDefault(name, structuredClone(contents))
  }

  /** Takes a default back. Returns whether there was one. @throws VolttronError `usage` when it is too late */
  deleteDefault(name: string): boolean {
    this.#requireUninitialized()
    return this.#configs.deleteDefault(name)
  }

  /**
   * Internal, part of each connection: fetches the configurations when somebody wants them, and waits for the callbacks.
   */
  async follow(): Promise<void> {
    if (!this.#isInitialized && !this.#configs.hasDefaults && this.#subscriptions.size === 0) return
    await this.#initialize()
    await this.#subscriptions.whenTold()
  }

  /** Fetches once per connection. Callbacks may still run when it resolves: they too may ask for configurations. */
  #initialize(): Promise<void> {
    this.#initializing ??= this.#fetch()
    return this.#initializing
  }

  async #fetch(): Promise<void> {
    try {
      await this.#call('initialize_configs', [this.#bus.identity], {}, INITIALIZE_TIMEOUT_MS)
    } catch (error) {
      // Without the store of the platform there are the defaults; the next connection asks again.
      if (!isNoStore(error)) this.#bus.report(error)
    }
    // The service has called initialUpdate meanwhile.
    if (this.#isInitialized) return
    this.#isInitialized = true
    this.#subscriptions.tell(this.#configs.all())
  }

  #initialUpdate(configs: unknown): void {
    if (typeof configs !== 'object' || configs === null || Array.isArray(configs))
      throw new RpcFault(RpcErrorCode.invalidParams, 'configs are an object of names and contents')
    const affected = this.#configs.replaceAll(configs as Record<string, unknown>)
    if (this.#isInitialized) this.#subscriptions.tell(affected)
  }

  #update(action: unknown, name: unknown, contents: unknown, triggerCallback: boolean): void {
    // All of it comes with the first fetch.
    if (!this.#isInitialized && !this.#initializing) return
    const affected = this.#affectedBy(action, name, contents)
    // The platform is answered before the callbacks run: they may change configurations themselves.
    if (triggerCallback && this.#isInitialized) this.#subscriptions.tell(affected)
  }

  #affectedBy(action: unknown, name: unknown, contents: unknown): AffectedConfigs {
    if (action === 'DELETE_ALL') return this.#configs.replaceAll({})
    if (typeof name !== 'string') throw new RpcFault(RpcErrorCode.invalidParams, 'config_name is text')
    if (action === 'DELETE') return this.#configs.delete(name)
    if (action === 'NEW' || action === 'UPDATE') return this.#configs.store(action, name, contents)
    throw new RpcFault(RpcErrorCode.invalidParams, `no action ${JSON.stringify(action)}`)
  }

  async #change(method: string, args: readonly unknown[], options: ConfigChangeOptions): Promise<void> {
    const { triggerCallback = false, sendUpdate = true } = options
    const kwargs = { trigger_callback: triggerCallback, send_update: sendUpdate }
    await this.#call(method, [this.#bus.identity, ...args], kwargs, CHANGE_TIMEOUT_MS)
  }

  #call(method: string, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>, timeoutMs: number) {
    return this.#calls.call(ReservedIdentity.configStore, method, { args, kwargs }, { timeoutMs })
  }

  #requireUninitialized(): void {
    if (this.#isInitialized)
      throw new VolttronError('usage', 'default configurations are to be set before the agent starts', {
        hint: 'in onSetup, or before start()',
      })
  }
}

/** A platform without configuration store, or a connection that was lost: the next one asks again. */
const isNoStore = (error: unknown): boolean =>
  (error instanceof VolttronError && error.code === 'unavailable') ||
  (error instanceof RemoteError && error.code === RpcErrorCode.methodNotFound)
