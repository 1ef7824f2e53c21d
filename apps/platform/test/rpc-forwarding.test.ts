import { describe, expect, it } from '@jest/globals'
import { VipErrno } from '@volttron/vip'
import { receiveRpc } from '../src/router/rpc-forwarding.ts'
import { busFixture } from './bus-fixture.ts'

const request = (method: string, id?: string) =>
  Buffer.from(JSON.stringify({ jsonrpc: '2.0', method, params: [1], ...(id === undefined ? {} : { id }) }))
const message = (from: string, ...args: Buffer[]) => ({ to: 'callee', from, id: Buffer.from('m1'), args })

describe('a call to another platform', () => {
  it('leaves with caller, callee and arguments as they are', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    a.vip('there/callee', 'RPC', 'm1', request('add', 'r1'))
    expect(fixture.remoteCalls).toEqual([
      { platform: 'there', message: { to: 'callee', from: 'a', id: Buffer.from('m1'), args: [request('add', 'r1')] } },
    ])
  })

  it('comes back as an error when there is no way, and nothing but RPC crosses', () => {
    const fixture = busFixture({ platforms: { sendRpc: () => VipErrno.hostUnreachable } })
    const a = fixture.connect('a')
    a.vip('there/callee', 'RPC', 'm1', request('add', 'r1'))
    a.vip('there/callee', 'ping', 'm2', 'ping')
    expect(a.heard().map((frames) => frames.slice(5))).toEqual([
      ['113', 'No route to host', 'there/callee', 'RPC'],
      ['93', 'Protocol not supported', 'there/callee', 'ping'],
    ])
  })
})

describe('a call from another platform', () => {
  it('is refused unless a rule names the caller; the caller is told why', () => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    expect(receiveRpc(fixture.bus, 'friend', message('stranger', request('add', 'r1')))).toBeUndefined()
    expect(callee.heard()).toEqual([])
    const [answer] = fixture.remoteCalls
    expect(answer).toMatchObject({ platform: 'friend', message: { to: 'stranger', from: 'callee' } })
    const { id, error } = JSON.parse(String(answer!.message.args[0]))
    expect([id, error.code]).toEqual(['r1', -32001])
    expect(error.data.detail).toContain('friend/stranger may not call callee.add')
    expect(fixture.bus.counters.deniedRemoteCall).toBe(1)
  })

  it('reaches the callee under the full name of the caller when a rule allows it', () => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    expect(receiveRpc(fixture.bus, 'friend', message('caller', request('add', 'r1')))).toBeUndefined()
    expect(callee.heard()).toEqual([
      ['friend/caller', 'VIP1', 'friend/caller', 'm1', 'RPC', String(request('add', 'r1'))],
    ])
  })

  it('cannot smuggle a forbidden call beside an allowed one, in a batch or in a second frame', () => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    fixture.authority.mayCallRpc = (_caller, _callee, method) => method === 'add'
    const batch = Buffer.from(`[${request('add', 'r1')},${request('quit', 'r2')}]`)
    receiveRpc(fixture.bus, 'friend', message('caller', batch))
    receiveRpc(fixture.bus, 'friend', message('caller', request('add', 'r3'), request('quit')))
    expect(callee.heard()).toEqual([])
    expect(fixture.bus.counters.deniedRemoteCall).toBe(2)
  })

  it('is known by its platform and operator when it comes from a command line there', () => {
    const fixture = busFixture()
    const asked: string[] = []
    fixture.connect('callee')
    fixture.authority.mayCallRpc = (caller) => asked.push(caller) > 0
    receiveRpc(fixture.bus, 'friend', message('control.connection.x1', request('add', 'r1')))
    expect(asked).toEqual(['friend/control.connection'])
  })

  it('gets the error number when there is no such peer', () => {
    const fixture = busFixture()
    expect(receiveRpc(fixture.bus, 'friend', message('caller', request('add', 'r1')))).toEqual(VipErrno.hostUnreachable)
  })

  it('lets answers pass', () => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    receiveRpc(fixture.bus, 'friend', message('stranger', Buffer.from('{"jsonrpc":"2.0","id":"r","result":1}')))
    expect(callee.heard()).toHaveLength(1)
  })
})
