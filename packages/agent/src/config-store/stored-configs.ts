/**
 * The agent's copy of its configurations: what the platform stores, above the defaults of the author. Says which
 * configurations a change concerns, links included, by the rules of Python agents. Knows nothing of the network.
 */
import { isDeepStrictEqual } from 'node:util'
import { configKey, linksOf, resolveLinks } from './config-links.ts'

export const CONFIG_ACTIONS = ['NEW', 'UPDATE', 'DELETE'] as const

export type ConfigAction = (typeof CONFIG_ACTIONS)[number]

/** Configurations that a change concerns, by key. */
export type AffectedConfigs = Map<string, ConfigAction>

interface Entry {
  /** As it was written. */
  readonly name: string
  readonly contents: unknown
  /** Keys of the configurations it links to. */
  readonly links: ReadonlySet<string>
}

const entry = (name: string, contents: unknown): Entry => ({ name, contents, links: linksOf(contents) })

export class StoredConfigs {
  readonly #defaults = new Map<string, Entry>()
  #stored = new Map<string, Entry>()
  /** Names as last heard, for what was deleted. */
  readonly #names = new Map<string, string>()

  setDefault(name: string, contents: unknown): void {
    this.#defaults.set(configKey(name), entry(name, contents))
    this.#names.set(configKey(name), name)
  }

  deleteDefault(name: string): boolean {
    return this.#defaults.delete(configKey(name))
  }

  get hasDefaults(): boolean {
    return this.#defaults.size > 0
  }

  /** Everything the platform stores. What is the same as before is not affected. */
  replaceAll(configs: Readonly<Record<string, unknown>>): AffectedConfigs {
    const before = this.#stored
    this.#stored = new Map()
    const affected: AffectedConfigs = new Map()
    for (const [name, contents] of Object.entries(configs)) {
      const old = before.get(configKey(name))
      this.#store(name, contents)
      if (old && isDeepStrictEqual(old.contents, contents)) continue
      affected.set(configKey(name), old || this.#defaults.has(configKey(name)) ? 'UPDATE' : 'NEW')
    }
    for (const key of before.keys()) {
      if (!this.#stored.has(key)) affected.set(key, this.#defaults.has(key) ? 'UPDATE' : 'DELETE')
    }
    return this.#withReferring(affected)
  }

  /** The platform has stored a configuration. */
  store(action: 'NEW' | 'UPDATE', name: string, contents: unknown): AffectedConfigs {
    const key = configKey(name)
    this.#store(name, contents)
    return this.#withReferring(new Map([[key, this.#defaults.has(key) ? 'UPDATE' : action]]))
  }

  /** The platform has deleted a configuration; a default shows again. */
  delete(name: string): AffectedConfigs {
    const key = configKey(name)
    if (!this.#stored.delete(key)) return new Map()
    return this.#withReferring(new Map([[key, this.#defaults.has(key) ? 'UPDATE' : 'DELETE']]))
  }

  /** Everything there is, as NEW: what a new subscriber is told. */
  all(): AffectedConfigs {
    return new Map(this.#keys().map((key) => [key, 'NEW']))
  }

  has(name: string): boolean {
    return this.#find(configKey(name)) !== undefined
  }

  /** A copy of the contents with its links replaced; `undefined` when there is none. */
  get(name: string): unknown {
    const key = configKey(name)
    return this.has(key) ? resolveLinks(key, (linked) => this.#find(linked)?.contents) : undefined
  }

  /** Names in the case they were given in, sorted. */
  list(): string[] {
    return this.#keys()
      .map((key) => this.nameOf(key))
      .sort()
  }

  /** The name as it was written. */
  nameOf(key: string): string {
    return this.#names.get(key) ?? key
  }

  #store(name: string, contents: unknown): void {
    this.#stored.set(configKey(name), entry(name, contents))
    this.#names.set(configKey(name), name)
  }

  #find(key: string): Entry | undefined {
    return this.#stored.get(key) ?? this.#defaults.get(key)
  }

  #keys(): string[] {
    return [...new Set([...this.#stored.keys(), ...this.#defaults.keys()])]
  }

  /** Adds what links to an affected configuration, near or far: it has other contents now. */
  #withReferring(affected: AffectedConfigs): AffectedConfigs {
    // A map that grows while it is walked: what is added is visited too.
    for (const key of affected.keys()) {
      for (const other of this.#keys()) {
        if (!affected.has(other) && this.#find(other)!.links.has(key)) affected.set(other, 'UPDATE')
      }
    }
    return affected
  }
}
