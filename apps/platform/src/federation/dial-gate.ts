/** Lets so many dials run at once; the others wait their turn. A list of ten thousand dead platforms takes no more sockets. */
export class DialGate {
  readonly #most: number
  #running = 0
  /** In order of arrival. */
  readonly #waiting = new Set<() => void>()

  constructor(most: number) {
    this.#most = most
  }

  /** Runs `dial` when it is its turn; rejects at once when `signal` aborts while it waits. */
  async pass<T>(dial: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#running >= this.#most) await this.#turn(signal)
    else this.#running++
    try {
      signal.throwIfAborted()
      return await dial()
    } finally {
      this.#leave()
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        this.#waiting.delete(enter)
        reject(signal.reason)
      }
      if (signal.aborted) return giveUp()
      this.#waiting.add(enter)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  /** Whoever waits first takes the place. */
  #leave(): void {
    const [next] = this.#waiting
    if (!next) return void this.#running--
    this.#waiting.delete(next)
    next()
  }
}
