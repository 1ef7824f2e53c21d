/**
 * Tells the other side of a session what we want, and keeps what it wants. The whole list goes first, then changes. Each
 * announcement ends with the digest of the whole; who finds his own copy to differ asks for the list again, so no lost
 * change lasts longer than a heartbeat.
 */
import type { Interest, RemoteInterest } from '@volttron/pubsub'
import type { PrefixChange } from '@volttron/topics'
import type { InterestMessage } from './control-message.ts'

/** Most prefixes one platform may want from another. */
export const MAX_INTEREST = 100_000
const MESSAGE_PREFIXES = 1_000
const MESSAGE_CHARACTERS = 48 * 1024
/** More changes than this in wait: the whole list is shorter. */
const MAX_WAITING = 64

export class InterestAnnouncer {
  readonly #interest: Interest
  readonly #send: (message: InterestMessage) => boolean
  #waiting: Omit<InterestMessage, 'sequence'>[] = []
  #sequence = 0
  #announced = ''

  /** @param send returns false when there is no room; {@link resume} is called when there is again */
  constructor(interest: Interest, send: (message: InterestMessage) => boolean) {
    this.#interest = interest
    this.#send = send
  }

  /** Interest messages sent so far. */
  get sequence(): number {
    return this.#sequence
  }

  /** Digest the announcements sent so far lead to. */
  get announced(): string {
    return this.#announced
  }

  /** Repairs our own side: what has been announced must lead to what we want, once all is sent. */
  verify(): void {
    if (this.#waiting.length === 0 && this.#announced !== this.#interest.digest) this.announceAll()
  }

  announceAll(): void {
    this.#waiting = parts(true, this.#interest.prefixes(), [], this.#interest.digest)
    this.resume()
  }

  announce(change: PrefixChange): void {
    this.#waiting.push(...parts(false, change.added, change.removed, this.#interest.digest))
    if (this.#waiting.length > MAX_WAITING && !this.#waiting[0]!.full) return this.announceAll()
    this.resume()
  }

  resume(): void {
    let sent = 0
    for (const message of this.#waiting) {
      if (!this.#send({ ...message, sequence: this.#sequence + 1 })) break
      this.#sequence++
      sent++
      if (!message.more) this.#announced = message.digest
    }
    if (sent > 0) this.#waiting = this.#waiting.slice(sent)
  }
}

type Part = Omit<InterestMessage, 'sequence'>

function parts(full: boolean, added: readonly string[], removed: readonly string[], digest: string): Part[] {
  const made: Part[] = []
  let part = { added: [] as string[], removed: [] as string[] }
  let count = 0
  let characters = 0
  const file = (prefix: string, list: 'added' | 'removed') => {
    if (count === MESSAGE_PREFIXES || characters > MESSAGE_CHARACTERS) {
      made.push({ op: 'interest', full, more: true, ...part, digest })
      part = { added: [], removed: [] }
      count = 0
      characters = 0
    }
    part[list].push(prefix)
    count++
    characters += prefix.length
  }
  for (const prefix of removed) file(prefix, 'removed')
  for (const prefix of added) file(prefix, 'added')
  made.push({ op: 'interest', full, more: false, ...part, digest })
  return made
}

/** What became of an announcement. */
export type Heard =
  | 'current'
  /** More is to come. */
  | 'partial'
  /** Our copy differs from theirs: ask for the list. */
  | 'drifted'
  /** More prefixes than allowed; the last good list stays. */
  | 'too-many'

/**
 * Each part of an announcement takes effect when it comes, so that a list of 100,000 prefixes never keeps the bus waiting
 * for more than one part; what a whole list no longer names goes with its last part. An announcement that turns out too
 * long is undone.
 */
export class InterestListener<P extends object> {
  readonly #remote: RemoteInterest<P>
  readonly #platform: P
  #sequence = 0
  /** What the change that is coming in has changed so far. */
  #undo = { added: [] as string[], removed: [] as string[] }
  #refused = false
  #expectsMore = false

  constructor(remote: RemoteInterest<P>, platform: P) {
    this.#remote = remote
    this.#platform = platform
  }

  hear(message: InterestMessage): Heard {
    const inOrder = message.sequence === this.#sequence + 1
    this.#sequence = message.sequence
    if (!this.#refused && !this.#take(message)) this.#undoAll()
    this.#expectsMore = message.more
    if (message.more) return 'partial'
    const refused = this.#refused
    if (message.full && !refused) this.#remote.endList(this.#platform)
    this.#begin()
    if (refused) return 'too-many'
    return inOrder && this.#remote.digest(this.#platform) === message.digest ? 'current' : 'drifted'
  }

  /** Returns false when it asks for more than is allowed. */
  #take({ full, added, removed }: InterestMessage): boolean {
    if (full) return this.#remote.addToList(this.#platform, added) === undefined
    // Nothing comes any more of a list before it.
    this.#remote.abandonList(this.#platform)
    const isHeld = (prefix: string) => this.#remote.has(this.#platform, prefix)
    const fresh = added.filter((prefix) => !isHeld(prefix))
    const stays = new Set(added)
    const gone = removed.filter((prefix) => isHeld(prefix) && !stays.has(prefix))
    if (this.#remote.apply(this.#platform, { added: fresh, removed: gone }) !== undefined) return false
    for (const prefix of fresh) this.#undo.removed.push(prefix)
    for (const prefix of gone) this.#undo.added.push(prefix)
    return true
  }

  #undoAll(): void {
    this.#remote.apply(this.#platform, this.#undo)
    this.#begin()
    this.#refused = true
  }

  #begin(): void {
    this.#remote.abandonList(this.#platform)
    this.#undo = { added: [], removed: [] }
    this.#refused = false
  }

  /** Compares our copy with a heartbeat; `drifted` only when nothing is on its way that would explain a difference. */
  check(sequence: number, digest: string): Heard {
    if (sequence !== this.#sequence) return 'drifted'
    if (this.#expectsMore) return 'partial'
    return this.#remote.digest(this.#platform) === digest ? 'current' : 'drifted'
  }
}
