/** A platform that speaks VIP1 only, as the Python ones: with the words of two real ones, recorded. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Agent } from '@volttron/agent'
import type { Connection } from '@volttron/transport'
import { eventually } from '@volttron/testkit'
import { ClassicPlatform, saidByPlatform } from './support/classic-platform.ts'
import { collect, type Operator, PATIENCE_MS, type Received, type Site, Stage } from './support/stage.ts'

const text = (frames: readonly Buffer[]) => frames.map((frame) => frame.toString('latin1'))

describe.each(['26-fedA-0-link', '26-fedB-0-link'])(
  'our platform and one that speaks VIP1 only, with the words of %s,',
  (recording) => {
    /** Takes the part of the recorded platA; our platform that of platB. */
    let theirs: ClassicPlatform
    let ours: Site
    let operator: Operator
    let agent: Agent
    let received: Received[]
    let connection: Connection
    const stage = new Stage()
    const said = saidByPlatform(recording, 'platA')
    /** One of the recordings ends with nothing wanted. */
    const wish = said.find((frames) => text(frames)[6]?.includes('back/'))!
    const script = [...said, wish]
    const answers: string[][] = []

    const lists = script.filter((frames) => text(frames)[5] === 'external_list').length

    /** Connects to our platform and keeps what comes back. */
    async function dialOurs(): Promise<void> {
      answers.length = 0
      connection = await theirs.dial(ours.home, 'platB')
      connection.start({ onMessage: (frames) => void answers.push(text(frames)), onClose: () => {} })
    }

    beforeAll(async () => {
      const registry = await stage.programs.startRegistry()
      theirs = await ClassicPlatform.start(stage, 'platA', registry.url)
      ours = await stage.federated('platB', registry.url)
      operator = await stage.operator(ours.home)
      agent = await stage.agent(ours.home, 'fb.sub')
      received = await collect(agent, 'fed/', true)
      await operator.connected('platA')
    })
    afterAll(() => stage.cleanUp())

    it('is known for what it is after one round trip, and hears what a Python platform would say', async () => {
      const row = await operator.rowOf('platA', ({ connected }) => connected)
      expect(row).toMatchObject({ protocol: 'vip1', direction: 'dialled', status: 'connected' })
      expect(row.reason).toMatch(/has not connected to this platform/)
      const recorded = saidByPlatform(recording, 'platB').map(text)
      const hello = recorded.find((message) => message[4] === 'routing_table')!
      const list = recorded.find((message) => message[5] === 'external_list' && message[6]!.includes('fed/'))!
      const withoutId = (message: string[]) => message.toSpliced(3, 1)
      expect(withoutId(await theirs.told('routing_table', 'hello', 'hello'))).toEqual(withoutId(hello))
      const ourList = await eventually(() => theirs.heard.findLast((message) => message[6]?.includes('fed/')))
      expect(withoutId(ourList).slice(0, 5)).toEqual(withoutId(list).slice(0, 5))
      expect(JSON.parse(ourList[6]!)).toEqual(JSON.parse(list[6]!))
    })

    it('serves what a Python platform has said, byte for byte, and answers nothing but its lists', async () => {
      await dialOurs()
      for (const frames of script) theirs.say(frames)
      await eventually(() => answers.length === lists, { timeoutMs: PATIENCE_MS })
      await operator.rowOf('platA', (row) => row.interest_in === 1 && row.reason === null)
      await theirs.told('routing_table', 'hello', 'welcome', 'platB')
      const published = script.map(text).filter((message) => message[5] === 'external_publish')
      await eventually(() => received.length === published.length, { timeoutMs: PATIENCE_MS })
      expect(received).toEqual(
        published.map((message) => {
          const { sender, headers, message: body } = JSON.parse(message[7]!)
          return { sender, topic: message[6], headers: { ...headers, platform: 'platA' }, message: body }
        }),
      )
      expect(new Set(answers.map((answer) => answer.slice(4).join(' ')))).toEqual(
        new Set(['pubsub request_response true']),
      )
      expect(answers[0]).toEqual([
        '',
        'VIP1',
        'instance.platB.0.5736038237002635',
        '',
        'pubsub',
        'request_response',
        'true',
      ])
    })

    it('sends it records in the form of the recorded ones', async () => {
      const [like] = saidByPlatform(recording, 'platB')
        .map(text)
        .filter((message) => message[6] === 'back/x')
      await agent.vip.pubsub.publish({ topic: 'back/x', headers: { a: 1 }, message: 7 })
      const record = await theirs.told('pubsub', 'external_publish', 'back/x')
      expect([...record.slice(0, 2), ...record.slice(4, 7)]).toEqual([...like!.slice(0, 2), ...like!.slice(4, 7)])
      expect(record[2]).toBe('fb.sub')
      expect(record[7]).toBe('{"sender": "fb.sub", "bus": "", "headers": {"a":1}, "message": 7}')
      expect(Object.keys(JSON.parse(record[7]!))).toEqual(Object.keys(JSON.parse(like![7]!)))
    })

    it('is told everything again when it comes back, and what it wanted before is forgotten', async () => {
      await theirs.stop()
      await operator.rowOf('platA', (row) => !row.connected)
      await agent.vip.pubsub.publish({ topic: 'back/lost', message: 1 })
      await theirs.open()
      await theirs.told('pubsub', 'external_list', '{"platB":["fed/"]}')
      const row = await operator.rowOf('platA', ({ connected }) => connected)
      expect(row).toMatchObject({ interest_in: 0, protocol: 'vip1', status: 'connected' })
      await dialOurs()
      theirs.say(script[0]!)
      await theirs.told('routing_table', 'hello', 'welcome', 'platB')
      for (const frames of script.slice(1)) theirs.say(frames)
      await eventually(() => answers.length === lists, { timeoutMs: PATIENCE_MS })
      await agent.vip.pubsub.publish({ topic: 'back/again', message: 1 })
      await theirs.told('pubsub', 'external_publish', 'back/again')
      expect(theirs.heard.flat()).not.toContain('back/lost')
    })

    it('is kept from everything that is no business between platforms, and counted', async () => {
      const before = (await operator.rowOf('platA', () => true)).refused_on_session as number
      const vip = (...frames: string[]) => ['', 'VIP1', '', 'x', ...frames].map((frame) => Buffer.from(frame))
      for (const frames of [
        vip('quit'),
        vip('agentstop', 'fb.sub'),
        vip('peerlist', 'list'),
        vip('pubsub', 'publish', 'fed/forged', '{"bus": "", "headers": {}, "message": 1}'),
        vip('external_rpc', 'send_platform', '{}'),
        ['fb.sub', 'VIP1', '', 'x', 'RPC', '{"jsonrpc": "2.0", "method": "inspect", "id": 1}'].map((frame) =>
          Buffer.from(frame),
        ),
      ])
        theirs.say(frames)
      await operator.rowOf('platA', (row) => row.refused_on_session === before + 6)
      expect(received.map(({ topic }) => topic)).not.toContain('fed/forged')
      await expect(agent.vip.rpc.call('platA/fa.pub', 'inspect')).rejects.toThrow(/VIP1/)
      expect(ours.end).toBeUndefined()
    })
  },
)
