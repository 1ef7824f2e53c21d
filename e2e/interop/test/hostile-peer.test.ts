/** Whatever an agent with a good key sends another one or publishes: a real Python agent that gets it lives on. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ClassicPeer } from '../../test/support/classic-peer.ts'
import { ANY_PORT, type Site, Stage } from '../../test/support/stage.ts'
import type { PythonAgent } from '../support/python-agent.ts'
import { PythonProcess } from '../support/python-process.ts'

const stage = new Stage()
let site: Site
let victim: PythonAgent
let friend: PythonAgent
let hostile: ClassicPeer

beforeAll(async () => {
  site = await stage.programs.startPlatform('here', ANY_PORT)
  await stage.addKeys(site.home, 'py.victim', 'py.friend')
  victim = await PythonProcess.start(stage, site.home).agent('py.victim')
  friend = await PythonProcess.start(stage, site.home).agent('py.friend')
  await victim.subscribe('')
  hostile = await ClassicPeer.connect(stage, site.home, 'hostile')
})
afterAll(() => stage.cleanUp())

const deep = (levels: number, inner = '') => `${'['.repeat(levels)}${inner}${']'.repeat(levels)}`
const deepObject = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
const digits = (count: number) => '9'.repeat(count)

/** Frames that read as something else than the text they are, or as nothing. */
const ODD = [
  ...['', ' ', '-1', '0', '123', '4294967296', '1.5', '-0', '1e999', 'true', 'null', 'NaN', '-Infinity'],
  ...['"x"', '"\\u20ac"', '"\\ud800"', '"', '[]', '[1]', '[null]', '{}', '{"a": 1}', '{', '[[', 'ü', '€', '\u0000'],
  ...[deep(500), deep(512), deep(513), deep(100_000), '['.repeat(1_000), '{"a":'.repeat(1_000), deepObject(500)],
  ...[digits(512), digits(4_300), digits(4_301), digits(100_000), `-${digits(5_000)}`, `1.${digits(5_000)}`],
  ...[`[${digits(5_000)}]`, `"${deep(2_000).replaceAll('"', '')}"`, `\t${deep(2_000)}`, 'x'.repeat(1_000_000)],
]
const request = (members: string) => `{"jsonrpc": "2.0", ${members}}`
/** What is nearly JSON-RPC. */
const CALLS = [
  ...ODD.map((odd) => request(`"method": "echo", "params": [${odd}], "id": "1"`)),
  ...ODD.map((odd) => request(`"method": "echo", "params": ["x"], "id": ${odd}`)),
  ...ODD.map((odd) => request(`"method": ${odd}, "id": "1"`)),
  ...ODD.map((odd) => request(`"method": "echo", "params": ${odd}, "id": "1"`)),
  ...ODD.map((odd) => request(`"result": ${odd}, "id": "1"`)),
  ...ODD.map((odd) => request(`"result": 1, "id": ${odd}`)),
  ...ODD.map((odd) => request(`"error": ${odd}, "id": "1"`)),
  ...ODD.map((odd) => request(`"error": {"code": ${odd}, "message": 1, "data": ${odd}}, "id": "1"`)),
  ...ODD.map((odd) => `[${odd}, ${request('"method": "echo", "id": "1"')}]`),
  request('"method": "echo", "params": {"*args": 5, "**kwargs": 6}, "id": "1"'),
  request('"method": "echo.inspect", "params": [1, 2, 3], "id": "1"'),
  '{"jsonrpc": 2.0, "method": "echo"}',
  `{"jsonrpc": ${deep(400)}, "method": "echo"}`,
]

/** The victim answers and hears, and all that was sent has been dealt with. */
async function expectLife(): Promise<void> {
  await hostile.ask('', 'ping', ['ping'])
  expect(await friend.call('py.victim', 'add', 20, 22)).toBe(42)
  const topic = `alive/${hostile.nextId()}`
  await friend.vip('pubsub.publish', ['pubsub', topic, {}, 1])
  await victim.heard('message', (message) => message.topic === topic)
}

describe('a Python agent lives on', () => {
  it('whatever message id and arguments another agent makes up for a call', async () => {
    for (const odd of ODD) {
      hostile.send('py.victim', 'RPC', [request('"method": "echo", "params": [1], "id": "1"')], odd)
      hostile.send('py.victim', 'RPC', [odd], 'x')
      hostile.send('py.victim', 'RPC', [odd, odd], odd)
      hostile.send('py.victim', 'RPC', [], odd)
    }
    await expectLife()
    for (const call of CALLS) hostile.send('py.victim', 'RPC', [call])
    await expectLife()
  })

  it('whatever a ping holds', async () => {
    for (const odd of ODD)
      for (const operation of ['ping', 'pong', odd]) {
        hostile.send('py.victim', 'ping', [operation, odd], 'x')
        hostile.send('py.victim', 'ping', [operation, 'x'], odd)
        hostile.send('py.victim', 'ping', [operation], odd)
      }
    hostile.send('py.victim', 'ping', [])
    await expectLife()
  })

  it('whatever is published', async () => {
    for (const odd of ODD) {
      const good = '{"bus": "", "headers": {}, "message": 1}'
      hostile.send('', 'pubsub', ['publish', `odd${odd}`.slice(0, 900), good], odd)
      hostile.send('', 'pubsub', ['publish', odd, good])
      hostile.send('', 'pubsub', ['publish', odd.slice(0, 1_000), good])
      for (const member of ['bus', 'headers', 'message']) {
        const body = { bus: '""', headers: '{}', message: '1', [member]: odd }
        const text = `{"bus": ${body.bus}, "headers": ${body.headers}, "message": ${body.message}}`
        hostile.send('', 'pubsub', ['publish', 'odd', text])
      }
      // What the test itself could not read.
      if (!/NaN|Infinity|1e999/.test(odd))
        hostile.send('', 'pubsub', ['publish', 'odd', `{"bus": "", "headers": {"h": ${odd}}, "message": 1}`])
    }
    await expectLife()
  })

  it('whatever else is addressed to it', async () => {
    for (const subsystem of [
      'hello',
      'peerlist',
      'pubsub',
      'error',
      'external_rpc',
      'query',
      'quit',
      'bogus',
      '',
      '-1',
    ])
      for (const odd of ODD.slice(0, 30)) {
        hostile.send('py.victim', subsystem, [odd, odd, odd, odd])
        hostile.send('py.victim', subsystem, ['welcome', '1.0', odd, odd], odd)
      }
    const call = { to_platform: 'here', to_peer: 'py.victim', from_platform: '', from_peer: '' }
    for (const odd of [...ODD, ...CALLS])
      hostile.send('', 'external_rpc', ['send_platform', JSON.stringify({ ...call, args: [odd] })], odd)
    await expectLife()
  })
})
