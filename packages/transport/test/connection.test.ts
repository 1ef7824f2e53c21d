import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '@volttron/testkit'
import type { VipAddress } from '@volttron/vip'
import type { Connection } from '../src/connection.ts'
import { generateKeyPair } from '../src/key-pair.ts'
import { memoryPair } from '../src/memory-connection.ts'
import { connectionContract, type Ends } from './connection.contract.ts'
import { listen, openDoor } from './door.ts'

let lastPath = 0

/** One real connection; `near` is the side under test, the other one is started. */
async function realEnds(side: 'accepted' | 'dialled', scheme: VipAddress['scheme']): Promise<Ends> {
  const accepted: Connection[] = []
  const path = join(tmpdir(), `connection-${process.pid}-${++lastPath}`)
  const address: VipAddress = scheme === 'ipc' ? { scheme, path } : { scheme, host: '127.0.0.1', port: 0 }
  const test = await openDoor({ addresses: [address], onConnection: (connection) => accepted.push(connection) })
  const client = await test.client({ routingId: 'client' })
  client.send([Buffer.from('knock')])
  await eventually(() => accepted.length === 1)
  const server = accepted[0]!
  const [near, far] = side === 'accepted' ? [server, client] : [client, server]
  // The knock is not part of the contract: the side that got it starts by taking it.
  const dropKnock = withoutFirstMessage(server)
  const { received, closed } = listen(far === server ? dropKnock : far)
  return {
    near: near === server ? dropKnock : near,
    far,
    farReceived: received,
    farClosed: closed,
    async dispose() {
      client.close('test over')
      await test.door.close()
    },
  }
}

function withoutFirstMessage(connection: Connection): Connection {
  return new Proxy(connection, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (property !== 'start') return typeof value === 'function' ? value.bind(target) : value
      let first = true
      return ((handlers) =>
        target.start({
          ...handlers,
          onMessage(frames) {
            if (!first) handlers.onMessage(frames)
            first = false
          },
        })) satisfies Connection['start']
    },
  })
}

connectionContract('accepted by the front door', () => realEnds('accepted', 'tcp'))
connectionContract('dialled', () => realEnds('dialled', 'tcp'))
connectionContract('accepted at the side door', () => realEnds('accepted', 'ipc'))
connectionContract('dialled through the side door', () => realEnds('dialled', 'ipc'))

/** The twin, driven by the event loop instead of a virtual clock. */
async function memoryEnds(side: 'accepted' | 'dialled'): Promise<Ends> {
  const scheduler = {
    now: () => performance.now(),
    schedule: (delayMs: number, task: () => void) =>
      void (delayMs > 0 ? setTimeout(task, delayMs).unref() : setImmediate(task)),
  }
  const keys = [generateKeyPair().publicKey, generateKeyPair().publicKey] as const
  const [dialled, accepted] = memoryPair({ scheduler, keys })
  const [near, far] = side === 'accepted' ? [accepted, dialled] : [dialled, accepted]
  const { received, closed } = listen(far)
  return { near, far, farReceived: received, farClosed: closed, dispose: async () => near.close('test over') }
}

connectionContract('memory, accepted', () => memoryEnds('accepted'))
connectionContract('memory, dialled', () => memoryEnds('dialled'))
