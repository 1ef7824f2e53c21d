/** A front door on loopback and clients for it, for the tests of this folder. */
import type { Connection } from '../src/connection.ts'
import { type DialOptions, dial } from '../src/dial.ts'
import { FrontDoor } from '../src/front-door.ts'
import type { FrontDoorOptions } from '../src/front-door-ports.ts'
import { generateKeyPair } from '../src/key-pair.ts'

export interface TestDoor {
  readonly door: FrontDoor
  readonly port: number
  readonly accepted: Connection[]
  /** Per accepted connection id: what it received, as text. */
  readonly received: Map<string, string[][]>
  readonly closed: Map<string, string>
  client(options?: Partial<DialOptions>): Promise<Connection>
}

export const serverKeys = generateKeyPair()

export async function openDoor(options: Partial<FrontDoorOptions> = {}): Promise<TestDoor> {
  const accepted: Connection[] = []
  const received = new Map<string, string[][]>()
  const closed = new Map<string, string>()
  const door = await FrontDoor.listen({
    addresses: [{ scheme: 'tcp', host: '127.0.0.1', port: 0 }],
    serverKeys,
    admit: () => ({ verdict: 'accept' }),
    onConnection(connection) {
      accepted.push(connection)
      const messages: string[][] = []
      received.set(connection.id, messages)
      connection.start({
        onMessage: (frames) => messages.push(frames.map(String)),
        onClose: (reason) => closed.set(connection.id, reason),
      })
    },
    ...options,
  })
  const [address] = door.boundAddresses
  const port = address?.scheme === 'tcp' ? address.port : 0
  const client = (given: Partial<DialOptions> = {}): Promise<Connection> =>
    dial({ address: address!, serverKey: serverKeys.publicKey, keys: generateKeyPair(), ...given })
  return { door, port, accepted, received, closed, client }
}

/** Starts a connection and collects what happens to it. */
export function listen(connection: Connection): { received: string[][]; closed: string[] } {
  const received: string[][] = []
  const closed: string[] = []
  connection.start({
    onMessage: (frames) => received.push(frames.map(String)),
    onClose: (reason) => closed.push(reason),
  })
  return { received, closed }
}
