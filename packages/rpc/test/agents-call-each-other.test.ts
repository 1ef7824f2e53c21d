/** Two ends of a wire: what one sends, the other receives and answers. */
import { describe, expect, it } from '@jest/globals'
import { MethodNotFound, MethodRegistry, PendingCalls, type RpcContext, receiveRpc, sequentialIds } from '@volttron/rpc'

class End {
  readonly identity: string
  readonly methods = new MethodRegistry()
  readonly calls: PendingCalls
  readonly wire: string[] = []
  other!: End

  constructor(identity: string) {
    this.identity = identity
    this.calls = new PendingCalls({
      newId: sequentialIds(identity),
      after: () => () => undefined,
      send: (_peer, messageId, frame) => void this.other.receive(messageId, [frame]),
    })
  }

  async receive(messageId: string, frames: string[]): Promise<void> {
    this.wire.push(...frames)
    const replies = await receiveRpc(frames, { peer: this.other.identity, messageId }, this)
    if (replies.length > 0) await this.other.receive(messageId, replies)
  }
}

function connected(): [End, End] {
  const [one, other] = [new End('one'), new End('other')]
  one.other = other
  other.other = one
  return [one, other]
}

describe('agents that call each other', () => {
  it('get results and errors', async () => {
    const [one, other] = connected()
    other.methods.export('add', (a: number, b: number) => a + b)
    await expect(one.calls.call('other', 'add', { args: [1, 2], kwargs: {} })).resolves.toBe(3)
    await expect(one.calls.call('other', 'sub')).rejects.toBeInstanceOf(MethodNotFound)
    expect(one.calls.size).toBe(0)
  })

  it('may call their caller back before they answer', async () => {
    const [one, other] = connected()
    one.methods.export('config.initial_update', (configs: object) => Object.keys(configs))
    other.methods.export('initialize_configs', async function (this: RpcContext) {
      return other.calls.call(this.peer, 'config.initial_update', { args: [{ config: {} }], kwargs: {} })
    })
    await expect(one.calls.call('other', 'initialize_configs')).resolves.toEqual(['config'])
  })

  it('answer a batch with one array, without its notifications', async () => {
    const [one, other] = connected()
    const logged: unknown[] = []
    other.methods.export('log', (text: string) => logged.push(text))
    other.methods.export('double', (n: number) => 2 * n)
    const outcomes = await one.calls.callBatch('other', [
      { method: 'double', params: { args: [2], kwargs: {} } },
      { method: 'log', params: { args: ['hello'], kwargs: {} }, notify: true },
      { method: 'nope' },
    ])
    expect(outcomes).toMatchObject([{ value: 4 }, { value: undefined }, { reason: { code: -32601 } }])
    expect(logged).toEqual(['hello'])
    expect(one.wire).toHaveLength(1)
    expect(JSON.parse(one.wire[0]!)).toHaveLength(2)
  })

  it('answer several frames with as many, and nothing when nothing is asked', async () => {
    const [, other] = connected()
    other.methods.export('id', (n: number) => n)
    const request = (n: number) => `{"jsonrpc": "2.0", "method": "id", "params": [${n}], "id": "q${n}"}`
    const from = { peer: 'one', messageId: 'x' }
    const replies = await receiveRpc([request(1), request(2)], from, other)
    expect(replies.map((reply) => JSON.parse(reply).result)).toEqual([1, 2])
    const silent = ['{"jsonrpc": "2.0", "method": "id"}', '{"jsonrpc": "2.0", "id": "late", "result": 1}']
    expect(await receiveRpc(silent, from, other)).toEqual([])
  })

  it('never answer an error with an error, so that garbage cannot bounce for ever', async () => {
    const [one, other] = connected()
    await other.receive('x', ['{garbage'])
    expect(one.wire).toHaveLength(1)
    expect(JSON.parse(one.wire[0]!)).toMatchObject({ id: null, error: { code: -32700 } })
    expect(other.wire).toEqual(['{garbage'])
  })
})
