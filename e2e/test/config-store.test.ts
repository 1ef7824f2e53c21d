import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { ClassicPeer } from './support/classic-peer.ts'
import { ANY_PORT, type Operator, type Site, Stage, stop } from './support/stage.ts'

const STORE = 'platform.config_store'

let stage: Stage
let site: Site
let operator: Operator
let agent: ClassicPeer

beforeAll(async () => {
  stage = new Stage()
  site = await stage.programs.startPlatform('site-a', ANY_PORT)
  operator = await stage.operator(site.home)
  agent = await ClassicPeer.connect(stage, site.home, 'driver')
})
afterAll(() => stage.cleanUp())

const request = (method: string, params: unknown, id: string) => JSON.stringify({ jsonrpc: '2.0', method, params, id })

/** A call of the classic agent, with an id as Python makes them. */
async function call(peer: string, method: string, params: unknown, id: string) {
  const { subsystem, args } = await agent.ask(peer, 'RPC', [request(method, params, id)])
  return subsystem === 'error' ? { errno: args[0] } : JSON.parse(args[0]!)
}

/** The next request for one of the agent's own methods; it answers `null`. */
async function update() {
  const message = await eventually(
    () => agent.received.find(({ peer, args }) => peer === STORE && args[0]?.includes('"method"')),
    { what: 'a call of the configuration store' },
  )
  agent.received.splice(agent.received.indexOf(message), 1)
  const { id, method, params } = JSON.parse(message.args[0]!)
  agent.send(STORE, 'RPC', [JSON.stringify({ jsonrpc: '2.0', id, result: null })], message.id)
  return { method, params }
}

const stored = (method: string, ...args: unknown[]) => operator.agent.vip.rpc.call(STORE, method, ...args)

describe('a classic agent and the configuration store', () => {
  it('gets its configurations before initialize_configs returns, as at the start of a Python agent', async () => {
    await stored('set_config', 'driver', 'config', '{"interval": 5} // seconds', 'json', false, false)
    const initialized = call(STORE, 'initialize_configs', ['driver'], '1795374281.1')
    expect(await update()).toEqual({ method: 'config.initial_update', params: [{ config: { interval: 5 } }] })
    expect(await initialized).toEqual({ jsonrpc: '2.0', id: '1795374281.1', result: null })
  })

  it('hears of what an operator changes, and changes its own store itself', async () => {
    const changed = stored('set_config', 'driver', 'registry.csv', 'Point,Units\na,kW', 'csv')
    expect(await update()).toEqual({
      method: 'config.update',
      params: {
        '*args': ['NEW', 'registry.csv'],
        '**kwargs': { contents: [{ Point: 'a', Units: 'kW' }], trigger_callback: true },
      },
    })
    expect(await changed).toBeNull()
    const params = { '*args': ['driver', 'CONFIG', 'plain text', 'raw'], '**kwargs': { send_update: false } }
    expect(await call(STORE, 'set_config', params, '1.1')).toMatchObject({ result: null })
    expect(await stored('get_config', 'driver', 'config')).toBe('plain text')
    expect((await call(STORE, 'set_config', ['other', 'config', 'x'], '1.2')).error).toMatchObject({ code: -32001 })
    const file = JSON.parse(readFileSync(join(site.home, 'configuration_store', 'driver.store'), 'utf8'))
    expect(file).toMatchObject({
      CONFIG: { type: 'raw', data: 'plain text' },
      'registry.csv': { type: 'csv', data: 'Point,Units\na,kW' },
    })
  })

  it('learns from inspect how the methods are called', async () => {
    const { result } = await call(STORE, 'inspect', undefined, '2.1')
    expect(result.methods).toEqual(expect.arrayContaining(['set_config', 'get_config', 'list_stores']))
    const described = await call(STORE, 'get_config.inspect', undefined, '2.2')
    expect(described.result.params).toMatchObject({ raw: { kind: 'POSITIONAL_OR_KEYWORD', default: true } })
  })
})

describe('a classic agent and the platform', () => {
  it('is seen to be well by its heartbeats, until it goes', async () => {
    const body = { bus: '', headers: { TimeStamp: '2026-01-01T00:00:00.000000+00:00' }, message: 'GOOD' }
    const visitor = await ClassicPeer.connect(stage, site.home, 'visitor')
    await visitor.ask('', 'pubsub', ['publish', 'heartbeat/visitor', JSON.stringify(body)])
    const health = async () => (await call('platform.health', 'get_platform_health', undefined, '3.1')).result
    expect((await health()).visitor).toMatchObject({ peer: 'visitor', service_agent: false, message: 'GOOD' })
    visitor.connection.close('gone')
    await eventually(async () => !('visitor' in (await health())))
  })

  it('gets the error for a call that cannot be delivered under its id as text', async () => {
    const id = '1795374281.8728026698659'
    agent.send('absent', 'RPC', [request('x', [], id)], id)
    const error = await eventually(() => agent.received.find(({ subsystem }) => subsystem === 'error'))
    expect([JSON.parse(error.id), error.args[0]]).toEqual([id, '113'])
  })
})

describe('a platform', () => {
  it('leads Python agents to itself by its configuration file', () => {
    expect(readFileSync(join(site.home, 'config'), 'utf8')).toBe(
      `[volttron]\nmessagebus = zmq\ninstance-name = site-a\naddress = ipc://${site.home}/run/vip.socket\n`,
    )
  })

  it('sets a damaged store aside, keeps the others, and says so', async () => {
    await stop(site)
    const folder = join(site.home, 'configuration_store')
    writeFileSync(join(folder, 'broken.store'), '{"config": ')
    const again = await stage.programs.startPlatform('site-a', ANY_PORT)
    expect(again.home).toBe(site.home)
    const control = await stage.operator(again.home)
    const names = (identity: string) => control.agent.vip.rpc.call(STORE, 'list_configs', identity)
    expect(await names('broken')).toEqual([])
    expect(await names('driver')).toEqual(['CONFIG', 'registry.csv'])
    expect(readdirSync(folder).join()).toMatch(/broken\.store\.corrupt-/)
    expect(stage.programs.tail('site-a')).toMatch(/broken\.store cannot be used: .* set aside/)
  })
})
