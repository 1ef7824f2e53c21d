import { describe, expect, it } from '@jest/globals'
import { RpcErrorCode, RpcFault } from '../src/index.ts'
import { ScriptedRouter } from './scripted-router.ts'
import { scriptedService } from './scripted-service.ts'
import { settle, testAgent } from './test-agent.ts'

interface Check {
  readonly identity: string
  readonly method_name: string
  readonly method_args: unknown
}

interface StageOptions {
  readonly classic?: boolean
  readonly protectedMethods?: unknown
  readonly mayCall?: (check: Check) => boolean
}

async function stage({ classic = false, protectedMethods = ['secret'], mayCall = () => true }: StageOptions = {}) {
  const router = new ScriptedRouter({ classic })
  const checks: Check[] = []
  const asked: unknown[] = []
  const auth = await scriptedService(router, 'platform.auth', {
    get_protected_rpcs: (identity: string) => {
      asked.push(identity)
      if (protectedMethods instanceof Error) throw protectedMethods
      return protectedMethods
    },
    check_rpc_authorization: (check: Check) => {
      checks.push(check)
      if (mayCall(check)) return true
      throw new Error(`User ${check.identity} does not have access to call ${check.method_name}`)
    },
  })
  const { agent: callee, clock } = testAgent(router, 'callee')
  callee.vip.rpc.export('open', () => 'open')
  callee.vip.rpc.export('secret', (value: number) => `secret ${value}`, {
    params: ['value', { name: 'x', default: 1 }],
  })
  const { agent: caller } = testAgent(router, 'caller')
  await Promise.all([callee.start(), caller.start()])
  return { router, auth, callee, caller, clock, checks, asked }
}

describe.each([
  ['a router of ours', false],
  ['a classic router', true],
])('methods that the operator has protected, on %s', (_name, classic) => {
  it('are carried out for whoever the platform allows, and no others', async () => {
    const { caller, callee, checks, asked } = await stage({ classic, mayCall: ({ identity }) => identity === 'caller' })
    expect(await caller.vip.rpc.call('callee', 'open')).toBe('open')
    expect(await caller.vip.rpc.callWith('callee', 'secret', { kwargs: { value: 7 } })).toBe('secret 7')
    await expect(callee.vip.rpc.call('callee', 'secret', 7)).rejects.toMatchObject({
      code: RpcErrorCode.unauthorized,
      detail: "'callee' may not call secret: User callee does not have access to call callee.secret",
    })
    const check = { method_name: 'callee.secret', method_args: { value: 7, x: 1 } }
    expect(checks).toEqual([
      { identity: 'caller', ...check },
      { identity: 'callee', ...check },
    ])
    expect(asked).toEqual(['callee'])
  })

  it('are asked for anew after a reconnect, when the first call comes', async () => {
    const { router, caller, asked, clock } = await stage({ classic })
    await caller.vip.rpc.call('callee', 'open')
    router.cut('callee')
    await settle()
    clock.advance(1_000)
    await settle()
    await caller.vip.rpc.call('callee', 'open')
    await caller.vip.rpc.call('callee', 'open')
    expect(asked).toEqual(['callee', 'callee'])
  })
})

describe('methods', () => {
  it('that their author has protected need an answer of the platform', async () => {
    const { caller, callee, auth, checks } = await stage({ protectedMethods: [] })
    callee.vip.rpc.export('mine', () => 'mine', { protected: true })
    expect(await caller.vip.rpc.call('callee', 'mine')).toBe('mine')
    expect(checks.map(({ method_name }) => method_name)).toEqual(['callee.mine'])
    await auth.stop()
    await expect(caller.vip.rpc.call('callee', 'mine')).rejects.toThrow("'caller' may not call mine")
  })

  it('that are protected later are told by the platform alone', async () => {
    const { caller, auth } = await stage({ protectedMethods: [], mayCall: () => false })
    await expect(caller.vip.rpc.call('callee', 'rpc.add_protected_rpcs', ['open'])).rejects.toThrow(
      'only platform.auth may call rpc.add_protected_rpcs',
    )
    await expect(caller.vip.rpc.call('callee', 'auth.update', {})).rejects.toThrow('only platform.auth')
    expect(await caller.vip.rpc.call('callee', 'open')).toBe('open')
    await auth.vip.rpc.call('callee', 'rpc.add_protected_rpcs', ['open'])
    expect(await auth.vip.rpc.call('callee', 'auth.update', {})).toBeNull()
    await expect(caller.vip.rpc.call('callee', 'open')).rejects.toMatchObject({ code: RpcErrorCode.unauthorized })
  })

  it('are open on a platform without authorisation service, or one that does not know the agent', async () => {
    const router = new ScriptedRouter()
    const { agent } = testAgent(router)
    await agent.start()
    agent.vip.rpc.export('open', () => 'open')
    expect(await agent.vip.rpc.call('tester', 'open')).toBe('open')
    const { caller } = await stage({ protectedMethods: new Error('unknown identity') })
    expect(await caller.vip.rpc.call('callee', 'open')).toBe('open')
  })

  it('are refused while the platform does not say what is protected, and asked about again', async () => {
    let answer: ((methods: string[]) => void) | undefined
    const { caller, clock, asked } = await stage({
      protectedMethods: new Promise<string[]>((resolve) => {
        answer = resolve
      }),
    })
    const early = expect(caller.vip.rpc.call('callee', 'open')).rejects.toMatchObject({
      code: RpcErrorCode.unauthorized,
      detail: expect.stringContaining('it is not known who may call'),
    })
    await settle()
    clock.advance(10_000)
    await early
    answer!([])
    expect(await caller.vip.rpc.call('callee', 'open')).toBe('open')
    expect(asked).toHaveLength(2)
  })
})

it('many calls in one message, mixed arguments, notifications and errors', async () => {
  const router = new ScriptedRouter()
  const { agent: callee } = testAgent(router, 'callee')
  const { agent: caller } = testAgent(router, 'caller')
  const noted: unknown[] = []
  callee.vip.rpc.export('add', (a: number, b: number) => a + b, { params: ['a', 'b'] })
  callee.vip.rpc.export('note', (...args: unknown[]) => noted.push(args))
  callee.vip.rpc.export('fail', () => {
    throw new RpcFault(-32050, 'of my own')
  })
  await Promise.all([callee.start(), caller.start()])
  const outcomes = await caller.vip.rpc.batch('callee', [
    { method: 'add', args: [1], kwargs: { b: 2 } },
    { method: 'note', args: ['x'], kwargs: { unit: 'C' }, notify: true },
    { method: 'fail' },
    { method: 'nothing' },
  ])
  expect(outcomes).toMatchObject([
    { status: 'fulfilled', value: 3 },
    { status: 'fulfilled', value: undefined },
    { status: 'rejected', reason: { code: -32050, detail: 'of my own' } },
    { status: 'rejected', reason: { name: 'MethodNotFound' } },
  ])
  expect(router.logged('RPC').filter(({ from }) => from === 'caller')).toHaveLength(1)
  caller.vip.rpc.notifyWith('callee', 'note', { kwargs: { a: 1 } })
  await settle()
  expect(noted).toEqual([['x', { unit: 'C' }], [{ a: 1 }]])
  const abort = new AbortController()
  callee.vip.rpc.export('never', () => new Promise(() => {}))
  const cancelled = expect(caller.vip.rpc.callWith('callee', 'never', { signal: abort.signal })).rejects.toThrow(
    'enough',
  )
  await settle()
  abort.abort(new Error('enough'))
  await cancelled
})
