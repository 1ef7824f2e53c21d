/** A registry in memory that behaves as ours does, and badly when told to. */
import type { KeyPair } from '@volttron/vip'
import type { ListOutcome, RegisterOutcome, RegistryEntry, RegistryFailure, RegistryPort } from '../../src/index.ts'
import type { Network } from './network.ts'
import type { VirtualTime } from './virtual-time.ts'

interface Kept extends RegistryEntry {
  readonly created_at: string
  readonly proven: 'none' | 'old-key'
  readonly previous_keys: readonly { readonly public_credentials: string; readonly proven: string }[]
}

const DOWN: RegistryFailure = { outcome: 'unreachable', message: 'the registry cannot be reached' }

export class MemoryRegistry {
  readonly entries = new Map<string, Kept>()
  isDown = false
  /** Answers so late. */
  slowMs = 0
  /** Listed beside the entries, whatever it is. */
  lies: readonly unknown[] = []
  /** As the Python registry: four fields, no revision, no dial-only platforms. */
  isClassic = false
  readonly #time: VirtualTime
  readonly #network: Network
  #revision = 0
  #made = 0
  readonly #waiting = new Set<() => void>()

  constructor(time: VirtualTime, network: Network) {
    this.#time = time
    this.#network = network
  }

  /** The registry's client of the platform of this name, with the keys it had before. */
  port(platform: string, former: () => readonly KeyPair[] = () => []): RegistryPort {
    return {
      url: 'http://registry:8000',
      register: (entry, prover, signal) =>
        this.#answer(platform, signal, () => this.#register(entry, [prover, ...former()])),
      list: ({ since, waitMs }, signal) => this.#list(platform, since, waitMs, signal),
      remove: (id, prover, signal) =>
        this.#answer(platform, signal, () => {
          if (this.entries.get(id)?.public_credentials !== prover.publicKey) return { outcome: 'taken', message: 'no' }
          this.remove(id)
          return { outcome: 'removed' }
        }),
    }
  }

  remove(id: string): void {
    this.entries.delete(id)
    this.changed()
  }

  /** All data is lost. */
  wipe(): void {
    this.entries.clear()
    this.changed()
  }

  changed(): void {
    this.#revision++
    for (const wake of [...this.#waiting]) wake()
  }

  #register(entry: RegistryEntry, provers: readonly KeyPair[]): RegisterOutcome {
    const kept = this.entries.get(entry.id)
    for (const other of this.entries.values())
      if (
        other.id !== entry.id &&
        (other.address === entry.address || other.public_credentials === entry.public_credentials)
      )
        return { outcome: 'taken', message: 'the address or key belongs to another platform' }
    if (!kept) {
      const created_at = `made-${++this.#made}`
      this.entries.set(entry.id, { ...entry, created_at, proven: 'none', previous_keys: [] })
      this.changed()
      return { outcome: 'registered' }
    }
    const isSame = (['address', 'public_credentials', 'group', 'dial_only'] as const).every(
      (key) => kept[key] === entry[key],
    )
    if (isSame) return { outcome: 'registered' }
    if (!provers.some(({ publicKey }) => publicKey === kept.public_credentials))
      return { outcome: 'registry-holds-another-key', message: 'the name belongs to another key' }
    const renewed = kept.public_credentials !== entry.public_credentials
    this.entries.set(entry.id, {
      ...kept,
      ...entry,
      ...(renewed && {
        proven: 'old-key',
        previous_keys: [{ public_credentials: kept.public_credentials, proven: 'old-key' }, ...kept.previous_keys],
      }),
    })
    this.changed()
    return { outcome: 'registered' }
  }

  #list(platform: string, since: string | undefined, waitMs: number, signal: AbortSignal): Promise<ListOutcome> {
    const list = (): ListOutcome => {
      if (since === `${this.#revision}`) return { outcome: 'unchanged' }
      const all = [...this.entries.values()]
      if (!this.isClassic)
        return { outcome: 'listed', platforms: [...this.lies, ...all], revision: `${this.#revision}` }
      const platforms = all.flatMap(({ id, address, public_credentials, group, dial_only }) =>
        dial_only ? [] : [{ id, address, public_credentials, group }],
      )
      return { outcome: 'listed', platforms: [...this.lies, ...platforms], revision: undefined }
    }
    if (since !== `${this.#revision}` || waitMs === 0) return this.#answer(platform, signal, list)
    return new Promise((resolve, reject) => {
      const wake = () => {
        cancel()
        this.#waiting.delete(wake)
        this.#answer(platform, signal, list).then(resolve, reject)
      }
      const cancel = this.#time.at(waitMs, wake)
      this.#waiting.add(wake)
      signal.addEventListener('abort', () => {
        cancel()
        this.#waiting.delete(wake)
        reject(new Error('aborted'))
      })
    })
  }

  #answer<A>(platform: string, signal: AbortSignal, answer: () => A | RegistryFailure): Promise<A | RegistryFailure> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
      this.#time.at(this.#network.latencyMs() + this.slowMs, () => {
        const isAway = this.isDown || this.#network.isCut(platform, 'registry')
        const result = isAway ? DOWN : answer()
        this.#time.at(this.#network.latencyMs(), () => resolve(result))
      })
    })
  }
}
