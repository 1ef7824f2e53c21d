/**
 * Plays the agents of a recording against our router and compares what it sends them with what was recorded. The platform's
 * own services are part of our router, so what was said between theirs is left out.
 *
 * A recording is followed line by line: what an agent sent is sent, and before that everything is awaited that was sent to an
 * agent until then. So each message meets the state in which it was recorded.
 */
import { eventually } from '@volttron/testkit'
import { FrameAt } from '@volttron/vip'
import { Actor } from './actor.ts'
import type { Difference, ListedDifference } from './differences.ts'
import { isListed } from './differences.ts'
import { differencesOf, kindOf, type Message, nameOf, shown, textOf } from './messages.ts'
import { asPythonForwards, isTruncated, type RecordedMessage, type Recording } from './recording.ts'

export interface RouterReplayOptions {
  readonly home: string
  readonly listed: readonly ListedDifference[]
}

export class RouterReplay {
  readonly differences: Difference[] = []
  readonly #options: RouterReplayOptions
  readonly #outside = new Set<string>()
  readonly #actors = new Map<string, Actor>()
  /** Ids of calls of the services, by the recorded one. */
  readonly #callIds = new Map<string, string>()
  /** Per agent: the id it got instead of the recorded one, as hex. */
  readonly #ids = new Map<string, Map<string, Buffer>>()

  constructor(options: RouterReplayOptions) {
    this.#options = options
  }

  /** Connects an agent, with the key of another one if that is given. */
  async connect(identity: string, keyOf = identity): Promise<Actor> {
    const actor = await Actor.connect(this.#options.home, identity, keyOf)
    this.#actors.set(identity, actor)
    this.#ids.set(identity, new Map())
    return actor
  }

  /** An agent that the platform does not let in: nobody speaks for it from here on. */
  leaveOutside(identity: string): void {
    this.#outside.add(identity)
  }

  /** Waits until the router is done with everybody, and forgets what it has said so far. */
  async settle(): Promise<void> {
    for (const actor of this.#actors.values()) await actor.settle()
    for (const { inbox } of this.#actors.values()) inbox.length = 0
  }

  /** @param before what happens, by the first one who says something after it */
  async play(recording: Recording, before: Readonly<Record<string, () => Promise<void>>> = {}): Promise<void> {
    const missing: Difference[] = []
    const begun = new Set<string>()
    for (const message of recording.messages) {
      if (message.direction === 'in' && !begun.has(message.identity)) {
        begun.add(message.identity)
        await before[message.identity]?.()
      }
      if (message.socket !== 'ROUTER' || isService(message.identity)) continue
      if (message.direction === 'in') await this.#say(message)
      else if (message.direction === 'out') {
        const difference = await this.#hear(recording, message)
        if (difference) missing.push(difference)
      }
    }
    for (const actor of this.#actors.values()) await actor.settle()
    this.differences.push(...missing)
    for (const { identity, inbox } of this.#actors.values())
      for (const message of inbox.splice(0))
        this.differences.push(this.#whole('extra', recording.name, identity, message))
  }

  /** Takes an agent off the bus as a process that ends. */
  disconnect(identity: string): void {
    this.#actors.get(identity)?.close()
    this.#actors.delete(identity)
  }

  close(): void {
    for (const identity of [...this.#actors.keys()]) this.disconnect(identity)
  }

  async #say({ identity, frames }: RecordedMessage): Promise<void> {
    if (this.#outside.has(identity)) return
    const actor = this.#actors.get(identity) ?? (await this.connect(identity))
    const id = frames[FrameAt.id]
    const ourId = id && this.#ids.get(identity)?.get(id.toString('hex'))
    const whole = frames.map((frame) => (isTruncated(frame) ? longPublish(frame.length) : this.#withOurCallId(frame)))
    actor.send(ourId ? whole.with(FrameAt.id, ourId) : whole)
  }

  async #hear({ name }: Recording, { identity, frames }: RecordedMessage): Promise<Difference | undefined> {
    const absent = this.#whole('missing', name, identity, frames)
    const actor = this.#actors.get(identity)
    // Nothing to wait for: that it does not come is known, and checked in the end.
    if (!actor || this.#options.listed.some((entry) => isListed(absent, entry))) return absent
    let ours: Message | undefined
    try {
      ours = await eventually(() => actor.take((message) => isSame(frames, message)))
    } catch {
      return absent
    }
    this.#ids.get(identity)!.set(frames[FrameAt.id]!.toString('hex'), ours[FrameAt.id]!)
    this.differences.push(...differencesOf(name, identity, this.#underOurIds(frames, ours), ours))
    return undefined
  }

  /** A call of a service bears ids that the service makes up: those of ours take the place of the recorded ones. */
  #underOurIds(recorded: Message, ours: Message): Message {
    const [theirs, id] = [callId(recorded), callId(ours)]
    if (!isService(textOf(recorded, FrameAt.peer)) || theirs === undefined || id === undefined) return recorded
    this.#callIds.set(theirs, id)
    return recorded.with(FrameAt.id, ours[FrameAt.id]!).map((frame) => this.#withOurCallId(frame))
  }

  #withOurCallId(frame: Buffer): Buffer {
    if (this.#callIds.size === 0 || !frame.includes('jsonrpc')) return frame
    const text = frame.toString('latin1')
    return Buffer.from(
      text.replace(ANY_ID, (member, id) => member.replace(id, this.#callIds.get(id) ?? id)),
      'latin1',
    )
  }

  #whole(kind: 'missing' | 'extra', recording: string, identity: string, frames: Message): Difference {
    const text = frames.map(shown).join(' | ')
    const [recorded, ours] = kind === 'missing' ? [text, '(nothing)'] : ['(nothing)', text]
    return { recording, kind, message: nameOf(identity, frames), frame: 'message', recorded, ours }
  }
}

const ANY_ID = /"id": ?"([^"]*)"/

/** Of a call, not of an answer. */
function callId(message: Message): string | undefined {
  const text = textOf(message, FrameAt.args)
  return text.includes('"method"') ? ANY_ID.exec(text)?.[1] : undefined
}

/** The platform itself, in the recordings as peers of their router. */
export const isService = (identity: string): boolean => identity.startsWith('platform.')

/** The same kind, and the same id or what a Python router makes of it. */
function isSame(recorded: Message, ours: Message): boolean {
  if (kindOf(recorded) !== kindOf(ours)) return false
  const [theirs, id] = [recorded[FrameAt.id]!, ours[FrameAt.id]!]
  const read = asPythonForwards(id)
  return [id, read, asPythonForwards(read)].some((one) => theirs.equals(one)) || isService(textOf(ours, FrameAt.peer))
}

/** The body of the one publish that was too long to be recorded: a text of one letter, of which the length is known. */
export function longPublish(length: number): Buffer {
  const [start, end] = [
    '{"bus": "", "headers": {"min_compatible_version": "3.0", "max_compatible_version": ""}, "message": "',
    '"}',
  ]
  return Buffer.from(`${start}${'x'.repeat(length - start.length - end.length)}${end}`)
}
