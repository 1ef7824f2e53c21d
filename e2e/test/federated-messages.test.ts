import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Agent } from '@volttron/agent'
import { eventually } from '@volttron/testkit'
import { collect, type Operator, PATIENCE_MS, type Site, Stage } from './support/stage.ts'

let stage: Stage
let here: Site
let there: Site
let operator: Operator
let sender: Agent
let receiver: Agent

beforeAll(async () => {
  stage = new Stage()
  const registry = await stage.programs.startRegistry()
  ;[here, there] = await Promise.all([stage.federated('here', registry.url), stage.federated('there', registry.url)])
  operator = await stage.operator(here.home)
  sender = await stage.agent(here.home, 'sender')
  receiver = await stage.agent(there.home, 'receiver')
  await operator.connected('there')
})
afterAll(() => stage.cleanUp())

/** What the other platform wants has arrived here. */
const interest = (prefixes: number) => operator.rowOf('there', (row) => row.interest_in === prefixes)

let wanted = 0
/** Subscribes on the other platform and waits until this one knows. */
async function subscribeThere(prefix: string) {
  const received = await collect(receiver, prefix, true)
  wanted++
  await interest(wanted)
  return received
}

/** Publishes until a message has crossed: what was sent before it in the same direction has arrived as well, or never will. */
async function expectNothingBefore(marker: { topic: string; received: readonly { topic: string }[] }) {
  await sender.vip.pubsub.publish({ topic: marker.topic, message: 'marker' })
  await eventually(() => marker.received.some(({ topic }) => topic === marker.topic), { timeoutMs: PATIENCE_MS })
}

describe('messages between platforms', () => {
  it('arrive with the name of the platform they come from, which nobody can forge', async () => {
    const received = await subscribeThere('global/')
    await sender.vip.pubsub.publish({
      peer: 'pubsub',
      topic: 'global/heartbeat',
      headers: { platform: 'forged', unit: 'kW' },
      message: { status: 'active', timestamp: 1687624821.456 },
    })
    await eventually(() => received.length > 0, { timeoutMs: PATIENCE_MS })
    expect(received).toEqual([
      {
        sender: 'sender',
        topic: 'global/heartbeat',
        headers: { unit: 'kW', platform: 'here' },
        message: { status: 'active', timestamp: 1687624821.456 },
      },
    ])
  })

  it('may be bytes', async () => {
    const received = await subscribeThere('bytes/')
    await sender.vip.pubsub.publish({ topic: 'bytes/1', message: Buffer.from([0, 1, 254, 255]) })
    await eventually(() => received.length > 0, { timeoutMs: PATIENCE_MS })
    expect(Buffer.compare(received[0]!.message as Buffer, Buffer.from([0, 1, 254, 255]))).toBe(0)
  })

  it('stay where they are when nobody elsewhere asked for them', async () => {
    const marked = await subscribeThere('marked/')
    const plain = await collect(receiver, 'private/')
    const before = (await operator.rowOf('there', () => true)).messages_out
    expect(await sender.vip.pubsub.publish({ topic: 'private/1', message: 1 })).toBe(0)
    expect(await sender.vip.pubsub.publish({ topic: 'unheard/1', message: 1 })).toBe(0)
    await expectNothingBefore({ topic: 'marked/end', received: marked })
    expect(plain).toEqual([])
    expect((await operator.rowOf('there', () => true)).messages_out - before).toBe(1)
  })

  it('keep their order by publisher and topic; of 20,000 none is lost and none comes twice', async () => {
    const received = await subscribeThere('many/')
    const local = await collect(sender, 'many/')
    const all = Array.from({ length: 20_000 }, (_, at) => at)
    for (const at of all)
      if (!sender.vip.pubsub.write({ topic: `many/${at % 10}`, message: at })) await once(sender, 'drain')
    await eventually(() => received.length >= all.length && local.length >= all.length, {
      timeoutMs: PATIENCE_MS,
      what: 'all messages',
    })
    const marked = await collect(receiver, 'many-end', true)
    await interest(++wanted)
    await expectNothingBefore({ topic: 'many-end', received: marked })
    for (const side of [received, local]) {
      expect(side).toHaveLength(all.length)
      for (let topic = 0; topic < 10; topic++) {
        const numbers = side.filter((one) => one.topic === `many/${topic}`).map(({ message }) => message)
        expect(numbers).toEqual(all.filter((at) => at % 10 === topic))
      }
    }
    expect(await operator.rowOf('there', () => true)).toMatchObject({ dropped: 0, refused: 0 })
  })

  it('of protected topics neither leave nor arrive', async () => {
    const received = await subscribeThere('guard')
    await sender.vip.pubsub.publish({ topic: 'guard/before', message: 1 })
    await eventually(() => received.length === 1, { timeoutMs: PATIENCE_MS })
    const other = await stage.agent(there.home, 'other')
    await Promise.all([protect(here, 'guard/secret-here', sender), protect(there, 'guard/secret-there', other)])
    // The operator may publish it here, and still nothing of it leaves.
    await operator.agent.vip.pubsub.publish({ topic: 'guard/secret-here/1', message: 'by the operator' })
    await sender.vip.pubsub.publish({ topic: 'guard/secret-there/1', message: 'not protected here' })
    const marked = await subscribeThere('marked-again/')
    await expectNothingBefore({ topic: 'marked-again/end', received: marked })
    expect(received.map(({ topic }) => topic)).toEqual(['guard/before'])
  })
})

describe('calls between platforms', () => {
  it('are refused until a rule on the platform of the callee names the caller', async () => {
    receiver.vip.rpc.export('double', (value: number) => 2 * value)
    receiver.vip.rpc.export('who', (caller: { peer: string }) => caller.peer, { withCaller: true })
    await expect(sender.vip.rpc.call('there/receiver', 'double', 21)).rejects.toThrow(
      /here\/sender may not call receiver\.double/,
    )
    await stage.vctl(
      there.home,
      'authz',
      'add',
      'agent',
      'here/sender',
      '--rpc-capabilities',
      'receiver.double,receiver.who,nobody.double',
    )
    await eventually(() => sender.vip.rpc.call('there/receiver', 'double', 21), { timeoutMs: PATIENCE_MS })
    expect(await sender.vip.rpc.call('there/receiver', 'double', 21)).toBe(42)
    expect(await sender.vip.rpc.call('there/receiver', 'who')).toBe('here/sender')
    const another = await stage.agent(here.home, 'another')
    await expect(another.vip.rpc.call('there/receiver', 'double', 21)).rejects.toThrow(/here\/another/)
    await expect(sender.vip.rpc.call('there/platform.control', 'stop_platform')).rejects.toThrow(/may not/)
  })

  it('say what is missing to who may call: the agent, or the platform', async () => {
    const code = 'unavailable'
    await expect(sender.vip.rpc.call('there/nobody', 'double', 1)).rejects.toMatchObject({ code })
    await expect(sender.vip.rpc.call('nowhere/receiver', 'double', 1)).rejects.toMatchObject({ code })
  })
})

describe('what an operator sees of another platform', () => {
  it('stands in federation_config.json in the form of VOLTTRON, true within seconds', async () => {
    const config = () => JSON.parse(readFileSync(join(here.home, 'federation_config.json'), 'utf8'))
    await eventually(() => config().platforms[0]?.connected, { timeoutMs: PATIENCE_MS })
    const key = (await stage.vctl(there.home, 'auth', 'serverkey')).trim()
    const row = await operator.rowOf('there', () => true)
    expect(config()).toEqual({
      registry_url: expect.stringMatching(/^http:/),
      platforms: [
        {
          id: 'there',
          address: row.address,
          public_credentials: key,
          group: 'default',
          connected: true,
          last_heartbeat: expect.any(Number),
        },
      ],
    })
    const nowS = Date.now() / 1_000
    expect(nowS - config().platforms[0].last_heartbeat).toBeLessThan(60)
    expect(nowS - row.last_heartbeat!).toBeLessThan(60)
  })

  it('has one row in vctl federation status', async () => {
    const rows = JSON.parse(await stage.vctl(here.home, 'federation', 'status', '--json'))
    expect(rows).toEqual([
      expect.objectContaining({
        platform: 'there',
        group: 'default',
        connected: true,
        status: 'connected',
        reason: null,
        next_retry_in_s: null,
        protocol: 'volttron-ts',
      }),
    ])
  })
})

/** Protects a topic, and waits until that is in force. */
async function protect(site: Site, topic: string, agent: Agent): Promise<void> {
  const path = join(site.home, 'authz.json')
  const document = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...document, protected_topics: [topic, 'probe'] }))
  const refused = () =>
    agent.vip.pubsub.publish({ topic: 'probe', message: 1 }).then(
      () => false,
      () => true,
    )
  await eventually(refused, { timeoutMs: PATIENCE_MS, what: `the rule that protects ${topic}` })
}
