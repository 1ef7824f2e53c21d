/**
 * Listens in on one attempt: libzmq does not say how far a handshake came that the other side broke off.
 *
 * A server that cannot open our first command, because it was sealed to another key than its own, says nothing and
 * disconnects (ZeroMQ RFC 26). A server that is at its limits, or stops, disconnects before its greeting; one that knows
 * our server key answers the command. So what came back tells them apart.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { connectTo } from './dial-probe.ts'
import { GREETING_BYTES, judgeGreeting } from './zmtp-greeting.ts'

export interface Tap {
  /** To be dialled in place of the endpoint. */
  readonly endpoint: string
  /** A CURVE server greeted us, read our first command, and ended without a word: what a wrong server key leads to. */
  readonly brokeOffOurHello: boolean
  close(): void
}

/** Passes one connection on to a numeric endpoint. Throws when this machine does not let us listen on loopback. */
export async function tap(endpoint: string): Promise<Tap> {
  let greeting = Buffer.alloc(0)
  let received = 0
  let sent = 0
  let ended = false
  let server: Server | undefined
  const sockets: Socket[] = []
  const passOn = (near: Socket): void => {
    // For our own attempt only.
    server?.close()
    const far = connectTo(endpoint)
    sockets.push(near, far)
    near.on('error', () => {})
    near.on('data', (chunk: Buffer) => {
      if (!ended) sent += chunk.length
    })
    far.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (greeting.length < GREETING_BYTES) greeting = Buffer.concat([greeting, chunk]).subarray(0, GREETING_BYTES)
    })
    for (const end of ['end', 'error', 'close'])
      far.once(end, () => {
        ended = true
      })
    far.once('close', () => near.destroy())
    near.once('close', () => far.destroy())
    near.pipe(far).pipe(near)
  }
  server = createServer(passOn)
  const port = await listenOnLoopback(server)
  return {
    endpoint: `tcp://127.0.0.1:${port}`,
    get brokeOffOurHello() {
      return ended && judgeGreeting(greeting) === 'complete' && received === GREETING_BYTES && sent > GREETING_BYTES
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function listenOnLoopback(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}
