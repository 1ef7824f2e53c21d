/** Calls from agents of one platform to those of another: two real platforms, agents of the SDK and classic ones. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Agent, MethodNotFound, type RpcContext } from '@volttron/agent'
import { eventually } from '@volttron/testkit'
import { ClassicPeer } from './support/classic-peer.ts'
import { type Operator, PATIENCE_MS, type Site, Stage } from './support/stage.ts'

let stage: Stage
let here: Site
let there: Site
let caller: Agent
let callee: Agent
let operators: { readonly here: Operator; readonly there: Operator }

beforeAll(async () => {
  stage = new Stage()
  const { url } = await stage.programs.startRegistry()
  ;[here, there] = await Promise.all([stage.federated('here', url), stage.federated('there', url)])
  operators = { here: await stage.operator(here.home), there: await stage.operator(there.home) }
  caller = await stage.agent(here.home, 'caller')
  callee = await stage.agent(there.home, 'callee')
  for (const agent of [caller, callee]) exportMethods(agent)
  await Promise.all([operators.here.connected('there'), operators.there.connected('here')])
  await allow(there, 'here/caller', '/callee\\..*/', 'nobody.add', 'classic.add')
  await allow(here, 'there/callee', 'caller.whoami')
  await allowed(() => caller.vip.rpc.call('there/callee', 'add', 1, 1))
  await allowed(() => callee.vip.rpc.call('here/caller', 'whoami'))
}, 120_000)
afterAll(() => stage.cleanUp())

function exportMethods(agent: Agent): void {
  agent.vip.rpc.export('add', (a: number, b: number) => a + b, { params: ['a', 'b'] })
  agent.vip.rpc.export('whoami', ({ peer }: RpcContext) => `${peer} calls ${agent.identity}`, { withCaller: true })
  agent.vip.rpc.export('echo', (value: unknown) => value)
  agent.vip.rpc.export('later', async (value: number) => {
    // Answers do not come in the order of the calls.
    for (let turn = 0; turn < (value * 7) % 13; turn++) await new Promise((resolve) => setImmediate(resolve))
    return value
  })
  agent.vip.rpc.export('fail', () => {
    throw new RangeError('too hot')
  })
  agent.vip.rpc.export('never', () => new Promise(() => {}))
}

const allow = ({ home }: Site, who: string, ...resources: string[]) =>
  stage.vctl(home, 'authz', 'add', 'agent', who, '--rpc-capabilities', resources.join(','))

/** The rule is in force. */
const allowed = (call: () => Promise<unknown>) =>
  eventually(
    () =>
      call().then(
        () => true,
        () => false,
      ),
    { timeoutMs: PATIENCE_MS },
  )

const logOf = (name: string): string => readFileSync(join(stage.programs.folder, `${name}.log`), 'utf8')

const countersOf = async (operator: Operator) => {
  const info = (await operator.control('platform_info')) as { counters: { router: Record<string, number> } }
  return info.counters.router
}

describe('a call to an agent of another platform', () => {
  it('works in both directions and by either name, and the callee knows who calls', async () => {
    const { rpc } = caller.vip
    expect(await rpc.call('there/callee', 'add', 1, 2)).toBe(3)
    expect(await rpc.callWith('callee', 'add', { platform: 'there', kwargs: { b: 4, a: 3 } })).toBe(7)
    expect(await rpc.callWith('callee', 'whoami', { platform: 'there' })).toBe('here/caller calls callee')
    expect(await callee.vip.rpc.call('here/caller', 'whoami')).toBe('there/callee calls caller')
    expect(await rpc.callWith('caller', 'whoami', { platform: 'here' })).toBe('caller calls caller')
  })

  it('carries what a local call carries', async () => {
    const value = { text: 'Grüße, 世界 \u0000', big: 'x'.repeat(1_000_000), nested: [[[null, true, -1.5e-7]]] }
    expect(await caller.vip.rpc.call('there/callee', 'echo', value)).toEqual(value)
    const tooLarge = caller.vip.rpc.call('there/callee', 'echo', 'x'.repeat(17_000_000))
    await expect(tooLarge).rejects.toMatchObject({ code: 'usage' })
    expect(await caller.vip.rpc.call('there/callee', 'add', 1, 2)).toBe(3)
  })

  it('a thousand at once are each answered right, from two callers', async () => {
    const second = await stage.agent(here.home, 'second')
    await allow(there, 'here/second', 'callee.later')
    await allowed(() => second.vip.rpc.call('there/callee', 'later', 0))
    const numbers = Array.from({ length: 500 }, (_, index) => index)
    const answers = await Promise.all(
      [caller, second].map((agent, which) =>
        Promise.all(numbers.map((number) => agent.vip.rpc.call('there/callee', 'later', number + which * 1_000))),
      ),
    )
    expect(answers).toEqual([numbers, numbers.map((number) => number + 1_000)])
  })

  it('fails as a local call does, and says why in one line', async () => {
    const { rpc } = caller.vip
    const fails = (peer: string, method: string, expected: object | (new (...args: never[]) => Error)) =>
      typeof expected === 'function'
        ? expect(rpc.call(peer, method)).rejects.toThrow(expected as never)
        : expect(rpc.callWith(peer, method, { timeoutMs: 3_000 })).rejects.toMatchObject(expected)
    await fails('there/callee', 'fail', { message: 'there/callee: fail failed: RangeError: too hot', code: -32000 })
    await fails('there/callee', 'nothing', MethodNotFound as never)
    await fails('there/nobody', 'add', { message: "cannot call add: 'there/nobody' is not connected" })
    await fails('there/callee', 'never', { code: 'timeout' })
    await fails('nowhere/callee', 'add', {
      code: 'unavailable',
      message: "cannot call add of 'nowhere/callee': no platform named nowhere is known",
    })
  })

  it('fails at once when the callee leaves', async () => {
    const leaver = await stage.agent(there.home, 'leaver')
    exportMethods(leaver)
    await allow(there, 'here/caller', 'leaver.never', 'leaver.add')
    await allowed(() => caller.vip.rpc.call('there/leaver', 'add', 1, 1))
    const failed = expect(caller.vip.rpc.call('there/leaver', 'never')).rejects.toMatchObject({
      code: 'unavailable',
      message: "cannot call never of 'there/leaver': leaver disconnected before it answered",
    })
    await caller.vip.rpc.call('there/leaver', 'add', 1, 1)
    await leaver.stop()
    await failed
  })
})

describe('a call without a rule', () => {
  it('is denied, the answer names what is missing, and the caller lives on', async () => {
    const stranger = await stage.agent(here.home, 'stranger')
    const before = (await countersOf(operators.there)).deniedRemoteCall!
    const calls = Array.from({ length: 20 }, () => stranger.vip.rpc.call('there/callee', 'add', 1, 2))
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({
        code: -32001,
        message: expect.stringContaining('vctl authz add agent here/stranger --rpc-capabilities callee.add'),
      })
    }
    expect((await countersOf(operators.there)).deniedRemoteCall).toBe(before + 20)
    const lines = logOf('there')
      .split('\n')
      .filter((line) => /remote-call-denied/.test(line) && /here\/stranger/.test(line))
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.length).toBeLessThan(20)
    await allow(there, 'here/stranger', 'callee.add')
    await allowed(() => stranger.vip.rpc.call('there/callee', 'add', 1, 2))
  })

  it("never reaches the platform's own agents, whatever else is granted", async () => {
    const admin = await stage.agent(here.home, 'admin')
    await allow(there, 'here/admin', '/.*/')
    await allow(there, 'here/*', 'platform.control.platform_info')
    await allowed(() => admin.vip.rpc.call('there/callee', 'add', 1, 2))
    for (const [peer, method] of [
      ['platform.control', 'platform_info'],
      ['platform.control', 'stop_platform'],
      ['platform.federation', 'status'],
      ['control.connection', 'inspect'],
    ] as const)
      await expect(admin.vip.rpc.callWith(peer, method, { platform: 'there' })).rejects.toMatchObject({ code: -32001 })
    await allow(there, 'here/admin', 'platform.control.platform_info')
    await allowed(() => admin.vip.rpc.call('there/platform.control', 'platform_info'))
  })
})

describe('a classic agent', () => {
  const request = (id: string, method: string, ...params: unknown[]) =>
    JSON.stringify({ jsonrpc: '2.0', method, params, id })
  const envelope = (peer: string, platform: string, text: string) =>
    JSON.stringify({ to_platform: platform, to_peer: peer, from_platform: '', from_peer: '', args: [text] })

  it('calls by external_rpc as Python agents do, and hears every error as JSON-RPC', async () => {
    const classic = await ClassicPeer.connect(stage, here.home, 'classic.caller')
    await allow(there, 'here/classic.caller', 'callee.whoami', 'nobody.add')
    const ask = async (peer: string, platform: string, method: string) => {
      const answer = await classic.ask('', 'external_rpc', [
        'send_platform',
        envelope(peer, platform, request('17.5', method)),
      ])
      expect([answer.peer, answer.subsystem, answer.args[0]]).toEqual(['', 'external_rpc', 'send_peer'])
      const { args, ...route } = JSON.parse(answer.args[1]!) as { args: string[] }
      expect(route).toEqual({
        to_platform: 'here',
        to_peer: 'classic.caller',
        from_platform: platform,
        from_peer: peer,
      })
      return JSON.parse(args[0]!) as { id: string; result?: unknown; error?: { code: number; message: string } }
    }
    await eventually(async () => (await ask('callee', 'there', 'whoami')).error === undefined, {
      timeoutMs: PATIENCE_MS,
    })
    expect(await ask('callee', 'there', 'whoami')).toMatchObject({
      id: '17.5',
      result: 'here/classic.caller calls callee',
    })
    expect(await ask('callee', 'there', 'fail')).toMatchObject({ id: '17.5', error: { code: -32001 } })
    expect(await ask('nobody', 'there', 'add')).toMatchObject({ id: '17.5', error: { code: -32006 } })
    expect(await ask('callee', 'nowhere', 'add')).toMatchObject({
      id: '17.5',
      error: { code: -32005, message: 'nowhere/callee: no platform named nowhere is known' },
    })
    expect(classic.closed).toBeUndefined()
  })

  it('is called by plain RPC frames, and answers as it always does', async () => {
    const classic = await ClassicPeer.connect(stage, there.home, 'classic')
    const sum = caller.vip.rpc.call('there/classic', 'add', 20, 22)
    const call = await eventually(() => classic.received.find(({ subsystem }) => subsystem === 'RPC'))
    expect([call.peer, call.user]).toEqual(['here/caller', 'here/caller'])
    const { id, method, params } = JSON.parse(call.args[0]!) as { id: string; method: string; params: number[] }
    expect([method, params]).toEqual(['add', [20, 22]])
    classic.send(call.peer, 'RPC', [JSON.stringify({ jsonrpc: '2.0', id, result: 42 })], call.id)
    expect(await sum).toBe(42)
    // A second answer is nobody's.
    const before = (await countersOf(operators.there)).lateRemoteAnswer!
    classic.send(call.peer, 'RPC', [JSON.stringify({ jsonrpc: '2.0', id, result: 43 })], call.id)
    await eventually(async () => (await countersOf(operators.there)).lateRemoteAnswer === before + 1)
  })
})

describe('when the other platform is killed', () => {
  it('every call that waits fails at once; calls work again when it is back', async () => {
    const calls = Array.from({ length: 100 }, () => caller.vip.rpc.call('there/callee', 'never'))
    const settled = Promise.allSettled(calls)
    await caller.vip.rpc.call('there/callee', 'add', 1, 2)
    there.child.kill('SIGKILL')
    const reasons = (await settled).map((outcome) => outcome.status === 'rejected' && (outcome.reason as Error).message)
    expect(new Set(reasons)).toEqual(
      new Set([
        "cannot call never of 'there/callee': the connection to the platform there was lost before the answer came; " +
          'the call may have been carried out',
      ]),
    )
    await expect(caller.vip.rpc.call('there/callee', 'add', 1, 2)).rejects.toMatchObject({
      message: "cannot call add of 'there/callee': the platform there is not connected",
    })
    await there.ended
    const registry = JSON.parse(readFileSync(join(there.home, 'federation_config.json'), 'utf8')) as {
      registry_url: string
    }
    there = await stage.federated('there', registry.registry_url)
    await allowed(() => caller.vip.rpc.call('there/callee', 'add', 1, 2))
  })
})
