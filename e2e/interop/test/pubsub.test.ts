/** Publish and subscribe: Python agents with each other, and with agents of the SDK. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Agent } from '@volttron/agent'
import { eventually } from '@volttron/testkit'
import { ANY_PORT, collect, PATIENCE_MS, type Received, type Site, Stage } from '../../test/support/stage.ts'
import { type PythonAgent, Raw } from '../support/python-agent.ts'
import { PythonProcess } from '../support/python-process.ts'

const stage = new Stage()
let site: Site
let publisher: PythonAgent
let subscriber: PythonAgent
let ours: Agent

beforeAll(async () => {
  site = await stage.programs.startPlatform('here', ANY_PORT)
  await stage.addKeys(site.home, 'py.publisher', 'py.subscriber')
  const python = PythonProcess.start(stage, site.home)
  const other = PythonProcess.start(stage, site.home)
  ;[publisher, subscriber, ours] = await Promise.all([
    python.agent('py.publisher'),
    other.agent('py.subscriber'),
    stage.agent(site.home, 'ts.agent'),
  ])
})

afterAll(() => stage.cleanUp())

const asPythonWrites = (text: string) =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

const UNICODE = 'Grüße, 温度 23 °C \u{1f321} \u2028 "quoted" \\ back \u0000 \ud83d'

/** What both languages can say, in Python's spelling. */
const SHARED: readonly [name: string, text: string][] = [
  ['an object', '{"value": 21.5, "units": "C", "nested": {"list": [1, 2.5, null, true, "x"]}}'],
  ['a list', '[1, 2.5, "three", false, null, {"a": []}]'],
  ['a text', '"on"'],
  ['a text that looks like a number', '"123"'],
  ['an integer', '42'],
  ['a negative integer', '-7'],
  ['a float', '0.1'],
  ['a very small float', '5e-324'],
  ['true', 'true'],
  ['false', 'false'],
  ['null', 'null'],
  ['an empty object', '{}'],
  ['an empty list', '[]'],
  ['an empty text', '""'],
  ['Unicode', asPythonWrites(UNICODE)],
  ['keys in Unicode', `{${asPythonWrites(UNICODE)}: 1}`],
  ['a megabyte', `"${'x'.repeat(1_000_000)}"`],
]

/** What only Python can say. */
const OF_PYTHON: readonly [name: string, text: string][] = [
  ['NaN and Infinity', '[NaN, Infinity, -Infinity]'],
  ['an integer beyond 2^53', '[9007199254740993, -170141183460469231731687303715884105728]'],
  ['a float without fraction', '1.0'],
  ['a null that is alone in a list', '[null]'],
]

describe('what a Python agent publishes', () => {
  const received: Received[] = []

  beforeAll(async () => {
    await subscriber.subscribe('from-python/')
    await ours.vip.pubsub.subscribe({
      peer: 'pubsub',
      prefix: 'from-python/',
      callback: (_peer, sender, _bus, topic, headers, message) => {
        received.push({ sender, topic, headers, message })
      },
    })
  })

  it.each([...SHARED, ...OF_PYTHON])('reaches a Python agent unchanged: %s', async (name, text) => {
    const topic = `from-python/${name}`
    await publisher.publish(topic, new Raw(text))
    await subscriber.heard('message', (message) => message.topic === topic)
    expect(subscriber.bodies(topic)).toEqual([text])
  })

  it.each(SHARED)('reaches an agent of the SDK unchanged: %s', async (name, text) => {
    const topic = `from-python/${name}`
    const message = await eventually(() => received.find((one) => one.topic === topic), { timeoutMs: PATIENCE_MS })
    expect(message.message).toEqual(JSON.parse(text))
    expect(message.sender).toBe('py.publisher')
  })

  it('reaches an agent of the SDK as numbers of JavaScript when it is NaN, Infinity or a large integer', async () => {
    const of = async (name: string) =>
      eventually(() => received.find(({ topic }) => topic === `from-python/${name}`), { timeoutMs: PATIENCE_MS })
    expect((await of('NaN and Infinity')).message).toEqual([Number.NaN, Infinity, -Infinity])
    expect((await of('an integer beyond 2^53')).message).toEqual([2 ** 53, -(2 ** 127)])
  })

  it('brings its headers along, and those that the library adds', async () => {
    await publisher.publish('headers/a', 1, { TimeStamp: '2026-01-01T00:00:00+00:00', 'x-Größe': [1, null] })
    await subscriber.subscribe('headers/')
    await publisher.publish('headers/b', 1, { TimeStamp: '2026-01-01T00:00:00+00:00', 'x-Größe': [1, null] })
    const message = await subscriber.heard('message', ({ topic }) => topic === 'headers/b')
    expect(message.headers).toEqual({
      TimeStamp: '2026-01-01T00:00:00+00:00',
      'x-Größe': [1, null],
      min_compatible_version: '3.0',
      max_compatible_version: '',
    })
    expect(message).toMatchObject({ sender: 'py.publisher', bus: '' })
    // What was published before the subscription does not come.
    expect(subscriber.bodies('headers/a')).toEqual([])
  })
})

describe('what an agent of the SDK publishes', () => {
  beforeAll(() => subscriber.subscribe('from-ours/'))

  it.each(SHARED)('reaches a Python agent unchanged: %s', async (name, text) => {
    const topic = `from-ours/${name}`
    await ours.vip.pubsub.publish({ peer: 'pubsub', topic, message: JSON.parse(text) })
    await subscriber.heard('message', (message) => message.topic === topic)
    expect(subscriber.bodies(topic)).toEqual([text])
  })

  it('reaches a Python agent as base64 text when it is bytes', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    await ours.vip.pubsub.publish({ peer: 'pubsub', topic: 'from-ours/bytes', message: bytes })
    const { message } = await subscriber.heard('message', ({ topic }) => topic === 'from-ours/bytes')
    expect(Buffer.from(JSON.parse(message), 'base64')).toEqual(Buffer.from(bytes))
  })
})

describe('subscriptions of a Python agent', () => {
  it('match by plain prefix, and bring a message once', async () => {
    for (const prefix of ['match/a', 'match/ab', 'match/abc/']) await subscriber.subscribe(prefix)
    for (const topic of ['match/a', 'match/abd', 'match/b', 'match/end', 'match/abc/end'])
      await publisher.publish(topic, topic)
    await publisher.publish('match/ab-last', 'last')
    await subscriber.heard('message', ({ topic }) => topic === 'match/ab-last')
    const topics = subscriber.messages
      .map(({ topic }) => topic)
      .filter((topic) => topic.startsWith('match/') && topic !== 'match/ab-last')
    // The platform sends one message; the library calls a callback once for each of its prefixes that matches.
    expect(topics).toEqual(['match/a', ...Array(2).fill('match/abd'), ...Array(3).fill('match/abc/end')])
  })

  it('bring the publisher its own messages', async () => {
    await publisher.subscribe('own/')
    await publisher.publish('own/a', 'mine')
    await publisher.heard('message', ({ topic }) => topic === 'own/a')
    expect(publisher.bodies('own/')).toEqual(['"mine"'])
  })

  it('end with unsubscribe', async () => {
    await subscriber.subscribe('ended/')
    await publisher.publish('ended/a', 1)
    await subscriber.heard('message', ({ topic }) => topic === 'ended/a')
    await subscriber.unsubscribe('ended/')
    await publisher.publish('ended/b', 2)
    await subscriber.subscribe('after/')
    await publisher.publish('after/a', 3)
    await subscriber.heard('message', ({ topic }) => topic === 'after/a')
    expect(subscriber.bodies('ended/')).toEqual(['1'])
  })

  it('are listed', async () => {
    await subscriber.subscribe('listed/here')
    const listed = await subscriber.vip('pubsub.list', ['pubsub'], { prefix: 'listed/', subscribed: false })
    expect(listed).toEqual([['', 'listed/here', true]])
  })

  it('bring all messages of a burst, in order', async () => {
    await subscriber.subscribe('burst/')
    const burst = publisher.burst('burst/a', 500)
    await eventually(() => subscriber.bodies('burst/').length >= 500, { timeoutMs: PATIENCE_MS })
    await burst
    const numbers = subscriber.bodies('burst/').map(Number)
    expect(numbers).toEqual(Array.from({ length: 500 }, (_, index) => index))
  })
})

it('a Python agent that publishes hears how many got it', async () => {
  const received = await collect(ours, 'counted/')
  await subscriber.subscribe('counted/')
  expect(await publisher.publish('counted/a', 1)).toBe(2)
  expect(await publisher.publish('nobody-wants/a', 1)).toBe(0)
  await eventually(() => received.length === 1)
})
