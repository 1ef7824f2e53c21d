/**
 * Which other platform wants what: the lists that platforms announce to us, in full or by change. `P` names a platform
 * or stands for its session.
 */
import { type PrefixChange, PrefixIndex } from '@volttron/topics'
import { InterestDigest } from './interest-digest.ts'
import { badPrefix, type Refusal, tooManyPrefixes } from './refusal.ts'

export interface RemoteInterestOptions {
  /** Most prefixes one platform may announce; default 100,000. */
  readonly maxPerPlatform?: number
}

interface Announced {
  readonly prefixes: Set<string>
  readonly digest: InterestDigest
}

export class RemoteInterest<P extends object | string> {
  readonly #index = new PrefixIndex<P>()
  readonly #announced = new Map<P, Announced>()
  readonly #maxPerPlatform: number
  #version = 0

  constructor(options: RemoteInterestOptions = {}) {
    this.#maxPerPlatform = options.maxPerPlatform ?? 100_000
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
    const held = this.#announced.get(platform)?.prefixes
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
    const held = this.#announced.get(platform)?.prefixes
    const wanted = new Set(change.added)
    const added = [...wanted].filter((prefix) => !held?.has(prefix))
    const removed = [...new Set(change.removed)].filter((prefix) => held?.has(prefix) && !wanted.has(prefix))
    const count = (held?.size ?? 0) + added.length - removed.length
    if (count > this.#maxPerPlatform) return tooManyPrefixes(count, this.#maxPerPlatform)
    this.#change(platform, added, removed)
    return undefined
  }

  /** Forgets a platform. Returns whether it wanted anything. */
  drop(platform: P): boolean {
    const announced = this.#announced.get(platform)
    if (announced === undefined) return false
    this.#announced.delete(platform)
    for (const prefix of announced.prefixes) this.#index.remove(prefix, platform)
    this.#version++
    return true
  }

  /** The distinct platforms that want `topic`. */
  match(topic: string): P[] {
    return this.#index.match(topic)
  }

  /** Whether the platform wants exactly this prefix. */
  has(platform: P, prefix: string): boolean {
    return this.#announced.get(platform)?.prefixes.has(prefix) ?? false
  }

  /** Number of prefixes the platform wants. */
  count(platform: P): number {
    return this.#announced.get(platform)?.prefixes.size ?? 0
  }

  /** The prefixes the platform wants, in the order it announced them. */
  prefixes(platform: P): string[] {
    return [...(this.#announced.get(platform)?.prefixes ?? [])]
  }

  /** Digest of {@link prefixes}, to compare with the digest the platform sends. */
  digest(platform: P): string {
    return (this.#announced.get(platform)?.digest ?? new InterestDigest()).toString()
  }

  #change(platform: P, added: readonly string[], removed: readonly string[]): boolean {
    if (added.length + removed.length === 0) return false
    let announced = this.#announced.get(platform)
    if (announced === undefined) {
      announced = { prefixes: new Set(), digest: new InterestDigest() }
      this.#announced.set(platform, announced)
    }
    for (const prefix of removed) {
      announced.prefixes.delete(prefix)
      announced.digest.remove(prefix)
      this.#index.remove(prefix, platform)
    }
    for (const prefix of added) {
      announced.prefixes.add(prefix)
      announced.digest.add(prefix)
      this.#index.add(prefix, platform)
    }
    if (announced.prefixes.size === 0) this.#announced.delete(platform)
    this.#version++
    return true
  }
}
