import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Agent } from '@volttron/agent'
import { eventually } from '@volttron/testkit'
import { generateKeyPair } from '@volttron/transport'
import {
  ANY_PORT,
  addressesOf,
  collect,
  credential,
  PATIENCE_MS,
  restoreCredential,
  type Site,
  Stage,
} from './support/stage.ts'

let stage: Stage
let site: Site
let meter: Agent
let display: Agent

beforeAll(async () => {
  stage = new Stage()
  site = await stage.programs.startPlatform('site-a', ANY_PORT)
  ;[meter, display] = [await stage.agent(site.home, 'meter'), await stage.agent(site.home, 'display')]
})
afterAll(() => stage.cleanUp())

describe('agents of one platform', () => {
  it('exchange messages with headers, without a header that says platform', async () => {
    const received = await collect(display, 'devices/')
    const headers = { unit: 'kW', platform: 'forged' }
    const sentTo = await meter.vip.pubsub.publish({
      peer: 'pubsub',
      topic: 'devices/meter/all',
      headers,
      message: { value: 21.5, text: 'Grüße', list: [1, null, true] },
    })
    expect(sentTo).toBe(1)
    await eventually(() => received.length > 0)
    expect(received).toEqual([
      {
        sender: 'meter',
        topic: 'devices/meter/all',
        headers: { unit: 'kW' },
        message: { value: 21.5, text: 'Grüße', list: [1, null, true] },
      },
    ])
  })

  it('exchange bytes as they are', async () => {
    const received = await collect(display, 'blobs')
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at))
    await meter.vip.pubsub.publish({ topic: 'blobs', message: bytes })
    await eventually(() => received.length > 0)
    expect(Buffer.compare(received[0]!.message as Buffer, bytes)).toBe(0)
  })

  it('get only what they asked for, and nothing after they unsubscribed', async () => {
    const received = await collect(display, 'wanted/')
    await meter.vip.pubsub.publish({ topic: 'unwanted/1', message: 1 })
    await meter.vip.pubsub.publish({ topic: 'wanted/1', message: 1 })
    await eventually(() => received.length > 0)
    await display.vip.pubsub.unsubscribe({ prefix: 'wanted/' })
    expect(await meter.vip.pubsub.publish({ topic: 'wanted/2', message: 2 })).toBe(0)
    await display.vip.ping.ping()
    expect(received.map(({ topic }) => topic)).toEqual(['wanted/1'])
  })

  it('call methods of each other', async () => {
    meter.vip.rpc.export('add', (one: number, other: number) => one + other, { params: ['one', 'other'] })
    meter.vip.rpc.export('fail', () => {
      throw new RangeError('too hot')
    })
    expect(await display.vip.rpc.call('meter', 'add', 1, 2)).toBe(3)
    expect(await display.vip.rpc.callWith('meter', 'add', { kwargs: { one: 20, other: 22 } })).toBe(42)
    await expect(display.vip.rpc.call('meter', 'fail')).rejects.toThrow('too hot')
    await expect(display.vip.rpc.call('meter', 'no_such_method')).rejects.toThrow('no_such_method')
    await expect(display.vip.rpc.call('nobody', 'add')).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('see who is there, and reach each other by ping', async () => {
    expect(await display.vip.peerlist.list()).toEqual(expect.arrayContaining(['meter', 'display', 'platform.control']))
    expect(await display.vip.ping.ping('meter')).toBeGreaterThan(0)
    expect(await display.vip.ping.ping()).toBeGreaterThan(0)
    expect(await display.vip.query('instance-name')).toBe('site-a')
    expect(display.instanceName).toBe('site-a')
  })

  it('hear of peers that come and go', async () => {
    const heard: string[] = []
    display.vip.peerlist.on('add', (peer) => heard.push(`+${peer}`))
    display.vip.peerlist.on('drop', (peer) => heard.push(`-${peer}`))
    const visitor = await stage.agent(site.home, 'visitor')
    await eventually(() => heard.includes('+visitor'))
    await visitor.stop()
    await eventually(() => heard.includes('-visitor'))
  })
})

describe('an agent', () => {
  it('may not administer the platform without a rule', async () => {
    await expect(display.vip.rpc.call('platform.control', 'stop_platform')).rejects.toThrow(
      /may not|not allowed|denied/i,
    )
    await stage.vctl(
      site.home,
      ...['authz', 'add', 'agent', 'display', '--rpc-capabilities', 'platform.control.platform_info'],
    )
    await eventually(async () => display.vip.rpc.call('platform.control', 'platform_info'), {
      timeoutMs: PATIENCE_MS,
    })
    await expect(display.vip.rpc.call('platform.control', 'stop_platform')).rejects.toThrow(
      /may not|not allowed|denied/i,
    )
  })

  it('leaves nothing behind in the platform when it goes', async () => {
    const info = async () => (await operator.control('platform_info')) as { pid: number }
    const operator = await stage.operator(site.home)
    const { pid } = await info()
    const descriptors = () => readdirSync(`/proc/${pid}/fd`).length
    await stage.addKeys(site.home, 'guest')
    const before = process.platform === 'linux' ? descriptors() : 0
    for (let visit = 0; visit < 50; visit++) {
      const guest = stage.newAgent(site.home, 'guest')
      await guest.start({ timeoutMs: PATIENCE_MS })
      await collect(guest, `visit/${visit}`)
      await guest.stop()
    }
    expect(await display.vip.pubsub.publish({ topic: 'visit/1', message: 1 })).toBe(0)
    if (process.platform === 'linux') await eventually(() => descriptors() <= before)
  })

  it('with a key that is not known waits, and gets in after vctl auth add', async () => {
    const serverKey = (await stage.vctl(site.home, 'auth', 'serverkey')).trim()
    const address = addressesOf(site.home)[0]!
    const keys = generateKeyPair()
    const stranger = new Agent({ identity: 'stranger', address, serverKey, ...keys })
    stage.defer(() => stranger.stop())
    await expect(stranger.start({ timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'timeout' })

    // One that has lost its credentials, and gets them back while it waits.
    await stage.addKeys(site.home, 'late')
    const { publickey, secretkey } = credential(site.home, 'late')
    await stage.vctl(site.home, 'auth', 'remove', 'late')
    const late = new Agent({ identity: 'late', address, serverKey, publicKey: publickey, secretKey: secretkey })
    stage.defer(() => late.stop())
    const started = late.start({ timeoutMs: PATIENCE_MS })
    restoreCredential(site.home, { identity: 'late', publickey, secretkey })
    await started
    expect(await late.vip.ping.ping('meter')).toBeGreaterThan(0)
  })

  it('is cut when vctl auth remove takes its key', async () => {
    const agent = await stage.agent(site.home, 'fired')
    const cut = new Promise<string>((resolve) => agent.once('disconnected', resolve))
    await stage.vctl(site.home, 'auth', 'remove', 'fired')
    await cut
    await eventually(async () => !(await display.vip.peerlist.list()).includes('fired'))
    await expect(agent.vip.ping.ping('meter')).rejects.toThrow()
  })

  it('cannot have an identity that belongs to another key', async () => {
    await stage.addKeys(site.home, 'thief')
    const { publickey: publicKey, secretkey: secretKey } = credential(site.home, 'thief')
    for (const identity of ['meter', 'platform.control', 'control.connection', 'vacant']) {
      const thief = new Agent({ identity, volttronHome: site.home, publicKey, secretKey })
      stage.defer(() => thief.stop())
      const refused = expect(thief.start()).rejects
      await refused.toMatchObject({ code: 'denied', message: expect.stringContaining(identity) })
    }
    expect(await display.vip.rpc.call('meter', 'add', 1, 2)).toBe(3)
  })

  it('that knows a wrong server key is told so', async () => {
    const { publicKey: serverKey } = generateKeyPair()
    const agent = stage.newAgent(site.home, 'display', { serverKey, address: addressesOf(site.home)[0]! })
    await expect(agent.start({ timeoutMs: 3_000 })).rejects.toMatchObject({
      message: expect.stringContaining('server key'),
    })
  })
})
