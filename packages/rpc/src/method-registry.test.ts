import { describe, expect, it } from '@jest/globals'
import { VolttronError } from '@volttron/vip'
import { MethodRegistry, type RpcCall, type RpcContext } from './method-registry.ts'
import { RemoteError, RpcErrorCode, RpcFault } from './rpc-error.ts'
import type { RpcParams } from './rpc-message.ts'

async function serve(methods: MethodRegistry, method: string, params: Partial<RpcParams> = {}) {
  const request = { kind: 'request', method, params: { args: [], kwargs: {}, ...params }, id: 'r1' } as const
  const reply = JSON.parse((await methods.serve(request, 'caller'))!)
  expect(reply).toMatchObject({ jsonrpc: '2.0', id: 'r1' })
  return reply
}

describe('MethodRegistry', () => {
  it('calls the method with its arguments and knows who calls', async () => {
    const methods = new MethodRegistry()
    methods.export('add', function (this: RpcContext, a: number, b: number) {
      return `${this.peer}: ${a + b}`
    })
    methods.export('later', async () => undefined)
    expect((await serve(methods, 'add', { args: [1, 2] })).result).toBe('caller: 3')
    expect(await serve(methods, 'later')).toEqual({ jsonrpc: '2.0', id: 'r1', result: null })
  })

  it('does not answer a notification, whatever becomes of it', async () => {
    const methods = new MethodRegistry()
    let called = 0
    methods.export('log', () => {
      called++
      throw new Error('ignored')
    })
    const params = { args: [], kwargs: {} }
    expect(await methods.serve({ kind: 'request', method: 'log', params, id: undefined }, 'a')).toBeUndefined()
    expect(await methods.serve({ kind: 'request', method: 'no', params, id: undefined }, 'a')).toBeUndefined()
    expect(called).toBe(1)
  })

  it('hands keywords over as one object when the method declares no parameters', async () => {
    const methods = new MethodRegistry()
    methods.export('echo', (...args: unknown[]) => args)
    expect((await serve(methods, 'echo', { args: [1], kwargs: { unit: 'C' } })).result).toEqual([1, { unit: 'C' }])
  })

  describe('with declared parameters', () => {
    const methods = new MethodRegistry()
    methods.export('set', (...args: unknown[]) => args, {
      params: ['point', { name: 'value', annotation: 'float' }, { name: 'priority', default: 16 }],
      doc: 'Sets a point.',
      returns: 'bool',
    })

    it('puts keywords into place and fills in defaults', async () => {
      expect((await serve(methods, 'set', { args: ['p'], kwargs: { value: 1 } })).result).toEqual(['p', 1, 16])
      expect((await serve(methods, 'set', { kwargs: { priority: 1, value: 2, point: 'p' } })).result).toEqual([
        'p',
        2,
        1,
      ])
    })

    it.each<[Partial<RpcParams>, string]>([
      [{ args: ['p'] }, "set: argument 'value' is missing"],
      [{ args: ['p', 1, 2, 3] }, 'set: takes at most 3 arguments, 4 were given'],
      [{ args: ['p', 1], kwargs: { value: 1 } }, "set: argument 'value' is given twice"],
      [{ args: ['p', 1], kwargs: { colour: 1 } }, "set: has no argument named 'colour'"],
      [{ args: ['p', 1], kwargs: { constructor: 1 } }, "set: has no argument named 'constructor'"],
    ])('refuses %j', async (params, detail) => {
      expect((await serve(methods, 'set', params)).error).toEqual({
        code: RpcErrorCode.invalidParams,
        message: 'invalid params',
        data: { detail },
      })
    })

    it('describes itself as Python methods do', async () => {
      expect((await serve(methods, 'set.inspect')).result).toEqual({
        params: {
          point: { kind: 'POSITIONAL_OR_KEYWORD' },
          value: { kind: 'POSITIONAL_OR_KEYWORD', annotation: 'float' },
          priority: { kind: 'POSITIONAL_OR_KEYWORD', default: 16 },
        },
        doc: 'Sets a point.',
        return: 'bool',
      })
    })
  })

  it('lists the exported methods and describes one without declared parameters', async () => {
    const methods = new MethodRegistry()
    methods.export('b', () => 1)
    methods.export('a.status', () => 1)
    expect((await serve(methods, 'inspect')).result).toEqual({ methods: ['b', 'a.status'] })
    expect((await serve(methods, 'a.status.inspect')).result).toEqual({
      params: { args: { kind: 'VAR_POSITIONAL' }, kwargs: { kind: 'VAR_KEYWORD' } },
    })
    expect(methods.unexport('b')).toBe(true)
    expect((await serve(methods, 'inspect')).result).toEqual({ methods: ['a.status'] })
  })

  it('says which method is not there', async () => {
    for (const method of ['nope', 'nope.inspect', 'toString', '']) {
      expect((await serve(new MethodRegistry(), method)).error).toEqual({
        code: RpcErrorCode.methodNotFound,
        message: 'unimplemented method',
        data: { detail: `method '${method}' is not implemented` },
      })
    }
  })

  it('reports what a method throws in the form Python callers read, without a stack trace', async () => {
    const methods = new MethodRegistry()
    methods.export('fail', async () => {
      throw new TypeError('no such point')
    })
    expect((await serve(methods, 'fail')).error).toEqual({
      code: RpcErrorCode.unhandledException,
      message: 'unhandled exception',
      data: {
        detail: 'no such point',
        'exception.py': { exc_type: 'TypeError', exc_args: ['no such point'], exc_tb: '' },
      },
    })
  })

  it('tells code and hint of an error that is made for people', async () => {
    const methods = new MethodRegistry()
    methods.export('open', () => {
      throw new VolttronError('not-found', 'no such door', { hint: 'try the other one' })
    })
    expect((await serve(methods, 'open')).error.data).toMatchObject({
      detail: 'no such door',
      reason: 'not-found',
      hint: 'try the other one',
    })
  })

  it('lets a method choose the error code, but does not pass off an error of a third agent as its own', async () => {
    const methods = new MethodRegistry()
    methods.export('denied', () => {
      throw new RpcFault(RpcErrorCode.unauthorized, 'not you')
    })
    methods.export('nested', () => {
      throw new RemoteError('third', 'm', { code: RpcErrorCode.methodNotFound, message: 'unimplemented method' })
    })
    expect((await serve(methods, 'denied')).error).toMatchObject({ code: -32001, data: { detail: 'not you' } })
    expect((await serve(methods, 'nested')).error).toMatchObject({
      code: -32000,
      data: { 'exception.py': { exc_type: 'RemoteError' } },
    })
  })

  it('answers even when a method throws or returns something hostile', async () => {
    const methods = new MethodRegistry()
    const circular: { self?: unknown } = {}
    circular.self = circular
    methods.export('throws', () => {
      throw Object.create(null)
    })
    methods.export('circular', () => circular)
    methods.export('big', () => 1n)
    for (const method of ['throws', 'circular', 'big']) {
      const { error } = await serve(methods, method)
      expect(error).toMatchObject({ code: -32000, data: { detail: expect.any(String) } })
    }
  })

  it('asks who may call before it calls, with the named arguments', async () => {
    const seen: RpcCall[] = []
    const methods = new MethodRegistry({
      authorize: (call) => {
        seen.push(call)
        if (call.arguments.point === 'secret') throw new RpcFault(RpcErrorCode.unauthorized, 'not allowed')
      },
    })
    methods.export('get', () => 1, { params: ['point'] })
    expect((await serve(methods, 'get', { args: ['secret'] })).error.code).toBe(-32001)
    expect((await serve(methods, 'get', { args: ['open'] })).result).toBe(1)
    expect(seen[0]).toEqual({ peer: 'caller', method: 'get', arguments: { point: 'secret' } })
  })

  it('refuses calls beyond the limit of running ones, and recovers', async () => {
    const methods = new MethodRegistry({ maxRunning: 1 })
    const { promise, resolve } = newPromise()
    methods.export('wait', () => promise)
    const first = serve(methods, 'wait')
    expect((await serve(methods, 'wait')).error.data.detail).toMatch(/already; try again later/)
    resolve('done')
    expect((await first).result).toBe('done')
    expect((await serve(methods, 'wait')).result).toBe('done')
  })

  it('refuses a name twice', () => {
    const methods = new MethodRegistry()
    methods.export('a', () => 1)
    expect(() => methods.export('a', () => 2)).toThrow("a method 'a' is exported already")
    expect(() => methods.export('inspect', () => 2)).toThrow(/cannot be exported/)
  })
})

function newPromise() {
  let resolve: (value: unknown) => void = () => undefined
  const promise = new Promise((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
