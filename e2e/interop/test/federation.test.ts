/** Two platforms, one of each kind, federated: through our registry, and through that of the Python project. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Agent } from '@volttron/agent'
import { eventually } from '@volttron/testkit'
import { ClassicPeer } from '../../test/support/classic-peer.ts'
import { collect, freePort, kill, type Operator, type Received, type Site, Stage } from '../../test/support/stage.ts'
import { type PythonAgent, Raw } from '../support/python-agent.ts'
import { DISCOVERY_MS, PythonPlatform, startPythonRegistry } from '../support/python-platform.ts'
import { PythonProcess } from '../support/python-process.ts'

/** The first two stay, the others serve one test each. */
const AGENTS = ['py.listener', 'py.speaker', 'py.leaver', 'py.returner', 'py.last']

describe('a platform of each kind, found through our registry', () => {
  const stage = new Stage()
  let address: string
  let registryUrl: string
  let ours: Site
  let theirs: PythonPlatform
  let operator: Operator
  let python: PythonProcess
  let listener: PythonAgent
  let speaker: PythonAgent
  let agent: Agent
  let received: Received[]

  const startOurs = () => stage.federated('ours', registryUrl, ['--address', address])
  const interest = (prefixes: number) => operator.rowOf('theirs', (row) => row.interest_in === prefixes)
  const arrived = (list: readonly Received[], topic: string) =>
    eventually(() => list.find((message) => message.topic === topic), { timeoutMs: DISCOVERY_MS, what: topic })
  const heard = (who: PythonAgent, topic: string) => who.heard('message', (message) => message.topic === topic)

  beforeAll(async () => {
    registryUrl = (await stage.programs.startRegistry()).url
    address = `tcp://127.0.0.1:${await freePort()}`
    ours = await startOurs()
    theirs = await PythonPlatform.start(stage, 'theirs', {
      registry: { url: registryUrl, password: 'asked for by no one' },
      agents: AGENTS,
    })
    operator = await stage.operator(ours.home)
    await theirs.federated(operator)
    python = PythonProcess.start(stage, theirs.home)
    listener = await python.agent('py.listener')
    speaker = await python.agent('py.speaker')
    agent = await stage.agent(ours.home, 'ts.agent')
    received = await collect(agent, 'theirs/', true)
  })
  afterAll(() => stage.cleanUp())

  it('are connected in VIP1, and say so', async () => {
    const row = await operator.rowOf('theirs', ({ connected }) => connected)
    expect(row).toMatchObject({ status: 'connected', protocol: 'vip1', direction: 'dialled', address: theirs.address })
    expect(await stage.vctl(ours.home, 'federation', 'status')).toMatch(/theirs +.*connected.* vip1 /)
    expect(theirs.knownPlatforms()).toEqual(['ours'])
    const { registry } = await operator.federation()
    expect(registry).toMatchObject({ status: 'registered', listed: 2 })
  })

  it('exchange what Python agents publish, with the name of their platform', async () => {
    for (const [topic, text] of [
      ['theirs/object', '{"value": 21.5, "list": [1, null, true]}'],
      ['theirs/text', '"Gr\\u00fc\\u00dfe \\ud83c\\udf21"'],
      ['theirs/null', 'null'],
    ]) {
      await speaker.publish(topic!, new Raw(text!), { unit: 'C', platform: 'forged' })
      const message = await arrived(received, topic!)
      expect(message).toMatchObject({ sender: 'py.speaker', headers: { unit: 'C', platform: 'theirs' } })
      expect(message.message).toEqual(JSON.parse(text!))
    }
  })

  it('exchange what our agents publish, in the form that Python reads', async () => {
    await listener.subscribe('ours/', { all_platforms: true })
    await interest(1)
    const { pubsub } = agent.vip
    await pubsub.publish({ topic: 'ours/object', headers: { unit: 'kW' }, message: { text: 'Grüße', list: [1, 2.5] } })
    await pubsub.publish({ topic: 'ours/bytes', message: Buffer.from([0, 255]) })
    await pubsub.publish({ topic: 'ours/last', message: 'x'.repeat(1_000_000) })
    expect(await heard(listener, 'ours/object')).toMatchObject({
      sender: 'ts.agent',
      bus: '',
      headers: { unit: 'kW' },
      message: '{"text": "Gr\\u00fc\\u00dfe", "list": [1, 2.5]}',
    })
    expect(await heard(listener, 'ours/bytes')).toMatchObject({
      headers: { 'x-encoding': 'base64' },
      message: '"AP8="',
    })
    expect((await heard(listener, 'ours/last')).message).toHaveLength(1_000_002)
  })

  it('exchange what Python agents of both platforms publish', async () => {
    await stage.addKeys(ours.home, 'py.guest')
    const guest = await PythonProcess.start(stage, ours.home).agent('py.guest')
    await guest.subscribe('theirs/', { all_platforms: true })
    await guest.publish('ours/from-guest', { of: 'a Python agent' })
    expect(await heard(listener, 'ours/from-guest')).toMatchObject({ sender: 'py.guest' })
    await speaker.publish('theirs/for-guest', 1)
    expect(await heard(guest, 'theirs/for-guest')).toMatchObject({ sender: 'py.speaker', message: '1' })
    expect((await heard(guest, 'theirs/for-guest')).headers).toMatchObject({ platform: 'theirs' })
  })

  it('keep to themselves what nobody elsewhere asked for', async () => {
    const local = await collect(agent, 'other/')
    await speaker.publish('other/1', 'not for abroad')
    await speaker.publish('theirs/marker', 1)
    await arrived(received, 'theirs/marker')
    expect(local).toEqual([])
    await agent.vip.pubsub.publish({ topic: 'other/2', message: 'not for abroad' })
    await agent.vip.pubsub.publish({ topic: 'ours/marker', message: 1 })
    await heard(listener, 'ours/marker')
    expect(listener.bodies('other/')).toEqual([])
  })

  it('hear no more of what an agent has left, on either side', async () => {
    const leaver = await python.agent('py.leaver')
    await leaver.subscribe('left/', { all_platforms: true })
    await interest(2)
    await leaver.stop()
    await interest(1)

    const before = (await collect(agent, 'wanted/', true)).length
    const visitor = await stage.agent(ours.home, 'ts.visitor')
    const seen = await collect(visitor, 'visit/', true)
    await eventually(async () => {
      await speaker.publish('visit/1', 1)
      return seen.length > 0
    })
    await visitor.vip.pubsub.unsubscribe({ peer: 'pubsub', prefix: 'visit/' })
    const row = await operator.rowOf('theirs', ({ interest_out }) => interest_out === 2)
    // Its count of receivers is our platform until it has our new list.
    await eventually(async () => (await speaker.publish('visit/2', 2)) === '\x00\x00\x00\x00')
    expect([before, row.protocol]).toEqual([0, 'vip1'])
    expect(seen.map(({ topic }) => topic)).not.toContain('visit/2')
  })

  it('never get what would end a Python router', async () => {
    await listener.subscribe('', { all_platforms: true })
    await interest(2)
    const deadly: [topic: string, message: string][] = [
      ['123', '1'],
      ['1e5', '1'],
      ['true', '1'],
      ['null', '1'],
      ['"quoted"', '1'],
      ['[1]', '1'],
      ['['.repeat(1_000), '1'],
      ['deep', `${'['.repeat(2_000)}${']'.repeat(2_000)}`],
      ['long', '9'.repeat(5_000)],
    ]
    const raw = await ClassicPeer.connect(stage, ours.home, 'raw')
    for (const [topic, message] of deadly)
      await raw.ask('', 'pubsub', ['publish', topic, `{"bus": "", "headers": {}, "message": ${message}}`])
    await agent.vip.pubsub.publish({ topic: 'ours/after', message: 1 })
    await heard(listener, 'ours/after')
    expect(listener.messages.filter(({ topic }) => deadly.some(([one]) => one === topic))).toEqual([])
    expect(theirs.isRunning).toBe(true)
  })

  it('cannot call each other, and our callers are told at once', async () => {
    await expect(agent.vip.rpc.call('theirs/py.speaker', 'add', 1, 2)).rejects.toThrow(/VIP1/)
  })

  it('find together again after the Python platform was killed', async () => {
    await theirs.kill()
    await operator.rowOf('theirs', (row) => !row.connected)
    await theirs.start()
    await theirs.federated(operator)
    const returner = await PythonProcess.start(stage, theirs.home).agent('py.returner')
    await returner.subscribe('returned/', { all_platforms: true })
    await eventually(
      async () => {
        await agent.vip.pubsub.publish({ topic: 'returned/1', message: 1 })
        return returner.bodies('returned/').length > 0
      },
      { timeoutMs: DISCOVERY_MS },
    )
    await eventually(
      async () => {
        await returner.publish('theirs/again', 1)
        return received.some(({ topic }) => topic === 'theirs/again')
      },
      { timeoutMs: DISCOVERY_MS },
    )
  })

  it('find together again after our platform was killed', async () => {
    const last = await PythonProcess.start(stage, theirs.home).agent('py.last')
    await last.subscribe('ours/', { all_platforms: true })
    await operator.agent.stop()
    await kill(ours)
    ours = await startOurs()
    operator = await stage.operator(ours.home)
    const row = await operator.rowOf('theirs', ({ connected, interest_in }) => connected && interest_in > 0)
    expect(row).toMatchObject({ protocol: 'vip1', status: 'connected' })
    const newcomer = await stage.agent(ours.home, 'ts.newcomer')
    const seen = await collect(newcomer, 'theirs/', true)
    await newcomer.vip.pubsub.publish({ topic: 'ours/reborn', message: 1 })
    await heard(last, 'ours/reborn')
    await eventually(
      async () => {
        await last.publish('theirs/reborn', 1)
        return seen.some(({ topic }) => topic === 'theirs/reborn')
      },
      { timeoutMs: DISCOVERY_MS },
    )
  })
})

describe('a platform of each kind, found through our registry that asks for a password', () => {
  const stage = new Stage()
  afterAll(() => stage.cleanUp())

  it('are connected in both directions', async () => {
    const file = join(stage.programs.folder, 'password')
    writeFileSync(file, 'a good password\n', { mode: 0o600 })
    const withPassword = ['--registration-password-file', file]
    const { url } = await stage.programs.startRegistry(withPassword)
    const ours = await stage.federated('ours', url, ['--address', 'tcp://127.0.0.1:0', ...withPassword])
    await PythonPlatform.start(stage, 'stranger', { registry: { url, password: 'a bad one' } })
    const theirs = await PythonPlatform.start(stage, 'theirs', { registry: { url, password: 'a good password' } })
    const operator = await stage.operator(ours.home)
    await theirs.federated(operator)
    expect((await operator.federation()).platforms.map(({ platform }) => platform)).toEqual(['theirs'])
  })
})

describe('a platform of each kind, found through the registry of the Python project', () => {
  const stage = new Stage()
  let registry: Awaited<ReturnType<typeof startPythonRegistry>>

  const startOurs = (name: string, password: string) => {
    const file = join(stage.programs.folder, `${name}-password`)
    writeFileSync(file, password, { mode: 0o600 })
    return stage.federated(name, registry.url, ['--address', 'tcp://127.0.0.1:0', '--registration-password-file', file])
  }

  beforeAll(async () => {
    registry = await startPythonRegistry(stage)
  })
  afterAll(() => stage.cleanUp())

  it('exchange messages in both directions', async () => {
    const theirs = await PythonPlatform.start(stage, 'theirs', { registry, agents: ['py.agent'] })
    const ours = await startOurs('ours', registry.password)
    const operator = await stage.operator(ours.home)
    const [row] = await operator.connected('theirs')
    expect(row).toMatchObject({ protocol: 'vip1', source: 'registry' })
    const agent = await stage.agent(ours.home, 'ts.agent')
    const received = await collect(agent, 'theirs/', true)
    const python = await PythonProcess.start(stage, theirs.home).agent('py.agent')
    await python.subscribe('ours/', { all_platforms: true })
    // It learns of us when it asks the registry next.
    await theirs.federated(operator, ({ interest_in }) => interest_in === 1)
    await agent.vip.pubsub.publish({ topic: 'ours/1', message: 1 })
    await python.heard('message', ({ topic }) => topic === 'ours/1')
    await eventually(
      async () => {
        await python.publish('theirs/1', 1)
        return received.length > 0
      },
      { timeoutMs: DISCOVERY_MS },
    )
  })

  it('need its password', async () => {
    const stranger = await startOurs('stranger', 'wrong')
    const operator = await stage.operator(stranger.home)
    const state = await eventually(async () => {
      const { registry: known, platforms } = await operator.federation()
      return known?.status === 'unauthorized' ? { known, platforms } : undefined
    })
    expect(state.platforms).toEqual([])
    expect(state.known.reason).toMatch(/password/)
  })
})
