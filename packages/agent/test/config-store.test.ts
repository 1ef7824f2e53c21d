import { describe, expect, it } from '@jest/globals'
import { Agent, type ConfigAction } from '../src/index.ts'
import { ScriptedConfigStore } from './scripted-config-store.ts'
import { ScriptedRouter } from './scripted-router.ts'
import { settle, testAgent, testAgentOf } from './test-agent.ts'

type Told = [name: string, action: ConfigAction, contents: unknown]

/** An agent that writes down what it is told. */
class Listener extends Agent {
  readonly told: Told[] = []
  readonly tell = (...told: Told) => {
    this.told.push(told)
  }

  /** What was told since the last time. */
  news(): Told[] {
    return this.told.splice(0)
  }
}

async function stage(configs: Record<string, unknown> = {}, classic = false) {
  const router = new ScriptedRouter({ classic })
  const store = await ScriptedConfigStore.on(router, configs)
  const made = testAgentOf(Listener, router)
  const { agent, clock } = made
  const reconnect = async () => {
    router.cut('tester')
    await settle()
    clock.advance(1_000)
    await settle()
  }
  return { ...made, router, store, reconnect, config: agent.vip.config }
}

describe.each([
  ['a router of ours', false],
  ['a classic router', true],
])('configurations of an agent on %s', (_name, classic) => {
  it('are told before the agent starts, `config` first, and then change by change', async () => {
    const { agent, store, config, errors } = await stage({ 'Devices/One': 'text', config: { a: 1 } }, classic)
    await config.subscribe({ callback: agent.tell })
    expect(agent.news()).toEqual([])
    await agent.start()
    expect(agent.news()).toEqual([
      ['config', 'NEW', { a: 1 }],
      ['Devices/One', 'NEW', 'text'],
    ])
    await store.change('tester', 'config', { a: 2 })
    await store.change('tester', 'more', [1])
    await store.update('tester', 'DELETE', 'devices/one', true)
    await settle()
    expect(agent.news()).toEqual([
      ['config', 'UPDATE', { a: 2 }],
      ['more', 'NEW', [1]],
      ['Devices/One', 'DELETE', undefined],
    ])
    expect(await config.list()).toEqual(['config', 'more'])
    expect(await config.get()).toEqual({ a: 2 })
    expect(await config.get('MORE')).toEqual([1])
    await expect(config.get('Devices/One')).rejects.toMatchObject({ code: 'not-found' })
    await store.update('tester', 'DELETE_ALL', null, true)
    await settle()
    expect(agent.news()).toEqual([
      ['config', 'DELETE', undefined],
      ['more', 'DELETE', undefined],
    ])
    expect(errors).toEqual([])
    await agent.stop()
  })

  it('are set and deleted by the agent, which hears of it when it wants to', async () => {
    const { agent, store, config } = await stage({}, classic)
    await config.subscribe({ callback: agent.tell })
    await agent.start()
    await config.set('config', { text: 'Grüße' })
    await config.set('note', 'plain', { triggerCallback: true })
    await config.set('silent', [1], { sendUpdate: false })
    await settle()
    expect(agent.news()).toEqual([['note', 'NEW', 'plain']])
    expect(await config.get()).toEqual({ text: 'Grüße' })
    expect(await config.list()).toEqual(['config', 'note'])
    await config.delete('note', { triggerCallback: true })
    await settle()
    expect(agent.news()).toEqual([['note', 'DELETE', undefined]])
    await expect(config.delete('note')).rejects.toThrow('No configuration file "note"')
    await expect(config.set('n', 5)).rejects.toMatchObject({ code: 'usage' })
    await expect(config.set('n', null)).rejects.toMatchObject({ code: 'usage' })
    expect(store.calls.slice(1, 3)).toEqual([
      [
        'set_config',
        'tester',
        'config',
        '{"text":"Gr\\u00fc\\u00dfe"}',
        'json',
        { trigger_callback: false, send_update: true },
      ],
      ['set_config', 'tester', 'note', 'plain', 'raw', { trigger_callback: true, send_update: true }],
    ])
    await agent.stop()
  })
})

describe('configurations', () => {
  it('that changed while the connection was away are told after it', async () => {
    const { agent, store, config, reconnect } = await stage({ same: 1, changed: { a: 1 }, gone: 3 })
    await config.subscribe({ callback: agent.tell })
    await agent.start()
    agent.news()
    store.configs = { same: 1, changed: { a: 2 }, fresh: 4 }
    await reconnect()
    expect(agent.news()).toEqual([
      ['changed', 'UPDATE', { a: 2 }],
      ['fresh', 'NEW', 4],
      ['gone', 'DELETE', undefined],
    ])
    await reconnect()
    expect(agent.news()).toEqual([])
    await agent.stop()
  })

  it('are told to those whose pattern and actions fit, once, and until they unsubscribe', async () => {
    const { agent, store, config } = await stage({ config: {}, 'devices/a': 1, 'devices/b': 2, other: 3 })
    await config.subscribe({ pattern: 'DEVICES/*', callback: agent.tell, actions: ['NEW'] })
    await config.subscribe({ pattern: '*/?', callback: agent.tell, actions: ['NEW', 'UPDATE'] })
    await agent.start()
    expect(agent.news().map(([name]) => name)).toEqual(['devices/a', 'devices/b'])
    await store.change('tester', 'devices/a', 5)
    await store.update('tester', 'DELETE', 'devices/b', true)
    await settle()
    expect(agent.news()).toEqual([['devices/a', 'UPDATE', 5]])
    expect(config.unsubscribe({ pattern: '*/?', callback: () => {} })).toBe(false)
    expect(config.unsubscribe({ pattern: '*/?' })).toBe(true)
    await store.change('tester', 'devices/a', 6)
    await store.change('tester', 'devices/c', 7)
    await settle()
    expect(agent.news()).toEqual([['devices/c', 'NEW', 7]])
    expect(config.unsubscribe()).toBe(true)
    expect(config.unsubscribe()).toBe(false)
    await agent.stop()
  })

  it('that are there already are told to who subscribes late, and to nobody else', async () => {
    const { agent, config, store } = await stage({ a: 1, config: 2 })
    await agent.start()
    expect(store.calls).toEqual([])
    const early: Told[] = []
    await config.subscribe({ callback: (...told) => early.push(told) })
    expect(early).toEqual([
      ['config', 'NEW', 2],
      ['a', 'NEW', 1],
    ])
    await config.subscribe({ pattern: 'a', callback: agent.tell })
    expect(agent.news()).toEqual([['a', 'NEW', 1]])
    expect(early).toHaveLength(2)
    expect(store.calls).toHaveLength(1)
    await agent.stop()
  })

  it('fall back to their defaults, which cannot be changed later', async () => {
    const { agent, store, config } = await stage({ config: { from: 'store' } })
    const mine = { from: 'default' }
    config.setDefault('Config', mine)
    config.setDefault('extra', 'text')
    config.setDefault('unwanted', [])
    expect(config.deleteDefault('UNWANTED')).toBe(true)
    mine.from = 'changed afterwards'
    await config.subscribe({ callback: agent.tell })
    await agent.start()
    expect(agent.news()).toEqual([
      ['config', 'NEW', { from: 'store' }],
      ['extra', 'NEW', 'text'],
    ])
    await store.update('tester', 'DELETE', 'config', true)
    await store.change('tester', 'extra', 'stored')
    await settle()
    expect(agent.news()).toEqual([
      ['config', 'UPDATE', { from: 'default' }],
      ['extra', 'UPDATE', 'stored'],
    ])
    await store.update('tester', 'DELETE_ALL', null, true)
    await settle()
    expect(agent.news()).toEqual([['extra', 'UPDATE', 'text']])
    expect(() => config.setDefault('late', {})).toThrow(expect.objectContaining({ code: 'usage' }))
    expect(() => config.deleteDefault('extra')).toThrow('before the agent starts')
    await agent.stop()
  })

  it('show what they link to, and change with it', async () => {
    const { agent, store, config } = await stage({
      config: {
        registry: 'config:// Registries/A.csv ',
        deep: [{ again: 'CONFIG://registries/a.csv' }],
        none: 'config://no',
      },
      'registries/a.csv': [{ point: 'x', unit: 'config://unit' }],
      unit: 'kW',
    })
    await config.subscribe({ pattern: 'config', callback: agent.tell })
    await agent.start()
    const registry = (unit: string) => [{ point: 'x', unit }]
    const linked = (unit: string) => ({ registry: registry(unit), deep: [{ again: registry(unit) }], none: null })
    expect(agent.news()).toEqual([['config', 'NEW', linked('kW')]])
    await store.change('tester', 'unit', 'MW')
    await settle()
    expect(agent.news()).toEqual([['config', 'UPDATE', linked('MW')]])
    const copy = await config.get<{ none: unknown }>()
    copy.none = 'mine'
    expect(await config.get()).toEqual(linked('MW'))
    await store.change('tester', 'unit', { circle: 'config://config' })
    await settle()
    expect(agent.news()).toHaveLength(1)
    await agent.stop()
  })

  it('may be asked for and changed by the callbacks themselves, which run one after the other', async () => {
    const { agent, config, store, errors } = await stage({ config: { n: 0 } })
    const log: string[] = []
    await config.subscribe({
      pattern: 'config',
      callback: async (_name, action, contents) => {
        const { n } = contents as { n: number }
        log.push(`${action} ${n} begins`)
        expect(await config.get()).toBeDefined()
        if (action === 'NEW') await config.set('derived', { n }, { triggerCallback: true })
        if (action === 'NEW') await config.subscribe({ pattern: 'derived', callback: agent.tell })
        log.push(`${action} ${n} ends`)
      },
    })
    await agent.start()
    expect(agent.news()).toEqual([['derived', 'NEW', { n: 0 }]])
    await Promise.all([store.change('tester', 'config', { n: 1 }), store.change('tester', 'config', { n: 2 })])
    await settle()
    expect(log.map((line) => line.split(' ').at(-1))).toEqual(['begins', 'ends', 'begins', 'ends', 'begins', 'ends'])
    expect(errors).toEqual([])
    await agent.stop()
  })

  it('whose callback fails are reported, and the others are told', async () => {
    const { agent, config, errors } = await stage({ config: 1, other: 2 })
    await config.subscribe({
      pattern: 'config',
      callback: () => {
        throw new Error('cannot use it')
      },
    })
    await config.subscribe({ callback: agent.tell })
    await agent.start()
    expect(errors.map(({ message }) => message)).toEqual(['cannot use it'])
    expect(agent.news().map(([name]) => name)).toEqual(['config', 'other'])
    await agent.stop()
  })

  it('are the defaults on a platform without store, and those of the store when it comes', async () => {
    const router = new ScriptedRouter()
    const { agent, clock, errors } = testAgentOf(Listener, router)
    agent.vip.config.setDefault('config', { from: 'default' })
    await agent.vip.config.subscribe({ callback: agent.tell })
    await agent.start()
    expect(agent.news()).toEqual([['config', 'NEW', { from: 'default' }]])
    await expect(agent.vip.config.set('x', 'y')).rejects.toMatchObject({ code: 'unavailable' })
    await ScriptedConfigStore.on(router, { config: { from: 'store' } })
    router.cut('tester')
    await settle()
    clock.advance(1_000)
    await settle()
    expect(agent.news()).toEqual([['config', 'UPDATE', { from: 'store' }]])
    expect(errors).toEqual([])
    await agent.stop()
  })

  it('that the platform cannot give are reported, and the agent starts', async () => {
    const { agent, store, config, errors } = await stage()
    store.failure = new Error('disk full')
    config.setDefault('config', {})
    await agent.start()
    expect(agent.state).toBe('connected')
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('disk full')])
    await agent.stop()
  })

  it('are taken from the store of the platform alone', async () => {
    const { agent, router, config } = await stage({ config: { mine: true } })
    await config.subscribe({ callback: agent.tell })
    await agent.start()
    agent.news()
    const { agent: forger } = testAgent(router, 'forger')
    await forger.start()
    const forged = [
      forger.vip.rpc.call('tester', 'config.initial_update', { config: {} }),
      forger.vip.rpc.call('tester', 'config.update', 'UPDATE', 'config', {}, true),
    ]
    for (const call of forged) await expect(call).rejects.toThrow('only platform.config_store may call')
    expect(agent.news()).toEqual([])
    expect(await config.get()).toEqual({ mine: true })
    await Promise.all([agent.stop(), forger.stop()])
  })

  it('refuse what makes no sense', async () => {
    const { agent, config, store } = await stage({ config: 1 })
    const actions = ['CHANGED' as ConfigAction]
    await expect(config.subscribe({ callback: agent.tell, actions })).rejects.toMatchObject({ code: 'usage' })
    await expect(config.subscribe({} as never)).rejects.toMatchObject({ code: 'usage' })
    await expect(config.subscribe({ callback: agent.tell, pattern: '[z-a]' })).rejects.toMatchObject({ code: 'usage' })
    await agent.start()
    await config.list()
    await expect(store.update('tester', 'RENAME', 'config', true)).rejects.toMatchObject({ code: -32602 })
    await expect(store.update('tester', 'UPDATE', 7 as never, true)).rejects.toMatchObject({ code: -32602 })
    await agent.stop()
  })
})
