import { describe, expect, it } from '@jest/globals'
import { frameText, vipMessage, welcomeArgument } from '@volttron/vip'
import { Wire } from '../test/channel-pair.ts'
import { greet, helloMessage, readWelcome } from './channel-greeting.ts'
import type { ConnectionHandlers } from './connection.ts'
import { INITIAL_CREDIT } from './credit-window.ts'

const capabilities = { version: 1, features: ['x'], credit: INITIAL_CREDIT, nonce: 9, instanceName: 'here' }
const buffers = (frames: readonly Uint8Array[]) => frames.map((frame) => Buffer.from(frame))
const answer = (id: string, subsystem: string, ...args: string[]) =>
  buffers(vipMessage({ peer: '', id, subsystem }, args))
const welcome = answer('h1', 'hello', 'welcome', '1.0', 'router', 'me', welcomeArgument(capabilities))

class Line extends Wire {
  handlers!: ConnectionHandlers
  closed: string | undefined
  readonly said: string[][] = []
  override send(frames: readonly Uint8Array[]): void {
    this.said.push(frames.map(frameText))
  }
  override start(handlers?: ConnectionHandlers): void {
    this.handlers = handlers!
    if (this.closed !== undefined) this.handlers.onClose(this.closed)
  }
  override close(reason?: string): void {
    if (this.closed !== undefined) return
    this.closed = reason
    this.handlers?.onClose(reason!)
  }
}

function greeting(line = new Line()) {
  const events: string[] = []
  let expire = () => {}
  const done = greet(line, {
    id: 'h1',
    features: ['f'],
    withTimeout(onTimeout) {
      expire = onTimeout
      return () => {
        events.push('timer cancelled')
        expire = () => {}
      }
    },
    onWelcome: ({ identity }) => void events.push(`welcome ${identity}`),
    onMessage: (frames) => void events.push(`message ${frames.map(String).join('|')}`),
    onClose: (reason) => void events.push(`closed: ${reason}`),
  })
  return { line, events, done, expire: () => expire() }
}

describe('the greeting', () => {
  it('begins with our capabilities', async () => {
    const { line, done } = greeting()
    expect(line.said).toEqual([helloMessage('h1', ['f']).map(frameText)])
    line.handlers.onMessage(welcome)
    expect(await done).toEqual({ identity: 'me', capabilities })
  })

  it('knows a classic router by its plain welcome', async () => {
    const { line, done } = greeting()
    line.handlers.onMessage(answer('h1', 'hello', 'welcome', '1.0', 'router', 'me'))
    expect(await done).toEqual({ identity: 'me', capabilities: undefined })
  })

  it('hands over what comes right behind the welcome, in the same turn and after it', () => {
    const { line, events } = greeting()
    line.handlers.onMessage(welcome)
    line.handlers.onMessage([Buffer.from('first')])
    line.handlers.onMessage([Buffer.from('second')])
    expect(events).toEqual(['timer cancelled', 'welcome me', 'message first', 'message second'])
  })

  it('passes over whatever is no answer to our hello', async () => {
    const { line, events, done } = greeting()
    for (const other of [
      [],
      buffers([Buffer.from('x')]),
      answer('h2', 'hello', 'welcome', '1.0', 'router', 'somebody else'),
      answer('h1', 'ping', 'welcome'),
      answer('h1', 'hello', 'hello'),
      answer('', 'peerlist', 'add', 'x'),
    ]) {
      line.handlers.onMessage(other)
    }
    expect(events).toEqual([])
    line.handlers.onMessage(welcome)
    expect((await done).identity).toBe('me')
  })

  it('ends with the reason when the router refuses us', async () => {
    const { line, done, events } = greeting()
    line.handlers.onMessage(answer('h1', 'error', '98', 'the identity me is in use', '', 'hello'))
    await expect(done).rejects.toMatchObject({
      code: 'denied',
      message: 'the platform refused the connection: the identity me is in use',
      hint: expect.stringContaining('other copy'),
    })
    expect(line.closed).toMatch(/refused/)
    line.handlers.onMessage(welcome)
    expect(events).toEqual(['timer cancelled'])
  })

  it('ends with the number when a refusal says nothing', () => {
    expect(() => readWelcome(answer('h1', 'error', '93'), 'h1')).toThrow('refused the connection: error 93')
    expect(() => readWelcome(answer('h1', 'error'), 'h1')).toThrow('refused the connection')
  })

  it('ends when nobody answers in time', async () => {
    const { line, done, events, expire } = greeting()
    expire()
    await expect(done).rejects.toMatchObject({ code: 'timeout' })
    expect(line.closed).toMatch(/did not answer/)
    expect(events).toEqual(['timer cancelled'])
  })

  it('ends when the connection closes before the welcome, even before the hello', async () => {
    const { line, done, events } = greeting()
    line.close('cut')
    await expect(done).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('cut') })
    expect(events).toEqual(['timer cancelled'])

    const dead = new Line()
    dead.closed = 'long gone'
    await expect(greeting(dead).done).rejects.toMatchObject({ message: expect.stringContaining('long gone') })
  })

  it('tells of a close after the welcome once, to the owner', async () => {
    const { line, done, events } = greeting()
    line.handlers.onMessage(welcome)
    line.close('cut')
    await done
    expect(events).toEqual(['timer cancelled', 'welcome me', 'closed: cut'])
  })
})
