/** How two messages of the same moment are told to be the same, and where they differ. */
import { FrameAt, frameText } from '@volttron/vip'
import type { Difference } from './differences.ts'
import { isTruncated } from './recording.ts'

export type Message = readonly Buffer[]

const HEADER = ['peer', 'signature', 'user', 'id', 'subsystem'] as const

export const textOf = (message: Message, at: number): string => (message[at] ? frameText(message[at]) : '')
export const subsystemOf = (message: Message): string => textOf(message, FrameAt.subsystem)

const PRINTABLE = /^[\x20-\x7e]*$/
const TRACEBACK = /"exc_tb": ?"(?:[^"\\]|\\.)*"/g

/** A frame for people. */
export function shown(frame: Buffer | undefined): string {
  if (!frame) return '(absent)'
  const text = frame.toString('latin1')
  return PRINTABLE.test(text) ? text : `hex:${frame.toString('hex')}`
}

/** What a message is about, without what differs from run to run. */
export function nameOf(identity: string, message: Message): string {
  const from = textOf(message, FrameAt.peer)
  const subsystem = subsystemOf(message)
  const words = [identity, ...(from === '' ? [] : [`from ${from}`]), subsystem]
  if (subsystem === 'peerlist' || subsystem === 'error')
    words.push(textOf(message, FrameAt.args), textOf(message, FrameAt.args + 1))
  else if (subsystem !== 'RPC') words.push(textOf(message, FrameAt.args))
  else words.push(/"method": ?"([^"]*)"/.exec(textOf(message, FrameAt.args))?.[1] ?? 'answer')
  return words.join(' ').slice(0, 120)
}

/** Subsystem and operation: two messages that agree in it and in their id are taken to be the same. */
export function kindOf(message: Message): string {
  const subsystem = subsystemOf(message)
  const from = textOf(message, FrameAt.peer)
  const operation = textOf(message, FrameAt.args)
  switch (subsystem) {
    case 'peerlist':
      return operation === 'add' || operation === 'drop'
        ? `${subsystem} ${operation} ${textOf(message, FrameAt.args + 1)}`
        : subsystem
    case 'pubsub':
      return `${subsystem} ${operation} ${operation === 'publish' ? textOf(message, FrameAt.args + 1) : ''}`
    case 'RPC':
      return `${subsystem} ${from} ${/"method": ?"([^"]*)"/.exec(operation)?.[1] ?? ''}`
    default:
      return `${subsystem} ${from}`
  }
}

/** Frame by frame, byte by byte; what is different in each run is left out. */
export function differencesOf(recording: string, identity: string, recorded: Message, ours: Message): Difference[] {
  const message = nameOf(identity, recorded)
  const [left, right] = [comparable(recorded), comparable(ours)]
  const differences: Difference[] = []
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one, other] = [left[at], right[at]]
    if (one && other && (one.equals(other) || (isTruncated(one) && one.length === other.length))) continue
    const frame = HEADER[at] ?? `argument ${at - FrameAt.args}`
    differences.push({ recording, kind: 'changed', message, frame, recorded: shown(one), ours: shown(other) })
  }
  return differences
}

const ROUTER_ID = Buffer.from('<router>')

/** The router's own name is another one in each run, a list of peers has no order, a traceback tells of files. */
function comparable(message: Message): readonly Buffer[] {
  const subsystem = subsystemOf(message)
  const operation = textOf(message, FrameAt.args)
  if (subsystem === 'hello' && operation === 'welcome') return message.with(FrameAt.args + 2, ROUTER_ID)
  if (subsystem === 'peerlist' && operation === 'listing') {
    const peers = message.slice(FrameAt.args + 1).sort(Buffer.compare)
    return [...message.slice(0, FrameAt.args + 1), Buffer.from(peers.join(' '))]
  }
  if (subsystem !== 'RPC') return message
  return message.map((frame, at) =>
    at < FrameAt.args || !frame.includes('exc_tb')
      ? frame
      : Buffer.from(frame.toString('latin1').replace(TRACEBACK, '"exc_tb": "<traceback>"'), 'latin1'),
  )
}
