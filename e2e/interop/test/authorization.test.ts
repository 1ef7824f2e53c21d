/** What a Python agent may not do is refused, and the agent lives on. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ANY_PORT, Stage } from '../../test/support/stage.ts'
import { type PythonAgent, Raw } from '../support/python-agent.ts'
import { PythonProcess } from '../support/python-process.ts'

const stage = new Stage()
let operator: PythonAgent
let trusted: PythonAgent
let stranger: PythonAgent
/** Exports a protected method. */
let callee: PythonAgent

beforeAll(async () => {
  const { home } = await stage.programs.startPlatform('here', ANY_PORT)
  await stage.addKeys(home, 'py.trusted', 'py.stranger', 'py.callee')
  operator = await PythonProcess.start(stage, home).agent('control.connection', { options: { enable_store: false } })
  const auth = (method: string, kwargs: object) => operator.vip('rpc.call', ['platform.auth', method], kwargs)
  await auth('create_protected_topics', { topic_name_patterns: ['secret/', '/private-[a-z]+.*/'] })
  await auth('create_or_merge_agent_authz', { identity: 'py.callee', protected_rpcs: ['add'] })
  await auth('create_or_merge_agent_authz', {
    identity: 'py.trusted',
    pubsub_capabilities: { pubsub_capabilities: [{ topic_pattern: 'secret/', topic_access: 'pubsub' }] },
    rpc_capabilities: { rpc_capabilities: [{ resource: 'py.callee.add' }] },
  })
  // Processes of their own: an agent that the library ends takes its process with it.
  const start = (identity: string) => PythonProcess.start(stage, home).agent(identity)
  ;[trusted, stranger, callee] = await Promise.all([start('py.trusted'), start('py.stranger'), start('py.callee')])
  // The library asks for its protected methods before its first call.
  await callee.call('py.trusted', 'echo')
  await trusted.subscribe('secret/')
  await stranger.subscribe('heartbeat/')
})

afterAll(() => stage.cleanUp())

const livesOn = async () => {
  expect(await stranger.call('py.trusted', 'add', 1)).toBe(3)
  expect(stranger.events.filter(({ event }) => event === 'ended')).toEqual([])
}

/** The library decides before it returns; what it returns never comes true. */
const AT_ONCE_SECONDS = 0.01

describe('a Python agent without the right', () => {
  it('does not get its message to a protected topic', async () => {
    const message = new Raw('{"message": "stolen"}')
    const publish = stranger.vip('pubsub.publish', ['pubsub', 'secret/plan'], message, AT_ONCE_SECONDS)
    await expect(publish).rejects.toMatchObject({ type: 'Timeout' })
    await trusted.publish('secret/plan', 'mine')
    await trusted.heard('message', ({ topic }) => topic === 'secret/plan')
    expect(trusted.bodies('secret/')).toEqual(['"mine"'])
    await livesOn()
  })

  it('says by its heartbeat that it is not well', async () => {
    await stranger.heard('message', ({ topic, message }) => topic === 'heartbeat/py.stranger' && message === '"BAD"')
  })

  it('does not get a message through either when it asks nobody', async () => {
    await stranger.send('pubsub', ['publish', 'secret/plan', { bus: '', headers: {}, message: 'forged' }])
    await stranger.send('pubsub', ['publish', 'private-key/a', { bus: '', headers: {}, message: 'forged' }])
    await livesOn()
    await trusted.publish('secret/end', 'end')
    await trusted.heard('message', ({ topic }) => topic === 'secret/end')
    expect(trusted.bodies('secret/')).not.toContain('"forged"')
  })

  it('does not hear a protected topic, by its own prefix or a shorter one', async () => {
    for (const prefix of ['secret/plan', 'secret/', 'sec', '']) {
      await stranger.subscribe(prefix)
      await stranger.send('pubsub', ['subscribe', { prefix, bus: '', all_platforms: false }])
    }
    await livesOn()
    await trusted.publish('secret/b', 'not for all')
    await trusted.publish('public/b', 'for all')
    await stranger.heard('message', ({ topic }) => topic === 'public/b')
    expect(stranger.bodies('secret/')).toEqual([])
  })

  it('cannot call a protected method of a Python agent', async () => {
    const call = stranger.call('py.callee', 'add', 1)
    await expect(call).rejects.toMatchObject({
      type: 'RemoteError',
      message: expect.stringContaining('py.stranger does not have access'),
    })
    await livesOn()
  })

  it.each([
    ['platform.auth', 'create_agent', { identity: 'py.stranger2' }],
    [
      'platform.auth',
      'create_or_merge_agent_authz',
      { identity: 'py.stranger', roles: { agent_roles: [{ role_name: 'admin' }] } },
    ],
    ['platform.control', 'stop_platform', {}],
    ['platform.control', 'install_agent', { options: { source: 'volttron-listener' } }],
    ['platform.config_store', 'delete_store', { identity: 'py.trusted' }],
  ])('cannot call %s.%s', async (peer, method, kwargs) => {
    await expect(stranger.vip('rpc.call', [peer, method], kwargs)).rejects.toMatchObject({
      type: expect.stringMatching(/^(Error|RemoteError)$/),
    })
    await livesOn()
  })
})

describe('a Python agent with the right', () => {
  it('publishes to and hears the protected topic', async () => {
    expect(await trusted.publish('secret/own', 1)).toBe(1)
    await trusted.heard('message', ({ topic }) => topic === 'secret/own')
  })

  it('calls the protected method', async () => {
    expect(await trusted.call('py.callee', 'add', 1)).toBe(3)
  })

  it('loses it when the rule goes, and gets it when it comes', async () => {
    await operator.vip('rpc.call', ['platform.auth', 'remove_agent_authorization', 'py.trusted'])
    await expect(trusted.call('py.callee', 'add', 1)).rejects.toMatchObject({ type: 'RemoteError' })
    await operator.vip('rpc.call', ['platform.auth', 'create_or_merge_agent_authz'], {
      identity: 'py.stranger',
      rpc_capabilities: { rpc_capabilities: [{ resource: 'py.callee.add', param_restrictions: { first: '1' } }] },
    })
    expect(await stranger.vip('rpc.call', ['py.callee', 'add'], { first: '1', second: '2' })).toBe('12')
    await expect(stranger.vip('rpc.call', ['py.callee', 'add'], { first: '2', second: '2' })).rejects.toMatchObject({
      type: 'RemoteError',
    })
  })
})
