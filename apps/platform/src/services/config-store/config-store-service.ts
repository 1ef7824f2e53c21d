/**
 * `platform.config_store` (VIP specification, section 7.1): configurations of agents, kept by the platform, changed by
 * operators and by the agents themselves. A connected agent hears of each change before the call that made it returns.
 *
 * An agent reads any store and changes only its own: the rules say so, and may say otherwise (`default_rpc_capabilities`).
 */
import type { RpcParameter } from '@volttron/rpc'
import { describeError, type VolttronError } from '@volttron/vip'
import type { ServicePeer } from '../../router/service-peer.ts'
import type { ServiceMethods } from '../service-methods.ts'
import { isoTimestamp } from '../timestamp.ts'
import { configError } from './config-error.ts'
import type { ConfigStores } from './config-stores.ts'
import { OpenCalls } from './open-calls.ts'
import { Turns } from './turns.ts'

export interface ConfigStorePorts {
  readonly stores: ConfigStores
  readonly service: Pick<ServicePeer, 'call'>
  /** Whether an agent of this identity is on the bus. */
  readonly isConnected: (identity: string) => boolean
  /** Wall clock. */
  readonly unixMs: () => number
  readonly warn: (fields: Record<string, unknown>, event: string) => void
}

const flag = (name: string): RpcParameter => ({ name, default: true, annotation: 'bool' })
const text = (name: string): RpcParameter => ({ name, annotation: 'str' })

export function exportConfigStoreService(methods: ServiceMethods, ports: ConfigStorePorts): void {
  const { stores } = ports
  const updates = new Turns()
  const open = new OpenCalls()

  /** Tells the agent, if it is there, when its turn has come. What it makes of that is its own affair. */
  async function tell(identity: string, method: string, params: () => Promise<Params> | Params): Promise<null> {
    if (!ports.isConnected(identity)) return null
    return updates.take(identity, async () => {
      try {
        if (ports.isConnected(identity)) await ports.service.call(identity, method, await params())
      } catch (error) {
        ports.warn({ identity, method, reason: describeError(error) }, 'agent-not-told')
      }
      return null
    })
  }

  methods.export(
    'set_config',
    (
      identity: string,
      config_name: unknown,
      raw_contents: unknown,
      config_type: unknown,
      trigger_callback: boolean,
      send_update: boolean,
    ) =>
      open.run(identity, typeof raw_contents === 'string' ? raw_contents.length : 0, async () => {
        const modified = isoTimestamp(ports.unixMs())
        const config = { name: config_name, type: config_type, text: raw_contents, modified }
        const { configs, isNew } = await stores.set(identity, config)
        if (!send_update) return null
        const { name, contents } = configs.get(config_name)!
        const args = [isNew ? 'NEW' : 'UPDATE', name]
        return tell(identity, 'config.update', () => ({
          args,
          kwargs: { contents: contents!.written(), trigger_callback },
        }))
      }),
    {
      params: [
        text('identity'),
        text('config_name'),
        text('raw_contents'),
        { name: 'config_type', default: 'raw', annotation: 'str' },
        flag('trigger_callback'),
        flag('send_update'),
      ],
      doc: 'Stores a configuration of an agent: raw text, json (with comments) or csv.',
    },
  )
  methods.export(
    'delete_config',
    (identity: string, config_name: string, trigger_callback: boolean, send_update: boolean) =>
      open.run(identity, 0, async () => {
        const name = (await stores.get(identity)).get(config_name)?.name
        if (name === undefined || !(await stores.delete(identity, name))) throw noSuchConfig(identity, config_name)
        if (!send_update) return null
        return tell(identity, 'config.update', () => ({ args: ['DELETE', name], kwargs: { trigger_callback } }))
      }),
    {
      params: [text('identity'), text('config_name'), flag('trigger_callback'), flag('send_update')],
      doc: 'Deletes one configuration of an agent.',
    },
  )
  methods.export(
    'delete_store',
    (identity: string) =>
      open.run(identity, 0, async () => {
        if (!(await stores.clear(identity))) return null
        const kwargs = { trigger_callback: true }
        return tell(identity, 'config.update', () => ({ args: ['DELETE_ALL', null], kwargs }))
      }),
    { params: [text('identity')], doc: 'Deletes all configurations of an agent.' },
  )
  methods.export(
    'initialize_configs',
    (identity: string) =>
      open.run(identity, 0, () =>
        tell(identity, 'config.initial_update', async () => ({
          args: [(await stores.get(identity)).contents()],
        })),
      ),
    { params: [text('identity')], doc: 'Called by an agent at its start: gives it all its configurations.' },
  )

  methods.exportOpen('list_stores', () => stores.identities(), {
    params: [],
    doc: 'Identities that have configurations.',
    returns: 'list',
  })
  methods.exportOpen('list_configs', async (identity: string) => (await stores.get(identity)).names, {
    params: [text('identity')],
    doc: 'Names of the configurations of an agent.',
    returns: 'list',
  })
  methods.exportOpen(
    'get_config',
    async (identity: string, config_name: string, raw: boolean) => {
      const config = (await stores.get(identity)).get(config_name)
      if (!config) throw noSuchConfig(identity, config_name)
      if (raw) return config.data
      if (config.contents === undefined) throw configError('bad-data', config.problem!)
      return config.contents.written()
    },
    {
      params: [text('identity'), text('config_name'), flag('raw')],
      doc: 'One configuration: its text, or with raw=false what the agent gets.',
    },
  )
  methods.exportOpen(
    'get_metadata',
    async (identity: string, config_name: string) => {
      const config = (await stores.get(identity)).get(config_name)
      if (!config) throw noSuchConfig(identity, config_name)
      const { type, modified, data } = config
      return { type, modified, data }
    },
    {
      params: [text('identity'), text('config_name')],
      doc: 'Type, time of the last change and text of one configuration.',
      returns: 'dict',
    },
  )
}

interface Params {
  readonly args: readonly unknown[]
  readonly kwargs?: Readonly<Record<string, unknown>>
}

/** Python's `vctl config edit` looks for these words. */
const noSuchConfig = (identity: string, name: string): VolttronError =>
  configError('not-found', `No configuration file "${name}" for VIP IDENTITY ${identity}`)
