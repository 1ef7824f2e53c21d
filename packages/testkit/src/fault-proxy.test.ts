import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually } from './eventually.ts'
import { FaultProxy } from './fault-proxy.ts'

describe('the fault proxy', () => {
  let echo: Server
  let proxy: FaultProxy
  let client: Socket
  let received: string
  let closed: boolean
  beforeEach(async () => {
    echo = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1')
    await once(echo, 'listening')
    proxy = await FaultProxy.to({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port })
    client = connect(proxy.port, proxy.host)
    received = ''
    closed = false
    client.on('error', () => {})
    client.on('close', () => (closed = true))
    client.on('data', (chunk) => (received += chunk))
    await once(client, 'connect')
    // The kernel connects before the proxy accepts; a fault set in between would meet the connection at its start.
    await eventually(() => proxy.connections === 1)
  })
  afterEach(async () => {
    if (!closed) await once(client.destroy(), 'close')
    await proxy.close()
    echo.close()
  })

  it('passes bytes both ways', async () => {
    client.write('hello')
    await eventually(() => received === 'hello')
    expect(proxy.connections).toBe(1)
  })

  it('keeps bytes back while it is paused, and lets them go when healed', async () => {
    client.write('a')
    await eventually(() => received === 'a')
    proxy.set({ paused: true })
    client.write('b')
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(received).toBe('a')
    proxy.heal()
    await eventually(() => received === 'ab')
  })

  it('delays bytes and keeps their order', async () => {
    proxy.set({ delayMs: 40 })
    const startedAt = performance.now()
    client.write('x')
    client.write('y')
    await eventually(() => received === 'xy')
    expect(performance.now() - startedAt).toBeGreaterThan(75)
  })

  it('limits the rate', async () => {
    proxy.set({ bytesPerSecond: 100_000 })
    const startedAt = performance.now()
    client.write('z'.repeat(10_000))
    await eventually(() => received.length === 10_000)
    client.write('z'.repeat(1_000))
    await eventually(() => received.length === 11_000)
    expect(performance.now() - startedAt).toBeGreaterThan(90)
  })

  it('cuts connections', async () => {
    client.write('a')
    await eventually(() => received === 'a')
    proxy.cut()
    await eventually(() => closed)
  })

  it('leaves connections half open: nobody is told, nothing passes', async () => {
    client.write('a')
    await eventually(() => received === 'a')
    proxy.halfOpen()
    client.write('b')
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect([received, closed]).toEqual(['a', false])
  })

  it('damages one bit', async () => {
    client.write('a')
    await eventually(() => received === 'a')
    proxy.flipNextByte('to-target')
    client.write('bbb')
    await eventually(() => received.length === 4)
    expect(received).toBe('abbc')
  })

  it('refuses new connections', async () => {
    proxy.set({ refusing: true })
    const late = connect(proxy.port, proxy.host)
    late.on('error', () => {})
    // Not once(): that would reject at a reset.
    await new Promise((resolve) => late.once('close', resolve))
    expect(proxy.connections).toBe(1)
  })
})
