/**
 * The side door, for clients on the same machine that know of it. Whoever comes through a local socket of the front door may
 * ask, instead of speaking ZMTP there, for the path of an inner socket of its own, and connects to that. The key is as
 * certain, because the inner socket still serves one connection only; but no byte is piped through this process, which saves
 * a fifth of the processor time of bulk and a third of the time of a round trip (docs/performance.md). CURVE stays.
 *
 * ```
 * client  VOLTTRON side door 1\n  ->  local socket of the front door
 * client  <-  /tmp/vip-.../123-4\n    once a place for its handshake is free
 * client  ZMTP, CURVE  ->  that path, which is unlinked as soon as somebody is connected to it
 * ```
 * The first socket stays open as long as both live, as a lifeline: its end says at once that the other process is gone.
 * Who leaves in peace writes there how many messages it has sent, and waits until the other side has read them and hangs up.
 *
 * Only who may enter the folder of inner sockets, which is private to the platform's user, gets in by the side door;
 * everybody else goes on to speak ZMTP at the local socket.
 */
import { connect, type Socket } from 'node:net'
import { nodePath } from './local-path.ts'

const REQUEST = Buffer.from('VOLTTRON side door 1\n')
const LINE_END = 0x0a
const SLASH = 0x2f
/** The longest answer that is read. */
const MAX_ANSWER_BYTES = 256

export type RequestState = 'incomplete' | 'complete' | 'other'

/** Whether what a client has sent so far asks for the side door. No ZMTP greeting begins like it. */
export function judgeRequest(bytes: Buffer): RequestState {
  const length = Math.min(bytes.length, REQUEST.length)
  if (bytes.compare(REQUEST, 0, length, 0, length) !== 0 || bytes.length > REQUEST.length) return 'other'
  return bytes.length === REQUEST.length ? 'complete' : 'incomplete'
}

/** The answer to {@link judgeRequest}'s `complete`. */
export const sideDoorAnswer = (path: string): string => `${path}\n`

export const farewell = (messages: number): string => `${messages}\n`

/** Hears the {@link farewell} on a lifeline; `undefined` for anything else that is said there. */
export function onFarewell(lifeline: Socket, heard: (messages: number | undefined) => void): void {
  let text = ''
  lifeline.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    if (/^\d{1,15}\n$/.test(text)) heard(Number.parseInt(text, 10))
    else if (!/^\d{0,15}$/.test(text)) heard(undefined)
  })
}

export interface SideDoor {
  /** Where to connect to. */
  readonly path: string
  /** Ends with the other process. The owner destroys it. */
  readonly lifeline: Socket
}

/**
 * Asks at a local socket for a path of our own.
 *
 * @returns undefined when whoever is there knows no side door, or gives none in time
 */
export function knock(path: string, timeoutMs: number, signal?: AbortSignal): Promise<SideDoor | undefined> {
  return new Promise((resolve) => {
    const lifeline = connect({ path: nodePath(path) })
    let answer = Buffer.alloc(0)
    const settle = (door: SideDoor | undefined): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
      lifeline.off('data', onData).off('close', giveUp)
      if (!door) lifeline.destroy()
      resolve(door)
    }
    const giveUp = (): void => settle(undefined)
    const timer = setTimeout(giveUp, timeoutMs)
    signal?.addEventListener('abort', giveUp, { once: true })
    const onData = (chunk: Buffer): void => {
      answer = Buffer.concat([answer, chunk])
      const end = answer.indexOf(LINE_END)
      // A ZeroMQ socket greets at once.
      if (answer[0] !== SLASH) return giveUp()
      if (end === answer.length - 1) settle({ path: answer.toString('utf8', 0, end), lifeline })
      else if (end >= 0 || answer.length > MAX_ANSWER_BYTES) giveUp()
    }
    lifeline.once('connect', () => lifeline.write(REQUEST))
    lifeline.on('error', () => {})
    lifeline.on('data', onData).on('close', giveUp)
  })
}
