/** A front door on a local socket, what happens between it and its clients, and clients in another process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually } from '@volttron/testkit'
import { toZ85, type VipAddress } from '@volttron/vip'
import type { FrontDoorOptions } from '../src/front-door-ports.ts'
import { openDoor, serverKeys, type TestDoor } from './door.ts'

export interface LocalDoor extends TestDoor {
  readonly path: string
  /** A connection to the local socket that has said this. */
  raw(...chunks: (string | Uint8Array)[]): Promise<Socket>
  /** What goes on between the door and those who come this way. */
  tapped(): Promise<Tapped>
  /** Clients in a process of their own, which each send so many messages and then wait. */
  spawn(clients: number, messages: number, messageBytes: number): Promise<ChildProcess>
  dispose(): Promise<void>
}

export interface Tapped {
  readonly address: VipAddress
  /** What each connection has sent to the door so far, in bytes. */
  readonly sent: number[]
  cut(): void
}

export const REQUEST = 'VOLTTRON side door 1\n'

/** The paths of inner sockets beside this one. */
export const innerPaths = (path: string): string[] =>
  readdirSync(dirname(path)).filter((name) => name.startsWith(`${process.pid}-`))

/** The path that the door tells whoever has asked for the side door. */
export async function answerOf(socket: Socket): Promise<string> {
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  await eventually(() => answer.endsWith('\n'), { what: 'an answer of the side door' })
  return answer.trimEnd()
}

/** Not once(): that would reject at a reset. */
export const closed = (socket: Socket): Promise<unknown> =>
  socket.closed ? Promise.resolve() : new Promise((resolve) => socket.resume().once('close', resolve))

export async function openLocalDoor(options: Partial<FrontDoorOptions> = {}): Promise<LocalDoor> {
  const folder = mkdtempSync(join(tmpdir(), 'side-door-'))
  const path = join(folder, 'door')
  const test = await openDoor({ addresses: [{ scheme: 'ipc', path }], ...options })
  const sockets: Socket[] = []
  const servers: Server[] = []
  const children: ChildProcess[] = []
  const reach = (): Socket => {
    const socket = connect(path)
    sockets.push(socket)
    return socket.on('error', () => {})
  }
  return {
    ...test,
    path,
    async raw(...chunks) {
      const socket = reach()
      await once(socket, 'connect')
      for (const chunk of chunks) socket.write(chunk)
      return socket
    },
    async tapped() {
      const sent: number[] = []
      const between = createServer((near) => {
        const at = sent.push(0) - 1
        const far = reach()
        sockets.push(near.on('error', () => {}))
        near.on('data', (chunk) => {
          sent[at]! += chunk.length
        })
        near.pipe(far).pipe(near)
        near.once('close', () => far.destroy())
        far.once('close', () => near.destroy())
      })
      servers.push(between)
      const address: VipAddress = { scheme: 'ipc', path: join(folder, `tap-${servers.length}`) }
      between.listen(address.path)
      await once(between, 'listening')
      return { address, sent, cut: () => sockets.splice(0).forEach((socket) => void socket.destroy()) }
    },
    async spawn(...numbers) {
      const script = fileURLToPath(new URL('side-door-clients.js', import.meta.url))
      const child = spawn(process.execPath, [script, path, toZ85(serverKeys.publicKey), ...numbers.map(String)], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      children.push(child)
      await once(child, 'message')
      return child
    },
    async dispose() {
      for (const socket of sockets) socket.destroy()
      for (const server of servers) server.close()
      for (const child of children) child.kill('SIGKILL')
      await test.door.close()
      rmSync(folder, { recursive: true })
    },
  }
}
