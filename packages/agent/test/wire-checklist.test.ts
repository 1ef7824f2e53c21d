/** What an SDK must do on the wire of a Python platform (VIP specification, annex C "Agent SDK"), frame by frame. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { looksLikeJson, parseJson } from '@volttron/vip'
import { type Agent, MethodNotFound } from '../src/index.ts'
import { ScriptedRouter } from './scripted-router.ts'
import { settle, testAgent } from './test-agent.ts'

let router: ScriptedRouter
let agent: Agent
/** Every message of the agent, as text: recipient, signature, user, id, subsystem, arguments. */
let sent: string[][]
let routingIds: string[]

beforeEach(async () => {
  router = new ScriptedRouter({ classic: true })
  sent = []
  routingIds = []
  const dial = router.dial
  const tapped: typeof dial = async (target, signal) => {
    routingIds.push(target.routingId)
    const connection = await dial(target, signal)
    const send = connection.send.bind(connection)
    connection.send = (frames) => {
      sent.push(frames.map((frame) => Buffer.from(frame).toString('latin1')))
      send(frames)
    }
    return connection
  }
  Object.assign(router, { dial: tapped })
  agent = testAgent(router, 'sdk.agent').agent
  agent.vip.rpc.export('fail', () => {
    throw new RangeError('too hot')
  })
  agent.vip.rpc.export('echo', (...args: unknown[]) => args)
  await agent.start()
})
afterEach(() => agent.stop())

const messages = (subsystem: string, operation?: string) =>
  sent.filter((frames) => frames[4] === subsystem && (operation === undefined || frames[5] === operation))

/** A message from somebody on the bus, as a Python router hands it over. */
async function receive(subsystem: string, args: readonly (string | Uint8Array)[], id: string | Buffer = 'x.1') {
  const frames = ['neighbour', 'VIP1', 'neighbour', id, subsystem, ...args]
  router.peer('sdk.agent').send(frames.map((frame) => Buffer.from(frame)))
  await settle()
}

/** The JSON-RPC reply to a request. */
async function reply(request: string, id: string | Buffer = 'x.1') {
  const before = messages('RPC').length
  await receive('RPC', [request], id)
  const [frames] = messages('RPC')
    .slice(before)
    .filter(([peer]) => peer === 'neighbour')
  return frames && { frames, json: JSON.parse(frames[5]!) }
}

describe('an agent on the wire of a Python platform', () => {
  it('has its identity as routing id, and says hello with an id that is no JSON', () => {
    expect(routingIds).toEqual(['sdk.agent'])
    const [hello] = messages('hello')
    expect(hello!.slice(0, 3)).toEqual(['', 'VIP1', ''])
    expect(looksLikeJson(hello![3]!)).toBe(false)
    expect(hello![5]).toBe('hello')
  })

  it('names itself as user of what it publishes and subscribes', async () => {
    await agent.vip.pubsub.subscribe({ prefix: 'p', callback: () => {} })
    await agent.vip.pubsub.publish({ topic: 'p/1', message: 1 })
    const all = messages('pubsub')
    expect(all.map((frames) => frames[5])).toEqual(['synchronize', 'subscribe', 'publish'])
    expect(all.map((frames) => frames.slice(0, 3))).toEqual(all.map(() => ['', 'VIP1', 'sdk.agent']))
  })

  it('never sends an id that a Python peer would take for something else', async () => {
    await agent.vip.pubsub.publish({ topic: 't' })
    await agent.vip.ping.ping()
    await agent.vip.rpc.call('sdk.agent', 'echo')
    const ids = sent.map((frames) => frames[3]!).filter((id) => id !== '')
    expect(ids.length).toBeGreaterThan(5)
    expect(ids.filter(looksLikeJson)).toEqual([])
  })

  it('answers hello and ping of peers', async () => {
    await receive('hello', ['hello'], 'h.1')
    await receive('ping', ['ping', 'more'], 'p.1')
    expect(messages('hello').at(-1)).toEqual([
      'neighbour',
      'VIP1',
      '',
      'h.1',
      'hello',
      'welcome',
      '1.0',
      'sdk.agent',
      'neighbour',
    ])
    expect(messages('ping').at(-1)).toEqual(['neighbour', 'VIP1', '', 'p.1', 'ping', 'pong', 'more'])
  })

  it('exports the methods of every Python agent', async () => {
    const { methods } = await agent.vip.rpc.call<{ methods: string[] }>('sdk.agent', 'inspect')
    expect(methods).toEqual(
      expect.arrayContaining([
        'agent.version',
        'rpc.add_protected_rpcs',
        'heartbeat.start',
        'heartbeat.start_with_period',
        'heartbeat.stop',
        'heartbeat.restart',
        'heartbeat.set_period',
        'health.set_status',
        'health.get_status',
        'health.get_status_json',
        'health.send_alert',
        'config.update',
        'config.initial_update',
        'auth.update',
      ]),
    )
    expect(await agent.vip.rpc.call('sdk.agent', 'health.set_status.inspect')).toEqual({
      params: {
        status: { kind: 'POSITIONAL_OR_KEYWORD' },
        context: { kind: 'POSITIONAL_OR_KEYWORD', default: null },
      },
      doc: 'Says how the agent is.',
    })
  })

  it.each<[string, Buffer, number]>([
    ['JSON text', Buffer.from('3'), 3],
    ['one byte', Buffer.from([1]), 1],
    ['four bytes', Buffer.from([3, 0, 0, 0]), 3],
    ['eight bytes', Buffer.from(new Float64Array([3]).buffer), 3],
  ])('reads a result that is %s', async (_form, answer, count) => {
    router.publishAnswer = answer
    expect(await agent.vip.pubsub.publish({ topic: 't' })).toBe(count)
  })

  it('reads NaN and Infinity, and writes ASCII', async () => {
    await agent.vip.rpc.call('sdk.agent', 'echo', 'Grüße', Number.NaN)
    const request = messages('RPC').find((frames) => frames[5]!.includes('Gr'))!
    expect(request[5]).toMatch(/^[\x20-\x7e]*$/)
    const answer = await reply(
      '{"jsonrpc": "2.0", "method": "echo", "params": [NaN, -Infinity, "\\u00fc"], "id": "1.5"}',
    )
    expect(answer!.frames[5]).toMatch(/^[\x20-\x7e]*$/)
    expect(answer!.json.result[2]).toBe('ü')
    expect(parseJson('NaN')).toBeNaN()
  })

  it('answers a failed call as Python agents do, under the id that came', async () => {
    const id = Buffer.from('1727127367.8728026698659')
    const { frames, json } = (await reply('{"jsonrpc": "2.0", "method": "fail", "id": "1727127367.87"}', id))!
    expect(frames.slice(0, 5)).toEqual(['neighbour', 'VIP1', '', id.toString(), 'RPC'])
    expect(json).toEqual({
      jsonrpc: '2.0',
      id: '1727127367.87',
      error: {
        code: -32000,
        message: 'unhandled exception',
        data: {
          detail: 'too hot',
          'exception.py': { exc_type: 'RangeError', exc_args: ['too hot'], exc_tb: '' },
        },
      },
    })
    await expect(agent.vip.rpc.call('sdk.agent', 'nothing')).rejects.toThrow(MethodNotFound)
  })

  it('takes arguments by position, by name, and both, and a batch in one frame', async () => {
    const params = '{"*args": [1], "**kwargs": {"b": 2}}'
    expect((await reply(`{"jsonrpc": "2.0", "method": "echo", "params": ${params}, "id": "a"}`))!.json.result).toEqual([
      1,
      { b: 2 },
    ])
    const batch = '[{"jsonrpc":"2.0","method":"echo","id":"a"},{"jsonrpc":"2.0","method":"echo"}]'
    expect((await reply(batch))!.json).toEqual([{ jsonrpc: '2.0', id: 'a', result: [] }])
    expect(await reply('{"jsonrpc": "2.0", "method": "echo"}')).toBeUndefined()
  })

  it('tells its subscriptions again after a reconnect, on the bus a Python router delivers from', async () => {
    const { agent: other, clock } = testAgent(router, 'other')
    await other.vip.pubsub.subscribe({ prefix: 'p', callback: () => {} })
    await other.vip.pubsub.subscribe({ prefix: 'q', callback: () => {}, allPlatforms: true })
    await other.start()
    sent.length = 0
    router.cut('other')
    await settle()
    clock.advance(1_000)
    await settle()
    const [synchronize] = messages('pubsub', 'synchronize')
    expect(synchronize![6]).toBe('connected')
    expect(JSON.parse(synchronize![7]!)).toEqual({
      subscriptions: { internal: { pubsub: ['p'] }, all: { pubsub: ['q'] } },
    })
    await other.stop()
  })

  it('says good-bye when it stops', async () => {
    await agent.stop()
    expect(messages('agentstop')).toEqual([['', 'VIP1', '', '', 'agentstop', 'sdk.agent']])
  })
})
