import { describe, expect, it } from '@jest/globals'
import { sequentialIds } from './call-id.ts'
import { PendingCalls, type PendingCallsOptions } from './pending-calls.ts'
import { MethodNotFound, RemoteError, RpcErrorCode } from './rpc-error.ts'
import { NO_PARAMS } from './rpc-message.ts'

function setUp(options?: PendingCallsOptions) {
  const sent: { peer: string; messageId: string; frame: string }[] = []
  const timers = new Map<number, { delayMs: number; callback: () => void }>()
  let timerCount = 0
  let failure: Error | undefined
  const calls = new PendingCalls(
    {
      newId: sequentialIds('t'),
      after: (delayMs, callback) => {
        const key = timerCount++
        timers.set(key, { delayMs, callback })
        return () => void timers.delete(key)
      },
      send: (peer, messageId, frame) => {
        if (failure !== undefined) throw failure
        sent.push({ peer, messageId, frame })
      },
    },
    options,
  )
  const breakSending = (error: Error) => {
    failure = error
  }
  return { calls, sent, timers, breakSending }
}

describe('PendingCalls', () => {
  it('sends one frame whose message id is the call id, and gives the result', async () => {
    const { calls, sent, timers } = setUp()
    const result = calls.call('driver', 'get_point', { args: ['x'], kwargs: {} })
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({ peer: 'driver', messageId: 'rt.1' })
    expect(JSON.parse(sent[0]!.frame)).toEqual({ jsonrpc: '2.0', method: 'get_point', params: ['x'], id: 'rt.1' })
    expect(calls.settle('driver', 'rt.1', { kind: 'result', id: 'rt.1', result: 21.5 })).toBe(true)
    await expect(result).resolves.toBe(21.5)
    expect([calls.size, timers.size]).toEqual([0, 0])
  })

  it('ignores a reply that comes from another peer, twice, or too late', async () => {
    const { calls } = setUp()
    const result = calls.call('driver', 'm')
    expect(calls.settle('mallory', 'rt.1', { kind: 'result', id: 'rt.1', result: 'forged' })).toBe(false)
    expect(calls.settle('mallory', 'rt.1', { kind: 'error', id: null, error: { code: 1, message: '' } })).toBe(false)
    expect(calls.settle('driver', 'rt.1', { kind: 'result', id: 'rt.1', result: 'true' })).toBe(true)
    expect(calls.settle('driver', 'rt.1', { kind: 'result', id: 'rt.1', result: 'again' })).toBe(false)
    await expect(result).resolves.toBe('true')
  })

  it('gives the callee error with code, data and the exception of Python', async () => {
    const { calls } = setUp()
    const result = calls.call('driver', 'get_point')
    const data = {
      detail: 'no point',
      'exception.py': { exc_type: 'builtins.KeyError', exc_args: ['x'], exc_tb: 'Traceback' },
    }
    calls.settle('driver', 'rt.1', {
      kind: 'error',
      id: 'rt.1',
      error: { code: -32000, message: 'unhandled exception', data },
    })
    const error = await result.catch((error: unknown) => error)
    expect(error).toBeInstanceOf(RemoteError)
    expect(error).toMatchObject({
      message: 'driver: get_point failed: builtins.KeyError: no point',
      code: -32000,
      data,
      excType: 'builtins.KeyError',
      excArgs: ['x'],
      excTraceback: 'Traceback',
      detail: 'no point',
    })
  })

  it('gives MethodNotFound for a method the callee has not', async () => {
    const { calls } = setUp()
    const result = calls.call('driver', 'nope')
    const error = { code: RpcErrorCode.methodNotFound, message: 'unimplemented method' }
    calls.settle('driver', 'rt.1', { kind: 'error', id: 'rt.1', error })
    await expect(result).rejects.toBeInstanceOf(MethodNotFound)
  })

  it('ends the call when a Python callee refuses its arguments without naming the id', async () => {
    const { calls } = setUp()
    const result = calls.call('driver', 'm')
    const error = { code: RpcErrorCode.invalidParams, message: 'invalid params' }
    expect(calls.settle('driver', 'rt.1', { kind: 'error', id: null, error })).toBe(true)
    await expect(result).rejects.toMatchObject({ code: -32602 })
  })

  it('ends a call that is not answered in time', async () => {
    const { calls, timers } = setUp()
    const result = calls.call('driver', 'm', NO_PARAMS, { timeoutMs: 250 })
    const [timer] = timers.values()
    expect(timer?.delayMs).toBe(250)
    timer?.callback()
    await expect(result).rejects.toMatchObject({ code: 'timeout', message: "'driver' did not answer m within 250 ms" })
    expect(calls.size).toBe(0)
  })

  it('ends a call when its signal aborts, and forgets it', async () => {
    const { calls, sent, timers } = setUp()
    const abort = new AbortController()
    const { signal } = abort
    const result = calls.call('driver', 'm', NO_PARAMS, { signal })
    const batch = calls.callBatch('driver', [{ method: 'm' }, { method: 'n' }], { signal })
    const answered = calls.call('driver', 'm', NO_PARAMS, { signal })
    calls.settle('driver', 'rt.3', { kind: 'result', id: 'rt.3', result: 1 })
    abort.abort(new Error('no longer wanted'))
    await expect(result).rejects.toThrow('no longer wanted')
    expect((await batch).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(answered).resolves.toBe(1)
    expect([calls.size, timers.size]).toEqual([0, 0])
    expect(calls.settle('driver', 'rt.1', { kind: 'result', id: 'rt.1', result: 1 })).toBe(false)
    await expect(calls.call('driver', 'm', NO_PARAMS, { signal })).rejects.toThrow('no longer wanted')
    await expect(calls.callBatch('driver', [{ method: 'm' }], { signal })).rejects.toThrow('no longer wanted')
    expect(sent).toHaveLength(3)
  })

  it.each<[number, string, string, string]>([
    [113, 'No route to host', 'unavailable', "cannot call m: 'driver' is not connected"],
    [113, 'no platform named x', 'unavailable', "cannot call m of 'driver': no platform named x"],
    [11, 'Resource temporarily unavailable', 'unavailable', "cannot call m: the queue of 'driver' is full"],
    [11, 'too many calls', 'unavailable', "cannot call m of 'driver': too many calls"],
    [90, 'Message too long', 'usage', "cannot call m of 'driver': call or answer is too large"],
    [-32001, 'text', 'denied', "not allowed to call m of 'driver': text"],
    [93, 'text', 'unavailable', "cannot call m of 'driver': text (93)"],
  ])('tells the caller when the router gives the message back: %i %s', async (errno, text, code, message) => {
    const { calls } = setUp()
    const result = calls.call('driver', 'm')
    expect(calls.bounce('rt.1', errno, text)).toBe(true)
    expect(calls.bounce('rt.1', errno, text)).toBe(false)
    await expect(result).rejects.toMatchObject({ code, message })
  })

  it('ends every call when the connection is gone', async () => {
    const { calls, timers } = setUp()
    const results = Promise.allSettled([calls.call('a', 'm'), calls.call('b', 'n')])
    calls.rejectAll('the connection to the platform was lost')
    const reasons = (await results).map((result) => result.status === 'rejected' && result.reason)
    expect(reasons).toMatchObject([
      { code: 'unavailable', message: "the connection to the platform was lost before 'a' answered m" },
      { code: 'unavailable', message: "the connection to the platform was lost before 'b' answered n" },
    ])
    expect([calls.size, timers.size]).toEqual([0, 0])
  })

  it('ends the calls of one peer when that is gone, and no others', async () => {
    const { calls } = setUp()
    const gone = calls.call('a', 'm')
    const other = calls.call('b', 'n')
    calls.rejectPeer('a')
    await expect(gone).rejects.toThrow("the peer disconnected before 'a' answered m")
    expect(calls.settle('b', 'rt.2', { kind: 'result', id: 'rt.2', result: 1 })).toBe(true)
    await expect(other).resolves.toBe(1)
  })

  it('rejects and keeps nothing when sending fails or an argument has no JSON', async () => {
    const { calls, breakSending, timers } = setUp()
    await expect(calls.call('a', 'm', { args: [1n], kwargs: {} })).rejects.toMatchObject({ code: 'bad-data' })
    breakSending(new Error('queue full'))
    await expect(calls.call('a', 'm')).rejects.toThrow('queue full')
    const settled = await calls.callBatch('a', [{ method: 'm' }, { method: 'n' }])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect([calls.size, timers.size]).toEqual([0, 0])
  })

  it('refuses a call beyond the limit of waiting ones', async () => {
    const { calls } = setUp({ maxPending: 1 })
    const first = calls.call('a', 'm')
    await expect(calls.call('a', 'm')).rejects.toMatchObject({ code: 'unavailable' })
    calls.settle('a', 'rt.1', { kind: 'result', id: 'rt.1', result: 1 })
    await expect(first).resolves.toBe(1)
  })

  it('sends a notification without any id', () => {
    const { calls, sent } = setUp()
    calls.notify('a', 'm', { args: [1], kwargs: {} })
    expect(sent).toEqual([{ peer: 'a', messageId: '', frame: '{"jsonrpc":"2.0","method":"m","params":[1]}' }])
    expect(calls.size).toBe(0)
  })

  it('sends a batch in one frame and gives the outcomes in order of the requests', async () => {
    const { calls, sent } = setUp()
    const outcomes = calls.callBatch('a', [{ method: 'one' }, { method: 'log', notify: true }, { method: 'two' }])
    expect(sent).toHaveLength(1)
    expect(JSON.parse(sent[0]!.frame).map((request: { id?: string }) => request.id)).toEqual([
      'rt.1',
      undefined,
      'rt.1/1',
    ])
    calls.settle('a', 'rt.1', { kind: 'error', id: 'rt.1/1', error: { code: -32000, message: 'no' } })
    calls.settle('a', 'rt.1', { kind: 'result', id: 'rt.1', result: 1 })
    expect(await outcomes).toMatchObject([
      { status: 'fulfilled', value: 1 },
      { status: 'fulfilled', value: undefined },
      { status: 'rejected', reason: { code: -32000 } },
    ])
  })

  it('ends the whole batch when the router gives it back', async () => {
    const { calls } = setUp()
    const outcomes = calls.callBatch('a', [{ method: 'one' }, { method: 'two' }])
    calls.bounce('rt.1', 113, 'No route to host')
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await calls.callBatch('a', [])).toEqual([])
  })
})
