/** The configurations of all agents. A store is read when it is first asked for, and every change is on the disk before it counts. */
import { AgentConfigs, type NewConfig } from './agent-configs.ts'
import { Turns } from './turns.ts'

/** Where the stores are kept; store-files.ts is the one on the disk. */
export interface StoreKeeper {
  identities(): Promise<string[]>
  load(identity: string): Promise<AgentConfigs>
  save(identity: string, configs: AgentConfigs): Promise<void>
}

export class ConfigStores {
  readonly #keeper: StoreKeeper
  readonly #loaded = new Map<string, AgentConfigs>()
  readonly #turns = new Turns()

  constructor(keeper: StoreKeeper) {
    this.#keeper = keeper
  }

  /** Identities that have a store, in order. */
  identities(): Promise<string[]> {
    return this.#keeper.identities()
  }

  /** What is stored for an agent, after all changes that were asked for before. */
  get(identity: string): Promise<AgentConfigs> {
    return this.#turns.take(identity, () => this.#get(identity))
  }

  /** Returns the store, and whether the configuration is new in it. */
  set(identity: string, config: NewConfig): Promise<{ readonly configs: AgentConfigs; readonly isNew: boolean }> {
    return this.#turns.take(identity, async () => {
      const old = await this.#get(identity)
      const configs = old.with(config)
      await this.#replace(identity, configs)
      return { configs, isNew: old.get(config.name) === undefined }
    })
  }

  /** Returns whether there was such a configuration. */
  delete(identity: string, name: string): Promise<boolean> {
    return this.#turns.take(identity, async () => {
      const old = await this.#get(identity)
      const configs = old.without(name)
      if (configs === old) return false
      await this.#replace(identity, configs)
      return true
    })
  }

  /** Returns whether there was anything to delete. */
  clear(identity: string): Promise<boolean> {
    return this.#turns.take(identity, async () => {
      const { isEmpty } = await this.#get(identity)
      if (!isEmpty) await this.#replace(identity, AgentConfigs.none)
      return !isEmpty
    })
  }

  async #get(identity: string): Promise<AgentConfigs> {
    const loaded = this.#loaded.get(identity)
    if (loaded) return loaded
    const configs = await this.#keeper.load(identity)
    this.#keep(identity, configs)
    return configs
  }

  async #replace(identity: string, configs: AgentConfigs): Promise<void> {
    await this.#keeper.save(identity, configs)
    this.#keep(identity, configs)
  }

  /** Anybody may ask for any name: nothing is kept of those that have no store. */
  #keep(identity: string, configs: AgentConfigs): void {
    if (configs.isEmpty) this.#loaded.delete(identity)
    else this.#loaded.set(identity, configs)
  }
}
