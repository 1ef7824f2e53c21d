import { describe, expect, it } from '@jest/globals'
import { looksLikeJson, WrittenJson } from '@volttron/vip'
import fc from 'fast-check'
import { sequentialIds } from './call-id.ts'
import { RpcErrorCode } from './rpc-error.ts'
import {
  decodeFrame,
  encodeBatch,
  encodeError,
  encodeRequest,
  encodeResult,
  MAX_BATCH,
  type RpcParams,
} from './rpc-message.ts'

const only = (frame: string | Uint8Array) => {
  const { batch, messages } = decodeFrame(frame)
  expect(batch).toBe(false)
  expect(messages).toHaveLength(1)
  return messages[0]
}

describe('encodeRequest', () => {
  it('writes positional, keyword and mixed arguments as Python agents do', () => {
    const params = (args: unknown[], kwargs = {}) => JSON.parse(encodeRequest('m', { args, kwargs }, 'r1')).params
    expect(params([])).toBeUndefined()
    expect(params([1, 'x'])).toEqual([1, 'x'])
    expect(params([], { a: 1 })).toEqual({ a: 1 })
    expect(params([1], { a: 2 })).toEqual({ '*args': [1], '**kwargs': { a: 2 } })
    expect(params([], { '*args': 1 })).toEqual({ '*args': [], '**kwargs': { '*args': 1 } })
  })

  it('leaves the id out of a notification', () => {
    expect(encodeRequest('m', { args: [], kwargs: {} })).toBe('{"jsonrpc":"2.0","method":"m"}')
  })

  it('writes ASCII that reads back as the same request', () => {
    const kwargs = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ noUnicodeString: false }))
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.array(fc.jsonValue()),
        kwargs,
        fc.string(),
        (method, args, kwargs, id) => {
          const params = JSON.parse(JSON.stringify({ args, kwargs }))
          const text = encodeRequest(method, params, id)
          expect(text).toMatch(/^[ -~]*$/)
          expect(only(text)).toEqual({ kind: 'request', method, params, id })
          expect(only(Buffer.from(text))).toEqual({ kind: 'request', method, params, id })
        },
      ),
    )
  })
})

describe('JSON that is written already', () => {
  const exact = WrittenJson.read('{"id": 9007199254740993, "ü": 1.10}')!
  const text = '{"id": 9007199254740993, "\\u00fc": 1.10}'

  it.each<[string, RpcParams, string]>([
    ['by place', { args: ['a', exact], kwargs: {} }, `["a",${text}]`],
    ['by name', { args: [], kwargs: { exact, é: undefined } }, `{"exact":${text},"\\u00e9":null}`],
    ['by both', { args: [1], kwargs: { exact } }, `{"*args":[1],"**kwargs":{"exact":${text}}}`],
    ['by a name of stars', { args: [], kwargs: { '*args': exact } }, `{"*args":[],"**kwargs":{"*args":${text}}}`],
  ])('goes out as it is: an argument %s', (_what, params, expected) => {
    expect(encodeRequest('m', params, 'r1')).toBe(`{"jsonrpc":"2.0","method":"m","params":${expected},"id":"r1"}`)
    expect(encodeRequest('m', params)).toBe(`{"jsonrpc":"2.0","method":"m","params":${expected}}`)
  })

  it('goes out as it is: a result', () => {
    expect(encodeResult('r1', exact)).toBe(`{"jsonrpc":"2.0","id":"r1","result":${text}}`)
  })
})

describe('encodeResult and encodeError', () => {
  it('answers null when a method returns nothing, or something that has no JSON', () => {
    expect(encodeResult('r1', undefined)).toBe('{"jsonrpc":"2.0","id":"r1","result":null}')
    expect(encodeResult(7, () => 1)).toBe('{"jsonrpc":"2.0","id":7,"result":null}')
  })

  it('reads back as the same reply', () => {
    expect(only(encodeResult('r1', { a: 'é' }))).toEqual({ kind: 'result', id: 'r1', result: { a: 'é' } })
    const error = { code: -32000, message: 'unhandled exception', data: { detail: 'no' } }
    expect(only(encodeError('r1', error))).toEqual({ kind: 'error', id: 'r1', error })
  })
})

describe('decodeFrame', () => {
  it('reads what Python writes, bare NaN and very large integers included', () => {
    expect(only('{"jsonrpc": "2.0", "method": "foo", "params": [NaN, -Infinity], "id": "1.0.2"}')).toEqual({
      kind: 'request',
      method: 'foo',
      params: { args: [Number.NaN, Number.NEGATIVE_INFINITY], kwargs: {} },
      id: '1.0.2',
    })
    expect(only('{"jsonrpc": "2.0", "id": "a", "result": 18446744073709551616}')).toMatchObject({ result: 2 ** 64 })
  })

  it('takes a request with a null id for a notification', () => {
    expect(only('{"jsonrpc": "2.0", "method": "foo", "id": null}')).toMatchObject({ kind: 'request', id: undefined })
  })

  it.each([
    ['{', RpcErrorCode.parseError],
    ['', RpcErrorCode.parseError],
    ['3', RpcErrorCode.invalidRequest],
    ['null', RpcErrorCode.invalidRequest],
    ['[]', RpcErrorCode.invalidRequest],
    [JSON.stringify(Array(MAX_BATCH + 1).fill(0)), RpcErrorCode.invalidRequest],
    ['{"method": "a", "id": "r1"}', RpcErrorCode.invalidRequest],
    ['{"jsonrpc": "1.0", "method": "a", "id": "r1"}', RpcErrorCode.invalidRequest],
    ['{"jsonrpc": "2.0", "method": 3}', RpcErrorCode.invalidRequest],
    ['{"jsonrpc": "2.0", "id": "r1"}', RpcErrorCode.invalidRequest],
    ['{"jsonrpc": "2.0", "result": 1}', RpcErrorCode.invalidRequest],
    ['{"jsonrpc": "2.0", "method": "a", "params": 3}', RpcErrorCode.invalidParams],
    ['{"jsonrpc": "2.0", "method": "a", "params": {"*args": 1}}', RpcErrorCode.invalidParams],
    ['{"jsonrpc": "2.0", "method": "a", "params": {"**kwargs": []}}', RpcErrorCode.invalidParams],
  ])('says what is wrong with %.60s', (text, code) => {
    const message = only(text)
    expect(message).toMatchObject({ kind: 'invalid', error: { code, data: { detail: expect.any(String) } } })
  })

  it('answers what is malformed with the words of Python agents', () => {
    const message = (text: string) => {
      const found = only(text)
      return found?.kind === 'invalid' ? found.error.message : undefined
    }
    expect(message('"text"')).toBe('invalid object type')
    expect(message('{"method": "add", "id": "x7"}')).toBe('missing required member')
    expect(message('{"jsonrpc": "1.0", "method": "add", "id": "x7"}')).toBe('unsupported version')
  })

  it('keeps the members of a batch apart, good and bad', () => {
    const frame = decodeFrame(
      encodeBatch([encodeRequest('a', { args: [], kwargs: {} }, 'r1'), '5', encodeResult('r2', 1)]),
    )
    expect(frame.batch).toBe(true)
    expect(frame.messages.map(({ kind }) => kind)).toEqual(['request', 'invalid', 'result'])
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeFrame(bytes)))
    const member = fc.constantFrom('jsonrpc', 'method', 'params', 'id', 'error', 'result', '*args', '**kwargs')
    const object = fc.dictionary(member, fc.oneof(fc.constant('2.0'), fc.jsonValue()))
    fc.assert(fc.property(object, (object) => void decodeFrame(JSON.stringify(object))))
  })
})

describe('sequentialIds', () => {
  it('makes ids that differ and that no Python peer reads as JSON', () => {
    const newId = sequentialIds('4f')
    const ids = Array.from({ length: 1000 }, newId)
    expect(new Set(ids).size).toBe(1000)
    expect(ids.filter(looksLikeJson)).toEqual([])
    expect(ids[0]).toBe('r4f.1')
  })
})
