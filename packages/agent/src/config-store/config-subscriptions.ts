/**
 * Who wants to hear of configurations. Callbacks run one after the other, `config` before all others, each once per
 * configuration however many patterns fit (VIP specification, section 7.1).
 */
import type { AffectedConfigs, ConfigAction, StoredConfigs } from './stored-configs.ts'

/**
 * Called for each configuration that is new, changed or gone.
 *
 * @param contents the value; text for one that is stored as text; `undefined` when it is gone
 */
export type ConfigCallback = (name: string, action: ConfigAction, contents: unknown) => unknown

export interface ConfigSubscription {
  readonly pattern: string
  readonly matches: (key: string) => boolean
  readonly actions: ReadonlySet<ConfigAction>
  readonly callback: ConfigCallback
}

/** The configuration that agents read first. */
const MAIN = 'config'

export class ConfigSubscriptions {
  readonly #configs: StoredConfigs
  readonly #report: (error: unknown) => void
  readonly #subscriptions = new Set<ConfigSubscription>()
  /** Callbacks that run or wait for those before them. */
  #queue: Promise<void> = Promise.resolve()

  constructor(configs: StoredConfigs, report: (error: unknown) => void) {
    this.#configs = configs
    this.#report = report
  }

  get size(): number {
    return this.#subscriptions.size
  }

  add(subscription: ConfigSubscription): void {
    this.#subscriptions.add(subscription)
  }

  /** Takes back those that fit; what is `undefined` fits all. Returns whether there were any. */
  remove(pattern: string | undefined, callback: ConfigCallback | undefined): boolean {
    const before = this.#subscriptions.size
    for (const subscription of this.#subscriptions) {
      if (pattern !== undefined && subscription.pattern !== pattern) continue
      if (callback === undefined || subscription.callback === callback) this.#subscriptions.delete(subscription)
    }
    return this.#subscriptions.size < before
  }

  /** Calls those that want to know, after those that wait already. What one throws is reported. */
  tell(affected: AffectedConfigs): void {
    // Who comes later is told what there is then.
    const subscriptions = [...this.#subscriptions]
    this.#queue = this.#queue.then(() => this.#tellEach(affected, subscriptions))
  }

  /** Resolves when nobody waits any more to be told. Not for callbacks, which would wait for themselves. */
  whenTold(): Promise<void> {
    return this.#queue
  }

  /** Tells a newcomer at once, who may have come by a callback. */
  tellNewcomer(affected: AffectedConfigs, newcomer: ConfigSubscription): Promise<void> {
    return this.#tellEach(affected, [newcomer])
  }

  async #tellEach(affected: AffectedConfigs, subscriptions: readonly ConfigSubscription[]): Promise<void> {
    const keys = [...affected.keys()].sort((one, other) => Number(other === MAIN) - Number(one === MAIN))
    for (const key of keys) await this.#tellOne(key, affected.get(key)!, subscriptions)
  }

  async #tellOne(key: string, action: ConfigAction, subscriptions: readonly ConfigSubscription[]): Promise<void> {
    const fitting = subscriptions.filter(
      (one) => one.actions.has(action) && one.matches(key) && this.#subscriptions.has(one),
    )
    for (const callback of new Set(fitting.map((subscription) => subscription.callback))) {
      // It may have been deleted while others were told.
      if (action !== 'DELETE' && !this.#configs.has(key)) return
      try {
        await callback(this.#configs.nameOf(key), action, action === 'DELETE' ? undefined : this.#configs.get(key))
      } catch (error) {
        this.#report(error)
      }
    }
  }
}
