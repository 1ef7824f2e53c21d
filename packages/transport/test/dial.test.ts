import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import type { VipAddress } from '@volttron/vip'
import { dial } from '../src/dial.ts'
import { generateKeyPair } from '../src/key-pair.ts'
import { curveGreeting } from '../src/zmtp-greeting.ts'
import { openDoor, serverKeys } from './door.ts'

describe('dial', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })
  async function tcpServer(onSocket: Parameters<typeof createServer>[1]): Promise<VipAddress> {
    const server = createServer(onSocket)
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { scheme: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  }
  const to = (address: VipAddress | string, more: object = {}) =>
    dial({ address, serverKey: serverKeys.publicKey, keys: generateKeyPair(), ...more })

  it('says that the connection was refused', async () => {
    const address = await tcpServer(() => {})
    servers[0]!.close()
    await expect(to(address)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('refused'),
    })
  })

  it('says that the host was not found', async () => {
    await expect(to('tcp://no-such-host.invalid:1')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining("'no-such-host.invalid' was not found"),
    })
  })

  it('says that a local socket does not exist', async () => {
    await expect(to('ipc:///tmp/no/such.sock')).rejects.toMatchObject({
      message: expect.stringContaining('no such socket'),
    })
  })

  it('says that the platform keeps us waiting, with the key to approve', async () => {
    const { door, client } = await openDoor({ admit: () => ({ verdict: 'later', reason: 'unknown' }) })
    const keys = generateKeyPair()
    await expect(client({ keys, timeoutMs: 100 })).rejects.toMatchObject({
      code: 'timeout',
      hint: expect.stringContaining(keys.publicKey),
    })
    await door.close()
  })

  it('says that the server key is wrong', async () => {
    const { door, client } = await openDoor()
    const serverKey = generateKeyPair().publicKey
    await expect(client({ serverKey })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining(serverKey),
    })
    await door.close()
  })

  it('does not take a platform that cuts connections for one with another key', async () => {
    for (const cutAfter of ['', curveGreeting.subarray(0, 10), curveGreeting]) {
      const address = await tcpServer((socket) => socket.on('error', () => {}).end(cutAfter))
      await expect(to(address)).rejects.toMatchObject({ code: 'unavailable' })
    }
  })

  it('goes on when a platform that cut connections has room again', async () => {
    const { door, port, client } = await openDoor()
    let cut = 0
    const address = await tcpServer((socket) => {
      socket.on('error', () => {})
      if (++cut <= 3) return void socket.destroy()
      const onward = connect(port, '127.0.0.1').on('error', () => {})
      socket.pipe(onward).pipe(socket)
    })
    const connection = await client({ address })
    connection.close('done')
    await door.close()
  })

  it('says that there is something else than a platform', async () => {
    const address = await tcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH\r\n'))
    await expect(to(address)).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('is it a VOLTTRON platform'),
    })
  })

  it('stops when it is told to', async () => {
    const address = await tcpServer((socket) => socket.on('error', () => {}))
    const abort = new AbortController()
    const dialled = to(address, { signal: abort.signal })
    setTimeout(() => abort.abort(new Error('never mind')), 20)
    await expect(dialled).rejects.toThrow('never mind')
  })

  it('resolves the name at each dial and tries all its addresses', async () => {
    const test = await openDoor()
    const asked: string[] = []
    const resolve = async (host: string) => {
      asked.push(host)
      return ['127.0.0.9', '127.0.0.1']
    }
    const address = `tcp://platform.example:${test.port}`
    for (let n = 0; n < 2; n++) (await test.client({ address, resolve })).close('done')
    expect(asked).toEqual(['platform.example', 'platform.example'])
    await test.door.close()
  })

  it('gives a new connection after the old one was lost, and never revives the old one', async () => {
    const first = await openDoor()
    const client = await first.client()
    const closed: string[] = []
    client.start({ onMessage() {}, onClose: (reason) => closed.push(reason) })
    await first.door.close()
    await eventually(() => closed.length === 1)
    const second = await openDoor({ addresses: [{ scheme: 'tcp', host: '127.0.0.1', port: first.port }] })
    client.send([Buffer.from('from the dead')])
    const again = await second.client()
    again.send([Buffer.from('alive')])
    await eventually(() => second.accepted.length === 1)
    expect(second.door.counters.accepted).toBe(1)
    expect([...second.received.values()]).toEqual([[['alive']]])
    again.close('done')
    await second.door.close()
  })
})
