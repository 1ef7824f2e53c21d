/** Client processes: each runs worker.ts, takes orders and answers them. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Client, SystemName } from '../systems/system.ts'
import type { Answer, Order } from './orders.ts'

/** What a client speaks: that of its system, or VIP1 as a Python agent does. */
export type ClientKind = SystemName | 'classic'

/** Far above what any order takes; whoever waits longer waits for nothing. */
const ANSWER_MS = 120_000
const START_MS = 30_000
const END_MS = 2_000
/** As much of what it wrote to stderr is shown when it fails. */
const KEPT_ERROR_CHARS = 2_000

/**
 * Starts a client process and waits until its first connection stands.
 *
 * @param settings what the connection of this kind needs, see its `-connection.ts`; `role` names it in errors
 * @throws Error when it cannot connect
 */
export async function startClient(kind: ClientKind, settings: Readonly<Record<string, string>>): Promise<Client> {
  const worker = fileURLToPath(new URL('./worker.js', import.meta.url))
  const child = fork(worker, [kind, JSON.stringify(settings)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  })
  return await takeOn(`${kind} ${settings.role ?? 'client'}`, child)
}

/**
 * Waits until the first connection of a client process stands. Orders and answers go over its IPC channel, so a program in
 * another language can be one: with JSON serialization the channel is a socket with a line for each.
 *
 * @param child with its stderr piped
 * @throws Error when it cannot connect; it has ended then
 */
export async function takeOn(name: string, child: ChildProcess): Promise<Client> {
  const client = new ClientProcess(name, child)
  try {
    await client.expect('start', START_MS)
  } catch (error) {
    await client.stop()
    throw error
  }
  return client
}

/** Whoever waits for an answer. */
interface Waiting {
  resolve(answer: Answer): void
  reject(error: Error): void
}

class ClientProcess implements Client {
  readonly #name: string
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #waiting = new Map<string, Waiting>()
  #written = ''
  #end: string | undefined

  constructor(name: string, child: ChildProcess) {
    this.#name = name
    this.#child = child
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#written = (this.#written + text).slice(-KEPT_ERROR_CHARS)
    })
    child.on('message', (answer: Answer) => this.#onAnswer(answer))
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.#end ??= how
        for (const { reject } of this.#waiting.values()) reject(this.#endedError())
        this.#waiting.clear()
        resolve()
      }
      child.once('error', (error) => end(error.message))
      const written = new Promise((done) => child.stderr!.once('close', done))
      // Not 'close' of the child: that never comes once this side has disconnected.
      child.once('exit', (code, signal) => void written.then(() => end(signal ?? `exit code ${code}`)))
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  ask<K extends Answer['did']>(order: Order, did: K): Promise<Extract<Answer, { did: K }>> {
    const answer = this.expect(did, ANSWER_MS)
    if (this.#end === undefined) this.#child.send(order)
    return answer as Promise<never>
  }

  expect(did: Answer['did'], timeoutMs: number): Promise<Answer> {
    if (this.#end !== undefined) return Promise.reject(this.#endedError())
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(did)
        reject(new Error(`${this.#name} did not answer '${did}' within ${timeoutMs / 1000} s`))
      }, timeoutMs)
      const settle = <T>(then: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(timer)
          then(value)
        }
      }
      this.#waiting.set(did, { resolve: settle(resolve), reject: settle(reject) })
    })
  }

  async stop(): Promise<void> {
    if (this.#end !== undefined) return
    // A disconnected worker ends by itself, unless it is stopped or stuck.
    if (this.#child.connected) this.#child.disconnect()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS)
    await this.#ended
    clearTimeout(timer)
  }

  #onAnswer(answer: Answer): void {
    const did = answer.did === 'fail' ? answer.order : answer.did
    const waiting = this.#waiting.get(did)
    this.#waiting.delete(did)
    if (answer.did === 'fail') waiting?.reject(new Error(`${this.#name} could not ${did}: ${answer.message}`))
    else waiting?.resolve(answer)
  }

  #endedError(): Error {
    const words = this.#written.trim()
    return new Error(`${this.#name} ended (${this.#end})${words === '' ? '' : `: ${words}`}`)
  }
}
