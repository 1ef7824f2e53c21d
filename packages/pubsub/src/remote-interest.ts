/**
 * Which other platform wants what: the lists that platforms announce to us, in full, part by part, or by change. `P` names a
 * platform or stands for its session.
 *
 * What a platform holds is true at once. The index finds it, and may find more: of a list of 100,000 prefixes that is gone it
 * is cleared slice by slice, so that the bus does not stand still meanwhile.
 */
import { type PrefixChange, PrefixIndex } from '@volttron/topics'
import { InterestDigest } from './interest-digest.ts'
import { badPrefix, type Refusal, tooManyPrefixes } from './refusal.ts'

export interface RemoteInterestOptions {
  /** Most prefixes one platform may announce; default 100,000. */
  readonly maxPerPlatform?: number
  /** Runs `work` when others have had their turn. Without it nothing is put off. */
  readonly later?: (work: () => void) => void
  /** So many prefixes are cleared in a turn; default 1,000, which takes some milliseconds. */
  readonly slice?: number
}

interface List {
  readonly prefixes: Set<string>
  readonly digest: InterestDigest
}

interface Announced {
  held: List
  /** A whole list that is coming in: wanted too, until it takes the place of the other. */
  incoming?: List
}

const newList = (): List => ({ prefixes: new Set(), digest: new InterestDigest() })

export class RemoteInterest<P extends object | string> {
  readonly #index = new PrefixIndex<P>()
  readonly #announced = new Map<P, Announced>()
  /** What has to be cleared from the index, unless it is wanted again. */
  readonly #gone: { readonly platform: P; readonly prefixes: Iterator<string> }[] = []
  readonly #maxPerPlatform: number
  readonly #later: RemoteInterestOptions['later']
  readonly #slice: number
  #isClearing = false
  #version = 0

  constructor({ maxPerPlatform = 100_000, later, slice = 1_000 }: RemoteInterestOptions = {}) {
    this.#maxPerPlatform = maxPerPlatform
    this.#later = later
    this.#slice = later ? slice : Number.POSITIVE_INFINITY
  }

  /** Grows with every operation that changed something; whoever caches a match compares it. */
  get version(): number {
    return this.#version
  }

  /** The platform wants exactly these prefixes. */
  replace(platform: P, prefixes: readonly string[]): Refusal | undefined {
    const refusal = badPrefix(prefixes)
    if (refusal !== undefined) return refusal
    const wanted = new Set(prefixes)
    if (wanted.size > this.#maxPerPlatform) return tooManyPrefixes(wanted.size, this.#maxPerPlatform)
    const held = this.#announced.get(platform)?.held.prefixes
    this.#change(
      platform,
      [...wanted].filter((prefix) => !held?.has(prefix)),
      [...(held ?? [])].filter((prefix) => !wanted.has(prefix)),
    )
    return undefined
  }

  /** The platform no longer wants `removed` and wants `added`; what it holds (or lacks) already is left alone. */
  apply(platform: P, change: PrefixChange): Refusal | undefined {
    const refusal = badPrefix(change.added)
    if (refusal !== undefined) return refusal
    const held = this.#announced.get(platform)?.held.prefixes
    const wanted = new Set(change.added)
    const added = [...wanted].filter((prefix) => !held?.has(prefix))
    const removed = [...new Set(change.removed)].filter((prefix) => held?.has(prefix) && !wanted.has(prefix))
    const count = (held?.size ?? 0) + added.length - removed.length
    if (count > this.#maxPerPlatform) return tooManyPrefixes(count, this.#maxPerPlatform)
    this.#change(platform, added, removed)
    return undefined
  }

  /**
   * A part of a whole list, wanted from now on. {@link endList} makes the parts so far the list of the platform,
   * {@link abandonList} forgets them.
   */
  addToList(platform: P, part: readonly string[]): Refusal | undefined {
    const refusal = badPrefix(part)
    if (refusal !== undefined) return refusal
    const announced = this.#announcedBy(platform)
    announced.incoming ??= newList()
    const { prefixes, digest } = announced.incoming
    for (const prefix of part) {
      if (prefixes.has(prefix)) continue
      if (prefixes.size === this.#maxPerPlatform) return tooManyPrefixes(prefixes.size + 1, this.#maxPerPlatform)
      prefixes.add(prefix)
      digest.add(prefix)
      if (this.#index.add(prefix, platform) || this.#gone.length > 0) this.#version++
    }
    return undefined
  }

  /** The list that has come in counts, and nothing of the one before. */
  endList(platform: P): void {
    const announced = this.#announced.get(platform)
    if (announced?.incoming === undefined) return
    const before = announced.held
    announced.held = announced.incoming
    this.#forgetIncoming(platform, announced, before)
  }

  /** What has come in of a list is not wanted. */
  abandonList(platform: P): void {
    const announced = this.#announced.get(platform)
    if (announced?.incoming !== undefined) this.#forgetIncoming(platform, announced, announced.incoming)
  }

  /** Forgets a platform. Returns whether it wanted anything. */
  drop(platform: P): boolean {
    const announced = this.#announced.get(platform)
    if (announced === undefined) return false
    this.#announced.delete(platform)
    this.#version++
    this.#clear(platform, announced.held.prefixes)
    if (announced.incoming) this.#clear(platform, announced.incoming.prefixes)
    return true
  }

  /** The distinct platforms that want `topic`. */
  match(topic: string): P[] {
    if (this.#gone.length === 0) return this.#index.match(topic)
    const found = new Set<P>()
    for (const prefix of this.#index.prefixesOf(topic)) {
      for (const platform of this.#index.values(prefix)) if (this.has(platform, prefix)) found.add(platform)
    }
    return [...found]
  }

  /** Whether the platform wants exactly this prefix. */
  has(platform: P, prefix: string): boolean {
    const announced = this.#announced.get(platform)
    if (announced === undefined) return false
    return announced.held.prefixes.has(prefix) || announced.incoming?.prefixes.has(prefix) === true
  }

  /** Number of prefixes the platform wants. */
  count(platform: P): number {
    const announced = this.#announced.get(platform)
    return announced?.incoming ? this.prefixes(platform).length : (announced?.held.prefixes.size ?? 0)
  }

  /** The prefixes the platform wants, in the order it announced them. */
  prefixes(platform: P): string[] {
    const { held, incoming } = this.#announced.get(platform) ?? {}
    return [...new Set([...(held?.prefixes ?? []), ...(incoming?.prefixes ?? [])])]
  }

  /** Digest of the list of the platform, without one that is coming in, to compare with what it sends. */
  digest(platform: P): string {
    return (this.#announced.get(platform)?.held.digest ?? new InterestDigest()).toString()
  }

  #announcedBy(platform: P): Announced {
    let announced = this.#announced.get(platform)
    if (announced === undefined) {
      announced = { held: newList() }
      this.#announced.set(platform, announced)
    }
    return announced
  }

  #forgetIncoming(platform: P, announced: Announced, gone: List): void {
    delete announced.incoming
    if (announced.held.prefixes.size === 0) this.#announced.delete(platform)
    this.#version++
    this.#clear(platform, gone.prefixes)
  }

  #change(platform: P, added: readonly string[], removed: readonly string[]): void {
    if (added.length + removed.length === 0) return
    const announced = this.#announcedBy(platform)
    const { prefixes, digest } = announced.held
    for (const prefix of removed) {
      prefixes.delete(prefix)
      digest.remove(prefix)
    }
    for (const prefix of added) {
      prefixes.add(prefix)
      digest.add(prefix)
      this.#index.add(prefix, platform)
    }
    if (prefixes.size === 0 && announced.incoming === undefined) this.#announced.delete(platform)
    this.#version++
    this.#clear(platform, removed)
  }

  /** Takes prefixes from the index that are no longer wanted: a slice now, more of them later. */
  #clear(platform: P, prefixes: Iterable<string>): void {
    this.#gone.push({ platform, prefixes: prefixes[Symbol.iterator]() })
    if (!this.#isClearing) this.#clearSlice()
  }

  #clearSlice(): void {
    let rest = this.#slice
    for (let first = this.#gone[0]; first !== undefined && rest > 0; first = this.#gone[0]) {
      for (; rest > 0; rest--) {
        const { done, value } = first.prefixes.next()
        if (done) {
          this.#gone.shift()
          break
        }
        if (!this.has(first.platform, value)) this.#index.remove(value, first.platform)
      }
    }
    this.#isClearing = this.#gone.length > 0
    if (this.#isClearing) this.#later!(() => this.#clearSlice())
  }
}
