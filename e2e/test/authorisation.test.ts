import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Agent } from '@volttron/agent'
import { eventually } from '@volttron/testkit'
import { generateKeyPair } from '@volttron/transport'
import type { KeyPair } from '@volttron/vip'
import { ClassicPeer } from './support/classic-peer.ts'
import {
  ANY_PORT,
  addressesOf,
  collect,
  credential,
  PATIENCE_MS,
  portOf,
  type Site,
  Stage,
  stop,
} from './support/stage.ts'

let stage: Stage
let site: Site
let operator: Agent

beforeAll(async () => {
  stage = new Stage()
  site = await stage.programs.startPlatform('guarded', ANY_PORT)
  operator = (await stage.operator(site.home)).agent
})
afterAll(() => stage.cleanUp())

/** What the operator asks of `platform.auth`, as Python tools do. */
const auth = (method: string, ...args: unknown[]) => operator.vip.rpc.call('platform.auth', method, ...args)

interface Request {
  readonly user_id: string
  readonly credentials: string
  readonly address: string
  readonly retries: number
  readonly identity?: string
}

const requestOf = ({ publicKey }: KeyPair, list = 'get_pending_authorizations') =>
  eventually(async () => ((await auth(list)) as Request[]).find(({ credentials }) => credentials === publicKey), {
    timeoutMs: PATIENCE_MS,
    what: `${publicKey} in ${list}`,
  })

function stranger(identity: string, keys: KeyPair): Agent {
  const serverKey = credential(site.home, 'platform').publickey
  const agent = new Agent({ identity, address: addressesOf(site.home)[0]!, serverKey, ...keys })
  stage.defer(() => agent.stop())
  return agent
}

describe('a key that nobody knows', () => {
  it('is pending until the operator approves it under a name, and is in at once', async () => {
    const keys = generateKeyPair()
    const meter = stranger('meter', keys)
    const started = meter.start({ timeoutMs: PATIENCE_MS })
    const { user_id, address, retries } = await requestOf(keys)
    expect(address).toBe('127.0.0.1')
    expect(retries).toBeGreaterThanOrEqual(0)
    expect(await auth('get_authorization_status', user_id)).toBe('PENDING')

    expect(await auth('approve_authorization', user_id, 'meter')).toBe(true)
    await started
    const received = await collect(operator, 'meters/')
    await meter.vip.pubsub.publish({ topic: 'meters/1', message: 42 })
    await eventually(() => received.length === 1)
    expect(received[0]).toMatchObject({ sender: 'meter', message: 42 })
    expect(await auth('get_pending_authorizations')).toEqual([])
  })

  it('approved without a name gets the one it comes with, but no name that means something', async () => {
    const keys = generateKeyPair()
    const first = stranger('gauge', keys).start({ timeoutMs: PATIENCE_MS })
    await auth('approve_authorization', (await requestOf(keys)).user_id)
    await first
    expect(await requestOf(keys, 'get_approved_authorizations')).toMatchObject({ identity: 'gauge' })

    await auth('create_or_merge_agent_authz', 'boss', null, null, ['meter.set'])
    const others = generateKeyPair()
    const climber = stranger('boss', others).start({ timeoutMs: PATIENCE_MS })
    const refused = expect(climber).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('the operator must give it'),
    })
    await auth('approve_authorization', (await requestOf(others)).user_id)
    await refused
  })

  it('denied is refused at once, also by the next run of the platform', async () => {
    const keys = generateKeyPair()
    const first = expect(stranger('intruder', keys).start({ timeoutMs: PATIENCE_MS })).rejects
    const { user_id } = await requestOf(keys)
    expect(await auth('deny_authorization', user_id)).toBe(true)
    await first.toMatchObject({ code: 'denied' })
    expect(await requestOf(keys, 'get_denied_authorizations')).toMatchObject({ user_id })

    const port = portOf(site.home)
    await operator.stop()
    await stop(site)
    site = await stage.programs.startPlatform('guarded', ['--address', `tcp://127.0.0.1:${port}`])
    operator = (await stage.operator(site.home)).agent
    expect(await auth('get_authorization_status', user_id)).toBe('DENIED')
    await expect(stranger('intruder', keys).start({ timeoutMs: PATIENCE_MS })).rejects.toMatchObject({ code: 'denied' })

    expect(await auth('delete_authorization', user_id)).toBe(true)
    await expect(stranger('intruder', keys).start({ timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'timeout' })
    await requestOf(keys)
  })
})

describe('a classic agent without rights', () => {
  let agent: ClassicPeer
  const call = async (peer: string, method: string, params: unknown) => {
    const request = JSON.stringify({ jsonrpc: '2.0', method, params, id: `call-${agent.nextId()}` })
    return JSON.parse((await agent.ask(peer, 'RPC', [request])).args[0]!)
  }
  const pubsub = async (...args: unknown[]) =>
    (
      await agent.ask(
        '',
        'pubsub',
        args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg))),
      )
    ).args

  beforeAll(async () => {
    agent = await ClassicPeer.connect(stage, site.home, 'nobody')
    await auth('create_protected_topics', ['secret'])
  })

  it('is told that it may neither publish nor subscribe, and lives on', async () => {
    const received = await collect(operator, 'secret/')
    expect(await pubsub('publish', 'secret/x', { bus: '', headers: {}, message: 1 })).toEqual(['request_response', '0'])
    expect(await pubsub('subscribe', { prefix: 'secret/x', bus: '' })).toEqual(['request_response', 'false'])
    const check = { identity: 'nobody', topic_pattern: 'secret/x', access: 'publish' }
    expect((await call('platform.auth', 'check_pubsub_authorization', check)).result).toBe(false)
    expect((await call('platform.auth', 'get_protected_rpcs', ['nobody'])).result).toEqual([])

    // The widest subscription stands, and brings what is for everybody.
    expect(await pubsub('subscribe', { prefix: '', bus: '' })).toEqual(['request_response', 'true'])
    await operator.vip.pubsub.publish({ topic: 'secret/y', message: 1 })
    await operator.vip.pubsub.publish({ topic: 'public/y', message: 1 })
    const heard = () => agent.received.flatMap(({ args }) => (args[0] === 'publish' ? [args[1]!] : []))
    await eventually(() => heard().includes('public/y'))
    expect(heard().filter((topic) => topic.startsWith('secret'))).toEqual([])
    expect(received.map(({ topic }) => topic)).toEqual(['secret/y'])

    // With the right to it, at once and without a new subscription.
    await auth('create_or_merge_agent_authz', 'nobody', null, null, null, { secret: 'subscribe' })
    await operator.vip.pubsub.publish({ topic: 'secret/z', message: 1 })
    await eventually(() => heard().includes('secret/z'))
    await auth('remove_agent_authorization', 'nobody')
    expect(agent.received.filter(({ subsystem }) => subsystem === 'error')).toEqual([])
  })

  it('reaches no method that changes something, of any service', async () => {
    const changing =
      /^(add|approve|create|delete|deny|install|prioritize|remove|restart|rotate|run|set_config|shutdown|start|stop|tag)/
    const { args } = await agent.ask('', 'peerlist', ['list'])
    const services = args.filter((peer) => peer.startsWith('platform'))
    const tried: string[] = []
    for (const service of services) {
      const { methods } = (await operator.vip.rpc.call(service, 'inspect')) as { methods: string[] }
      for (const method of methods.filter((name) => changing.test(name))) {
        const { params } = (await operator.vip.rpc.call(service, `${method}.inspect`)) as { params: object }
        const given = Object.fromEntries(Object.keys(params).map((name) => [name, 'victim']))
        const { error } = await call(service, method, given)
        expect([service, method, error?.code]).toEqual([service, method, -32001])
        tried.push(`${service}.${method}`)
      }
    }
    expect(tried).toEqual(
      expect.arrayContaining([
        'platform.auth.approve_authorization',
        'platform.auth.create_agent',
        'platform.auth.create_or_merge_agent_authz',
        'platform.auth.remove_credentials',
        'platform.control.install_agent',
        'platform.control.stop_platform',
      ]),
    )
    expect((await agent.ask('', 'ping', ['ping'])).args).toEqual(['pong'])
    expect(agent.received.filter(({ subsystem }) => subsystem === 'error')).toEqual([])
    expect(site.end).toBeUndefined()
  })

  it('may do what a role gives it, and no more once the role is gone', async () => {
    await auth('create_or_merge_role', 'lister', ['platform.control.connections'])
    await auth('create_or_merge_agent_group', 'readers', ['nobody'], ['lister'])
    expect((await call('platform.control', 'connections', [])).result).toEqual(expect.any(Array))
    await auth('remove_role', 'lister')
    expect((await call('platform.control', 'connections', [])).error.code).toBe(-32001)
  })
})
