/** Reads what a former run left behind, and writes the state down soon after it changed, never two writes at a time. */
import { describeError } from '@volttron/vip'
import { type describeState, type FormerState, readFormerState } from './federation-file.ts'
import type { Clock, FederationLog, FederationStore } from './ports.ts'

/** How often the last signs of life are written down while nothing else changes. */
export const HEARTBEAT_SAVE_MS = 5_000
const SAVE_DELAY_MS = 500

export class StateKeeper {
  readonly #ports: { readonly clock: Clock; readonly store: FederationStore; readonly log: FederationLog }
  readonly #describe: () => ReturnType<typeof describeState>
  #cancelTimer: (() => void) | undefined
  #dueMs = 0
  #saving: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(
    ports: { readonly clock: Clock; readonly store: FederationStore; readonly log: FederationLog },
    describe: () => ReturnType<typeof describeState>,
  ) {
    this.#ports = ports
    this.#describe = describe
  }

  /** Never rejects: what cannot be used is set aside, and the platform starts without it. */
  async load(): Promise<FormerState> {
    const { store, log } = this.#ports
    this.#isStopped = false
    try {
      const { config, memory } = await store.load()
      const former = readFormerState(config, memory)
      if (typeof former !== 'string') {
        if (former.refused > 0) log.warn({ entries: former.refused }, 'federation-config-entries-refused')
        return former
      }
      log.warn({ reason: former }, 'federation-config-set-aside')
      await store.setAside(former)
    } catch (error) {
      log.error({ error: describeError(error) }, 'federation-config-unreadable')
    }
    return { platforms: [], generation: null, removed: [], refused: 0 }
  }

  saveSoon(delayMs = SAVE_DELAY_MS): void {
    if (this.#isStopped) return
    const { clock } = this.#ports
    const dueMs = clock.monotonicMs() + delayMs
    if (this.#cancelTimer && this.#dueMs <= dueMs) return
    this.#cancelTimer?.()
    this.#dueMs = dueMs
    this.#cancelTimer = clock.setTimer(delayMs, () => {
      this.#cancelTimer = undefined
      this.#save().catch(() => {})
    })
  }

  /** Writes the last state. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    await this.#save()
  }

  /** In order, so that an older state never overwrites a newer one. Never rejects. */
  #save(): Promise<void> {
    const { store, log } = this.#ports
    this.#saving = this.#saving.then(async () => {
      try {
        await store.save(this.#describe())
      } catch (error) {
        log.error({ error: describeError(error) }, 'federation-config-not-saved')
      }
    })
    return this.#saving
  }
}
