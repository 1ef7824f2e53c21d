/** Agents of the SDK on a platform of Python VOLTTRON, beside agents of its own. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Agent, type ConfigAction, RpcErrorCode } from '@volttron/agent'
import { eventually } from '@volttron/testkit'
import { credential, PATIENCE_MS, Stage } from '../../test/support/stage.ts'
import type { PythonAgent } from '../support/python-agent.ts'
import { PythonPlatform } from '../support/python-platform.ts'
import { PythonProcess } from '../support/python-process.ts'

const OURS = ['configured', 'callee', 'caller', 'meter', 'display']
const stage = new Stage()
let theirs: PythonPlatform
let python: PythonAgent

beforeAll(async () => {
  const registry = { url: (await stage.programs.startRegistry()).url, password: 'none' }
  theirs = await PythonPlatform.start(stage, 'theirs', { registry, agents: ['py.agent', ...OURS] })
  await grantStores('configured', 'py.agent')
  python = await PythonProcess.start(stage, theirs.home).agent('py.agent')
})
afterAll(() => stage.cleanUp())

/** An agent of ours that has its key from the Python platform. */
function newAgent(identity: string, options: Partial<ConstructorParameters<typeof Agent>[0]> = {}): Agent {
  const { secretkey } = credential(theirs.home, identity)
  const { publickey } = credential(theirs.home, 'platform')
  const agent = new Agent({ identity, address: theirs.address, serverKey: publickey, secretKey: secretkey, ...options })
  stage.defer(() => agent.stop())
  return agent
}

/** What an installation gives an agent: a place in the rules, and the right to change its own configurations. */
async function grantStores(...identities: string[]): Promise<void> {
  const operator = newAgent('control.connection')
  await operator.start({ timeoutMs: PATIENCE_MS })
  for (const identity of identities) {
    const capabilities = ['initialize_configs', 'set_config', 'delete_config'].map((method) => {
      return { resource: `platform.config_store.${method}`, param_restrictions: { identity } }
    })
    await operator.vip.rpc.callWith('platform.auth', 'create_or_merge_agent_authz', {
      kwargs: { identity, rpc_capabilities: { rpc_capabilities: capabilities } },
    })
  }
  await operator.stop()
}

describe('an agent of the SDK on a Python platform', () => {
  it('is configured by its store', async () => {
    const told: [string, ConfigAction, unknown][] = []
    const errors: string[] = []
    const agent = newAgent('configured')
    agent.on('error', (error) => errors.push(error.message))
    const { config } = agent.vip
    config.setDefault('config', { from: 'default', link: 'config://points' })
    await config.subscribe({ callback: (...change) => told.push(change) })
    await agent.start({ timeoutMs: PATIENCE_MS })
    expect(told.splice(0)).toEqual([['config', 'NEW', { from: 'default', link: null }]])
    await config.set('points', [{ name: 'Grüße' }], { triggerCallback: true })
    await eventually(() => told.length >= 2)
    expect(told.splice(0)).toEqual([
      ['config', 'UPDATE', { from: 'default', link: [{ name: 'Grüße' }] }],
      ['points', 'NEW', [{ name: 'Grüße' }]],
    ])
    expect(await config.list()).toEqual(['config', 'points'])
    await config.set('config', { from: 'store' })
    expect(await config.get()).toEqual({ from: 'store' })
    await config.delete('points', { triggerCallback: true })
    await eventually(() => told.length >= 1)
    expect(told).toEqual([['points', 'DELETE', undefined]])
    await expect(config.delete('points')).rejects.toThrow(/points/)
    expect(errors).toEqual([])
    await agent.stop()
    // Another life finds what was stored.
    const again = newAgent('configured')
    await again.start({ timeoutMs: PATIENCE_MS })
    expect(await again.vip.config.get()).toEqual({ from: 'store' })
    await again.stop()
  })

  it('is called by Python agents, under the names and with the errors they know', async () => {
    const agent = newAgent('callee', { version: '1.2.3' })
    agent.vip.rpc.export('add', (one: number, other: number) => one + other, { params: ['one', 'other'] })
    agent.vip.rpc.export('fail', () => {
      throw new RangeError('too hot')
    })
    agent.vip.rpc.export('guarded', () => 'open', { protected: true })
    await agent.start({ timeoutMs: PATIENCE_MS })
    expect(await python.call('callee', 'add', 1, 2)).toBe(3)
    expect(await python.call('callee', 'agent.version')).toBe('1.2.3')
    expect(await python.call('callee', 'health.get_status')).toMatchObject({ status: 'GOOD', context: null })
    expect(await python.call('callee', 'health.set_status', 'BAD', { why: 'x' })).toBeNull()
    expect(agent.vip.health.status).toMatchObject({ value: 'BAD', context: { why: 'x' } })
    expect(await python.call('callee', 'inspect')).toMatchObject({ methods: expect.arrayContaining(['add']) })
    await expect(python.call('callee', 'fail')).rejects.toThrow(/too hot/)
    await expect(python.call('callee', 'guarded')).rejects.toMatchObject({ code: RpcErrorCode.unauthorized })
    expect(await python.call('callee', 'add', 1, 2)).toBe(3)
    await agent.stop()
  })

  it('calls Python agents, one or many at a time', async () => {
    const agent = newAgent('caller')
    await agent.start({ timeoutMs: PATIENCE_MS })
    const { rpc } = agent.vip
    expect(await rpc.callWith('py.agent', 'add', { args: [1], kwargs: { second: 5 } })).toBe(6)
    await expect(rpc.call('py.agent', 'divide', 0)).rejects.toMatchObject({
      code: RpcErrorCode.unhandledException,
      excType: expect.stringContaining('ZeroDivisionError'),
      excTraceback: expect.stringContaining('Traceback'),
    })
    const outcomes = await rpc.batch('py.agent', [
      { method: 'add', args: [1, 1] },
      { method: 'note', args: ['heard'], notify: true },
      { method: 'nothing' },
    ])
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: 2 },
      { status: 'fulfilled' },
      { status: 'rejected', reason: { name: 'MethodNotFound' } },
    ])
    expect(await python.heard('noted')).toMatchObject({ text: 'heard' })
    await agent.stop()
  })

  it('is heard: heartbeat, alerts, coming and going', async () => {
    await python.subscribe('heartbeat/meter')
    await python.subscribe('alerts/')
    const agent = newAgent('meter', { heartbeatPeriodMs: 60_000 })
    await agent.start({ timeoutMs: PATIENCE_MS })
    expect(await python.heard('message', ({ topic }) => topic === 'heartbeat/meter')).toMatchObject({
      message: '"GOOD"',
      headers: { TimeStamp: expect.any(String), min_compatible_version: '3.0', max_compatible_version: '' },
    })
    await agent.vip.health.sendAlert('too_hot')
    expect(await python.heard('message', ({ topic }) => topic === 'alerts/Agent/theirs_meter')).toMatchObject({
      headers: { alert_key: 'too_hot' },
    })
    const went = new Promise((resolve) => agent.vip.peerlist.once('drop', resolve))
    const display = newAgent('display')
    await display.start({ timeoutMs: PATIENCE_MS })
    expect(await agent.vip.peerlist.list()).toEqual(expect.arrayContaining(['py.agent', 'display', 'platform.auth']))
    await display.stop()
    expect(await went).toBe('display')
    await agent.stop()
  })
})
