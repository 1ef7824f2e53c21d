/** The configuration store of a platform, as far as agents see it. */
import type { Agent } from '../src/agent.ts'
import type { ScriptedRouter } from './scripted-router.ts'
import { scriptedService } from './scripted-service.ts'

export class ScriptedConfigStore {
  readonly calls: unknown[][] = []
  configs: Record<string, unknown>
  /** Set: `initialize_configs` fails with it. */
  failure: Error | undefined
  #service!: Agent

  static async on(router: ScriptedRouter, configs: Record<string, unknown> = {}): Promise<ScriptedConfigStore> {
    const store = new ScriptedConfigStore(configs)
    store.#service = await scriptedService(router, 'platform.config_store', {
      initialize_configs: async (identity: string) => {
        store.calls.push(['initialize_configs', identity])
        if (store.failure) throw store.failure
        await store.#service.vip.rpc.call(identity, 'config.initial_update', store.configs)
      },
      set_config: async (...args: unknown[]) => {
        store.calls.push(['set_config', ...args])
        const [identity, name, raw, type, options] = args as [string, string, string, string, Record<string, boolean>]
        const action = name in store.configs ? 'UPDATE' : 'NEW'
        store.configs[name] = type === 'json' ? JSON.parse(raw) : raw
        if (options.send_update) await store.update(identity, action, name, options.trigger_callback)
      },
      delete_config: async (...args: unknown[]) => {
        store.calls.push(['delete_config', ...args])
        const [identity, name, options] = args as [string, string, Record<string, boolean>]
        if (!(name in store.configs)) throw new Error(`No configuration file "${name}"`)
        delete store.configs[name]
        if (options.send_update) await store.update(identity, 'DELETE', name, options.trigger_callback)
      },
    })
    return store
  }

  private constructor(configs: Record<string, unknown>) {
    this.configs = configs
  }

  /** An operator changes a configuration: the agent is told as the service tells it. */
  async change(identity: string, name: string, contents: unknown): Promise<void> {
    const action = name in this.configs ? 'UPDATE' : 'NEW'
    this.configs[name] = contents
    await this.update(identity, action, name, true)
  }

  async update(identity: string, action: string, name: string | null, trigger: boolean | undefined): Promise<void> {
    const contents = name !== null && action !== 'DELETE' ? { contents: this.configs[name] } : {}
    await this.#service.vip.rpc.callWith(identity, 'config.update', {
      args: [action, name],
      kwargs: { ...contents, trigger_callback: trigger },
    })
  }

  stop(): Promise<void> {
    return this.#service.stop()
  }
}
