/** The pairs of brokers that are alive: started when first needed, ended in any case. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pair, System } from './systems/system.ts'

export class Arena {
  /** By system, those that serve one workload after the other. */
  readonly #shared = new Map<System, Pair>()
  /** With the folder of each. */
  readonly #alive = new Map<Pair, string>()
  #isOver = false

  /** The pair that this system's workloads share; linked. */
  async shared(system: System): Promise<Pair> {
    const standing = this.#shared.get(system)
    if (standing) return standing
    const pair = await this.launch(system)
    this.#shared.set(system, pair)
    await pair.linked('bench/shared')
    return pair
  }

  /** A new pair. */
  async launch(system: System): Promise<Pair> {
    // Short, because paths of local sockets may have 104 bytes at most.
    const folder = mkdtempSync(join(tmpdir(), 'vb-'))
    try {
      const pair = await system.start(folder)
      this.#alive.set(pair, folder)
      // Whoever was still starting while all was being ended must not leave brokers behind.
      if (this.#isOver) await this.end(pair)
      return pair
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  async end(pair: Pair): Promise<void> {
    const folder = this.#alive.get(pair)
    if (folder === undefined) return
    this.#alive.delete(pair)
    for (const [system, shared] of this.#shared) if (shared === pair) this.#shared.delete(system)
    try {
      await pair.stop()
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  }

  /** Ends the pair that the workloads of this system share, if there is one; never rejects. */
  async endShared(system: System): Promise<void> {
    const pair = this.#shared.get(system)
    if (pair) await Promise.allSettled([this.end(pair)])
  }

  /** Ends all; never rejects. */
  async endAll(): Promise<void> {
    await Promise.allSettled([...this.#alive.keys()].map((pair) => this.end(pair)))
  }

  /** Ends all for good. */
  async close(): Promise<void> {
    this.#isOver = true
    await this.endAll()
  }
}
