/**
 * Whom we know, and whom we trust. Feed it the registry's list and it says what changed.
 *
 * - A key is pinned at first sight and replaced only with proof, or when an operator accepts it.
 * - A list may remove a platform only when it still holds our own entry and had that platform before, in the same run of
 *   the registry: a list that lost data, ours among it, removes nobody.
 * - What breaks a rule is refused and counted; one bad entry never harms the others.
 */
import type { PublicKey } from '@volttron/vip'
import {
  type CheckedEntry,
  checkEntry,
  type EntryProblem,
  isProvenSuccessor,
  type KnownPlatform,
  printable,
} from './known-platform.ts'

export const PeerLimits = { platforms: 10_000, listEntries: 100_000, refusalsShown: 20 } as const

export interface PeerRules {
  readonly ownName: string
  readonly ownAddresses: readonly string[]
  /** Federate with this group only; absent: with every group. */
  readonly onlyGroup?: string | undefined
  /** Federate with these names only; absent: with all. */
  readonly allow?: readonly string[] | undefined
  /** `registry`: a key is trusted at first sight. `listed`: only the keys given here, or accepted by an operator. */
  readonly trust: 'registry' | 'listed'
  readonly listed?: readonly KnownPlatform[] | undefined
}

export interface PeerChange {
  readonly kind: 'added' | 'changed' | 'removed'
  readonly platform: KnownPlatform
}

export type RefusalReason = EntryProblem | 'duplicate-name' | 'duplicate-key' | 'own-key' | 'own-address' | 'too-many'

export interface RefusedEntry {
  readonly name: string
  readonly reason: RefusalReason
}

export interface ListReading {
  /** Our own entry in the list. */
  readonly own: 'missing' | 'same' | 'differs' | 'other-key'
  readonly changes: readonly PeerChange[]
  /** Entries in the list. */
  readonly listed: number
  readonly refusedCount: number
  /** The first of the refused, for the status. */
  readonly refused: readonly RefusedEntry[]
  /** Entries left out by our own rules. */
  readonly ignored: { readonly group: number; readonly name: number; readonly removed: number }
}

export interface OwnEntry {
  readonly address: string
  readonly key: PublicKey
  readonly group: string
  readonly dialOnly: boolean
}

export class PeerBook {
  readonly #rules: PeerRules
  readonly #allow: ReadonlySet<string> | undefined
  readonly #platforms = new Map<string, KnownPlatform>()
  /** Names an operator removed; they stay out until they leave the registry or are accepted again. */
  readonly #removed = new Set<string>()
  /** Names the registry's run: the time our entry was made, or a count of our own where the registry does not say. */
  #generation: string | null = null
  #unnamedRuns = 0
  readonly #runPrefix: string

  /** @param runPrefix differs at each start of the platform */
  constructor(rules: PeerRules, runPrefix: string) {
    this.#rules = rules
    this.#runPrefix = runPrefix
    this.#allow = rules.allow && new Set(rules.allow)
    for (const platform of rules.listed ?? []) {
      if (platform.name !== rules.ownName) this.#platforms.set(platform.name, platform)
    }
  }

  get generation(): string | null {
    return this.#generation
  }

  get size(): number {
    return this.#platforms.size
  }

  get(name: string): KnownPlatform | undefined {
    return this.#platforms.get(name)
  }

  platforms(): IterableIterator<KnownPlatform> {
    return this.#platforms.values()
  }

  removedNames(): string[] {
    return [...this.#removed]
  }

  /** Takes up what a former run of the platform knew; whom the rules no longer admit is left out. */
  restore(platforms: Iterable<KnownPlatform>, memory: { generation: string | null; removed: readonly string[] }): void {
    this.#generation = memory.generation
    for (const name of memory.removed.slice(0, PeerLimits.platforms)) this.#removed.add(name)
    for (const platform of platforms) {
      const { name } = platform
      if (name === this.#rules.ownName || this.#platforms.has(name) || this.#removed.has(name)) continue
      if (this.#exclusion(name, platform.group) || this.#platforms.size >= PeerLimits.platforms) continue
      this.#platforms.set(name, platform)
    }
  }

  /**
   * Reads a list of the registry.
   *
   * @param isComplete false: what is missing has not been removed
   */
  read(list: readonly unknown[], own: OwnEntry, isComplete = true): ListReading {
    const reading = new Reading(list.length)
    const entries = this.#check(list, reading)
    const ownEntry = entries.get(this.#rules.ownName)
    entries.delete(this.#rules.ownName)
    const ownState = ownEntry ? compareOwn(ownEntry, own) : 'missing'
    const generation = this.#nextGeneration(ownState, ownEntry)
    const mayRemove = isComplete && generation !== null && list.length <= PeerLimits.listEntries

    for (const known of [...this.#platforms.values()]) {
      const entry = entries.get(known.name)
      if (entry) {
        entries.delete(known.name)
        this.#readKnown(known, entry, own, generation, reading)
      } else if (
        mayRemove &&
        known.source !== 'listed' &&
        known.generation === generation &&
        !reading.names.has(known.name)
      )
        this.#drop(known, reading)
    }
    if (mayRemove) for (const name of this.#removed) if (!reading.names.has(name)) this.#removed.delete(name)
    this.#readNew(entries, own, generation, mayRemove, reading)
    return reading.result(ownState)
  }

  /** Takes back {@link remove}; false when the name was not removed. */
  readmit(name: string): boolean {
    return this.#removed.delete(name)
  }

  /** Pins the key the registry names. Returns the platform, or `undefined` when there is nothing to accept. */
  accept(name: string): KnownPlatform | undefined {
    const known = this.#platforms.get(name)
    if (known?.candidate === undefined) return undefined
    const key = known.candidate
    const accepted = { ...known, key, credentials: key, candidate: undefined, invalidKey: false }
    this.#platforms.set(name, accepted)
    return accepted
  }

  /** Forgets a platform and keeps it out. */
  remove(name: string): KnownPlatform | undefined {
    const known = this.#platforms.get(name)
    if (!known) return undefined
    this.#platforms.delete(name)
    this.#removed.add(name)
    return known
  }

  /** Which of our rules leaves the platform out. */
  #exclusion(name: string, group: string): 'group' | 'name' | undefined {
    if (this.#allow && !this.#allow.has(name)) return 'name'
    const { onlyGroup } = this.#rules
    return onlyGroup !== undefined && group !== onlyGroup ? 'group' : undefined
  }

  #check(list: readonly unknown[], reading: Reading): Map<string, CheckedEntry> {
    const entries = new Map<string, CheckedEntry>()
    for (const value of list.slice(0, PeerLimits.listEntries)) {
      const entry = checkEntry(value)
      if (typeof entry === 'string') {
        const id = (value as { id?: unknown } | null)?.id
        if (typeof id === 'string') reading.names.add(id)
        reading.refuse(printable(id), entry)
      } else if (entries.has(entry.name)) reading.refuse(entry.name, 'duplicate-name')
      else {
        reading.names.add(entry.name)
        entries.set(entry.name, entry)
      }
    }
    return entries
  }

  #nextGeneration(own: ListReading['own'], entry: CheckedEntry | undefined): string | null {
    if (own === 'missing' || own === 'other-key') {
      this.#unnamedRuns++
      return null
    }
    this.#generation = entry?.createdAt ?? `${this.#runPrefix}-${this.#unnamedRuns}`
    return this.#generation
  }

  #readKnown(
    known: KnownPlatform,
    entry: CheckedEntry,
    own: OwnEntry,
    generation: string | null,
    reading: Reading,
  ): void {
    const exclusion = this.#exclusion(entry.name, entry.group)
    if (exclusion) {
      reading.ignored[exclusion]++
      if (known.source !== 'listed') this.#drop(known, reading)
      return
    }
    const problem = this.#ownProblem(entry, own) ?? this.#borrowedKey(entry)
    if (problem) return reading.refuse(entry.name, problem)
    const updated: KnownPlatform = {
      ...known,
      address: entry.address,
      group: entry.group,
      dialOnly: entry.dialOnly,
      generation: generation ?? known.generation,
      source: known.source === 'listed' ? 'listed' : 'registry',
      ...this.#keyAfter(known, entry),
    }
    this.#platforms.set(known.name, updated)
    if (!isSame(known, updated)) reading.changes.push({ kind: 'changed', platform: updated })
  }

  /** The pinned key stays unless there is none yet, or the new one is proven. */
  #keyAfter(
    known: KnownPlatform,
    entry: CheckedEntry,
  ): Pick<KnownPlatform, 'key' | 'credentials' | 'candidate' | 'invalidKey'> {
    const pinned = known.key
    if (entry.key === undefined)
      return { key: pinned, credentials: pinned ?? entry.credentials, candidate: undefined, invalidKey: true }
    if (pinned === entry.key)
      return { key: pinned, credentials: entry.credentials, candidate: undefined, invalidKey: false }
    const atFirstSight = pinned === undefined && this.#rules.trust === 'registry'
    const proven = pinned !== undefined && this.#rules.trust === 'registry' && isProvenSuccessor(entry, pinned)
    if (atFirstSight || proven)
      return { key: entry.key, credentials: entry.credentials, candidate: undefined, invalidKey: false }
    return { key: pinned, credentials: pinned ?? entry.credentials, candidate: entry.key, invalidKey: false }
  }

  #readNew(
    entries: Map<string, CheckedEntry>,
    own: OwnEntry,
    generation: string | null,
    mayRemove: boolean,
    reading: Reading,
  ): void {
    const holders = new Map<string, KnownPlatform>()
    for (const known of this.#platforms.values()) if (known.key !== undefined) holders.set(known.key, known)
    for (const entry of entries.values()) {
      const exclusion = this.#removed.has(entry.name) ? 'removed' : this.#exclusion(entry.name, entry.group)
      if (exclusion) {
        reading.ignored[exclusion]++
        continue
      }
      const holder = entry.key === undefined ? undefined : holders.get(entry.key)
      const hasNewName = holder !== undefined && holder.source !== 'listed' && !reading.names.has(holder.name)
      const problem =
        this.#ownProblem(entry, own) ?? (holder && !(hasNewName && mayRemove) ? 'duplicate-key' : undefined)
      if (holder && !problem) this.#drop(holder, reading)
      if (problem || this.#platforms.size >= PeerLimits.platforms) {
        reading.refuse(entry.name, problem ?? 'too-many')
        continue
      }
      const platform = newPlatform(entry, this.#rules.trust, generation)
      if (platform.key !== undefined) holders.set(platform.key, platform)
      this.#platforms.set(entry.name, platform)
      reading.changes.push({ kind: 'added', platform })
    }
  }

  #ownProblem(entry: CheckedEntry, own: OwnEntry): RefusalReason | undefined {
    if (entry.key === own.key) return 'own-key'
    return this.#rules.ownAddresses.includes(entry.address) ? 'own-address' : undefined
  }

  /** Proof of the old key says nothing about the new one: it must not be the key of another platform. */
  #borrowedKey(entry: CheckedEntry): RefusalReason | undefined {
    if (entry.key === undefined || this.#platforms.get(entry.name)?.key === entry.key) return undefined
    for (const known of this.#platforms.values())
      if (known.key === entry.key && known.name !== entry.name) return 'duplicate-key'
    return undefined
  }

  #drop(known: KnownPlatform, reading: Reading): void {
    this.#platforms.delete(known.name)
    reading.changes.push({ kind: 'removed', platform: known })
  }
}

class Reading {
  readonly names = new Set<string>()
  readonly changes: PeerChange[] = []
  readonly ignored = { group: 0, name: 0, removed: 0 }
  readonly #listed: number
  readonly #refused: RefusedEntry[] = []
  #refusedCount: number

  constructor(listed: number) {
    this.#listed = listed
    this.#refusedCount = Math.max(0, listed - PeerLimits.listEntries)
  }

  refuse(name: string, reason: RefusalReason): void {
    this.#refusedCount++
    if (this.#refused.length < PeerLimits.refusalsShown) this.#refused.push({ name, reason })
  }

  result(own: ListReading['own']): ListReading {
    const { changes, ignored } = this
    return { own, changes, ignored, listed: this.#listed, refusedCount: this.#refusedCount, refused: this.#refused }
  }
}

function compareOwn(entry: CheckedEntry, own: OwnEntry): ListReading['own'] {
  if (entry.key !== own.key) return 'other-key'
  const same = entry.address === own.address && entry.group === own.group && entry.dialOnly === own.dialOnly
  return same ? 'same' : 'differs'
}

function newPlatform(entry: CheckedEntry, trust: PeerRules['trust'], generation: string | null): KnownPlatform {
  const { name, address, credentials, group, dialOnly, key } = entry
  return {
    name,
    address,
    credentials,
    key: trust === 'registry' ? key : undefined,
    candidate: trust === 'registry' ? undefined : key,
    invalidKey: key === undefined,
    group,
    dialOnly,
    source: 'registry',
    generation,
  }
}

const isSame = (one: KnownPlatform, other: KnownPlatform): boolean =>
  one.address === other.address &&
  one.key === other.key &&
  one.candidate === other.candidate &&
  one.credentials === other.credentials &&
  one.invalidKey === other.invalidKey &&
  one.group === other.group &&
  one.dialOnly === other.dialOnly &&
  one.generation === other.generation &&
  one.source === other.source
