import { describe, expect, it } from '@jest/globals'
import { BatchWriter, buildTail, formatRoute } from '@volttron/vip'
import fc from 'fast-check'
import { Agent } from '../src/agent.ts'
import { systemPorts } from '../src/system-ports.ts'
import { ScriptedRouter } from './scripted-router.ts'
import { settle, testAgent } from './test-agent.ts'

interface Message {
  readonly topic: string
  readonly platform: string
  readonly body: unknown
  readonly bytes: boolean
  readonly header: string | undefined
}

const message: fc.Arbitrary<Message> = fc.record({
  topic: fc.constantFrom('a', 'a/b', 'ab', 'b', 'grün/日'),
  platform: fc.constantFrom('', 'site-2', 'site-3'),
  body: fc.jsonValue(),
  bytes: fc.boolean(),
  header: fc.option(fc.string(), { nil: undefined }),
})

/** Sends the messages over a new connection in batches of the given sizes; what the callbacks were called with. */
async function received(messages: readonly Message[], batchSizes: readonly number[]): Promise<unknown[]> {
  const router = new ScriptedRouter()
  const { agent, errors } = testAgent(router)
  const calls: unknown[] = []
  for (const prefix of ['', 'a', 'a/'])
    await agent.vip.pubsub.subscribe({ prefix, callback: (...args) => calls.push([prefix, ...args]) })
  await agent.start()
  const { connection } = router.peer('tester')
  // The first router of a test counts its nonces from 100.
  const writer = new BatchWriter(100)
  const names = new Map<string, number>()
  const idOf = (text: string, define: (id: number, text: string) => void) => {
    const known = names.get(text)
    if (known !== undefined) return known
    names.set(text, names.size)
    define(names.size - 1, text)
    return names.size - 1
  }
  let next = 0
  for (const size of [...batchSizes, messages.length]) {
    for (const { topic, platform, body, bytes, header } of messages.slice(next, next + size)) {
      const text = JSON.stringify(body)
      const tail = buildTail(
        bytes ? Buffer.from(text) : text,
        header === undefined ? '' : JSON.stringify({ header }),
        '',
      )
      const route = idOf(formatRoute({ platform, epoch: 1, sender: 's', path: [] }), (id, name) =>
        writer.defineRoute(id, name),
      )
      const topicId = idOf(topic, (id, name) => writer.defineTopic(id, name))
      writer.publish(tail.flags, topicId, route, 1, 0, tail.bytes, 0, tail.bytes.length)
    }
    next += size
    if (!writer.isEmpty) connection.send([writer.take()])
  }
  await settle()
  await agent.stop()
  expect(errors).toEqual([])
  return calls
}

describe('batches', () => {
  it('give the same callbacks however the messages are split', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 8 }),
        async (messages, batchSizes) => {
          const split = await received(messages, batchSizes)
          expect(split).toEqual(await received(messages, []))
          const matching = messages.flatMap(({ topic }) => ['', 'a', 'a/'].filter((prefix) => topic.startsWith(prefix)))
          expect(split.map((call) => (call as unknown[])[0])).toEqual(matching)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('that break the format cost the connection, and the agent comes back', async () => {
    const router = new ScriptedRouter()
    const { agent, clock } = testAgent(router)
    await agent.start()
    const batch = new BatchWriter(100)
    batch.publish(0, 5, 5, 1, 0, Buffer.from('x'), 0, 1)
    router.peer('tester').connection.send([batch.take()])
    await settle()
    expect(agent.state).toBe('reconnecting')
    clock.advance(100)
    await settle()
    expect(agent.state).toBe('connected')
    await agent.stop()
  })
})

it('an agent can be made for the real network without touching it', () => {
  expect(new Agent({ identity: 'x', volttronHome: '/nowhere' }, systemPorts).state).toBe('new')
})
