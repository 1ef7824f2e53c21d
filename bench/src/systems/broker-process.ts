/** A broker of somebody else, as a process: its output in a log, ready when its port takes connections. */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Broker } from './system.ts'

export const LOOPBACK = '127.0.0.1'

/** Below the range from which Linux takes the ports of outgoing connections: nobody gets one of these by chance. */
const LOWEST_PORT = 20_000
const HIGHEST_PORT = 32_000
const PORT_ATTEMPTS = 3
const IS_TAKEN = /address already in use|eaddrinuse/i
const LOOK_MS = 5
/** Whoever has not ended by then is killed. */
const END_MS = 15_000
const LINES_OF_TAIL = 5

export interface BrokerOptions {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly environment?: NodeJS.ProcessEnv
  /** Where its log goes. */
  readonly folder: string
  /** Takes connections on the loopback address once the broker is ready. */
  readonly port: number
  readonly readyMs: number
  /** Default SIGTERM. */
  readonly endSignal?: NodeJS.Signals
}

export interface BrokerProcess extends Broker {
  readonly port: number
  /** Ends it, and waits for that. */
  stop(): Promise<void>
}

/** @throws Error with the end of its log, when it ends or is not ready in time; nothing is left running then */
export async function startBroker(options: BrokerOptions): Promise<BrokerProcess> {
  const { name, program, args, environment, folder, port, readyMs, endSignal = 'SIGTERM' } = options
  const logPath = join(folder, `${name}.log`)
  const log = openSync(logPath, 'a')
  const child = spawn(program, args, {
    cwd: folder,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...environment },
  })
  closeSync(log)
  let end: string | undefined
  const ended = new Promise<void>((resolve) => {
    const finish = (how: string) => {
      end = how
      resolve()
    }
    child.once('error', (error) => finish(error.message))
    child.once('exit', (code, signal) => finish(signal ?? `exit code ${code}`))
  })
  const stop = async () => {
    if (end !== undefined) return
    child.kill(endSignal)
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS)
    await ended
    clearTimeout(timer)
  }

  const deadlineMs = performance.now() + readyMs
  while (!(await isListening(port))) {
    if (end === undefined && performance.now() < deadlineMs) {
      await pause(LOOK_MS)
      continue
    }
    const what = end === undefined ? `is not ready after ${readyMs / 1000} s` : `ended (${end})`
    await stop()
    throw new Error(`${name} ${what}: ${tail(logPath)}`)
  }
  return { name, pids: [child.pid!], port, stop }
}

/** Calls `use` with ports that nobody listens on, again with others should somebody have been faster. */
export async function withFreePorts<T>(count: number, use: (ports: number[]) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const ports: number[] = []
    while (ports.length < count) {
      const port = randomInt(LOWEST_PORT, HIGHEST_PORT)
      if (!ports.includes(port) && (await isFree(port))) ports.push(port)
    }
    try {
      return await use(ports)
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !(error instanceof Error && IS_TAKEN.test(error.message))) throw error
    }
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, LOOPBACK, () => server.close(() => resolve(true)))
  })

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, LOOPBACK)
    const finish = (is: boolean) => {
      socket.destroy()
      resolve(is)
    }
    socket.once('connect', () => finish(true)).once('error', () => finish(false))
  })

const tail = (path: string): string => readFileSync(path, 'utf8').trim().split('\n').slice(-LINES_OF_TAIL).join(' | ')
