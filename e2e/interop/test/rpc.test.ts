/** Calls between Python agents, and between them and agents of the SDK, both ways. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Agent, MethodNotFound, RemoteError } from '@volttron/agent'
import { ANY_PORT, Stage } from '../../test/support/stage.ts'
import type { PythonAgent } from '../support/python-agent.ts'
import { type PythonError, PythonProcess } from '../support/python-process.ts'

const stage = new Stage()
let caller: PythonAgent
let callee: PythonAgent
let ours: Agent

beforeAll(async () => {
  const { home } = await stage.programs.startPlatform('here', ANY_PORT)
  await stage.addKeys(home, 'py.caller', 'py.callee')
  ;[caller, callee, ours] = await Promise.all([
    PythonProcess.start(stage, home).agent('py.caller'),
    PythonProcess.start(stage, home).agent('py.callee'),
    stage.agent(home, 'ts.agent'),
  ])
  ours.vip.rpc.export('echo', (...args: unknown[]) => args)
  ours.vip.rpc.export('add', (first: number, second: number) => first + second, {
    params: ['first', { name: 'second', default: 2 }],
  })
  ours.vip.rpc.export('who_calls', ({ peer }) => peer, { withCaller: true })
  ours.vip.rpc.export('fail', () => {
    throw new TypeError('no such set point')
  })
})

afterAll(() => stage.cleanUp())

const failure = (call: Promise<unknown>): Promise<PythonError> =>
  call.then(
    (result) => {
      throw new Error(`succeeded with ${JSON.stringify(result)}`)
    },
    (error) => error,
  )

describe.each(['py.callee', 'ts.agent'])('a Python agent that calls %s', (peer) => {
  it('gets the result of a call', async () => {
    expect(await caller.call(peer, 'add', 40)).toBe(42)
    expect(await caller.call(peer, 'add', 40, 3)).toBe(43)
  })

  it('may name arguments, and mix them with others', async () => {
    expect(await caller.vip('rpc.call', [peer, 'add'], { second: 3, first: 1 })).toBe(4)
    expect(await caller.vip('rpc.call', [peer, 'add', 1], { second: 4 })).toBe(5)
  })

  it.each([
    ['Unicode', 'Grüße \u{1f321}'],
    ['null', null],
    ['nested values', { a: [1, { b: null }], c: 'd' }],
    ['a megabyte', 'x'.repeat(1_000_000)],
  ])('gets what it gave: %s', async (_name, value) => {
    expect(JSON.stringify(await caller.call(peer, 'echo', value))).toContain(JSON.stringify(value))
  })

  it('gets MethodNotFound for a method that is not there', async () => {
    const error = await failure(caller.call(peer, 'no_such_method'))
    expect(error).toMatchObject({ type: 'MethodNotFound', code: -32601 })
    expect(error.message).toContain('no_such_method')
  })

  it('asks what there is to be called', async () => {
    const { methods } = (await caller.call(peer, 'inspect')) as { methods: string[] }
    expect(methods).toEqual(expect.arrayContaining(['add', 'echo', 'who_calls', 'health.get_status']))
    const { params } = (await caller.call(peer, 'add.inspect')) as { params: object }
    expect(Object.keys(params)).toEqual(['first', 'second'])
  })

  it('sends several calls at once', async () => {
    const results = await caller.batch(peer, [
      [false, 'add', [1], {}],
      [true, 'add', [1], {}],
      [false, 'add', [], { first: 1, second: 1 }],
      [false, 'no_such_method', [], {}],
    ])
    expect(results).toEqual([3, 2, { error: expect.objectContaining({ type: 'MethodNotFound' }) }])
  })
})

describe('a Python agent that calls', () => {
  it('is known to the callee by its identity', async () => {
    expect(await caller.call('py.callee', 'who_calls')).toEqual(['py.caller', 'py.caller'])
    expect(await caller.call('ts.agent', 'who_calls')).toBe('py.caller')
  })

  it('gets RemoteError with the kind, the text and the trace of what a Python method raised', async () => {
    const error = await failure(caller.vip('rpc.call', ['py.callee', 'divide'], { by: 0 }))
    expect(error.type).toBe('RemoteError')
    expect(error.message).toContain('division by zero')
    expect(error.excInfo).toMatchObject({ exc_type: expect.stringContaining('ZeroDivisionError') })
    expect(error.excInfo.exc_tb).toContain('return 1 / by')
  })

  it('gets RemoteError with the kind and the text of what a method of the SDK threw', async () => {
    const error = await failure(caller.call('ts.agent', 'fail'))
    expect(error.type).toBe('RemoteError')
    expect(error.message).toContain('no such set point')
    expect(error.excInfo).toMatchObject({ exc_type: 'TypeError', exc_args: "['no such set point']" })
  })

  it('gets RemoteError for wrong arguments', async () => {
    const error = await failure(caller.vip('rpc.call', ['py.callee', 'add', 1, 2, 3, 4]))
    expect(error).toMatchObject({ type: 'RemoteError' })
    expect(error.message).toContain('positional arguments')
  })

  it('learns at once that a peer is not there', async () => {
    const error = await failure(caller.call('nobody', 'add', 1))
    expect(error.type).toBe('Unreachable')
  })

  it('notifies without waiting', async () => {
    await caller.vip('rpc.notify', ['py.callee', 'note', 'by the way'])
    expect(await callee.heard('noted')).toMatchObject({ text: 'by the way' })
  })

  it('calls one that calls on', async () => {
    expect(await caller.call('py.callee', 'call_on', 'ts.agent', 'add', 5)).toBe(7)
    expect(await caller.call('py.callee', 'call_on', 'py.caller', 'add', 5)).toBe(7)
  })

  it('pings the platform', async () => {
    expect(await caller.vip('ping.ping', ['ts.agent'])).toBeTruthy()
  })
})

describe('an agent of the SDK that calls a Python agent', () => {
  it('gets the result of a call', async () => {
    expect(await ours.vip.rpc.call('py.callee', 'add', 40)).toBe(42)
    const kwargs = { second: 1 }
    expect(await ours.vip.rpc.callWith('py.callee', 'add', { args: [1], kwargs })).toBe(2)
    expect(await ours.vip.rpc.callWith('py.callee', 'echo', { args: ['ü'], kwargs })).toEqual([['ü'], kwargs])
  })

  it('is known to it by its identity', async () => {
    expect(await ours.vip.rpc.call('py.callee', 'who_calls')).toEqual(['ts.agent', 'ts.agent'])
  })

  it('gets what it raised', async () => {
    const error = await ours.vip.rpc.call('py.callee', 'divide', 0).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(RemoteError)
    expect((error as RemoteError).message).toContain('division by zero')
  })

  it('gets MethodNotFound', async () => {
    await expect(ours.vip.rpc.call('py.callee', 'no_such_method')).rejects.toBeInstanceOf(MethodNotFound)
  })

  it('notifies it', async () => {
    ours.vip.rpc.notify('py.callee', 'note', 'from the SDK')
    expect(await callee.heard('noted', ({ text }) => text === 'from the SDK')).toBeDefined()
  })
})
