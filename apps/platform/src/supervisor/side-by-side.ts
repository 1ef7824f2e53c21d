/** What may happen at the same time, and what waits for its turn. */

/** Work under the same key goes on one after the other, in the order it came; under different keys side by side. */
export class OneByKey {
  readonly #last = new Map<string, Promise<void>>()

  /** Something goes on under this key, or waits. */
  has(key: string): boolean {
    return this.#last.has(key)
  }

  /** @returns what the work gives or throws */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#last.get(key) ?? Promise.resolve()).then(work)
    const over = done.then(nothing, nothing).then(() => {
      if (this.#last.get(key) === over) this.#last.delete(key)
    })
    this.#last.set(key, over)
    return done
  }
}

/** A number of pieces of work go on side by side; the others wait, and come in the order they came. */
export class AtMost {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(places: number) {
    this.#free = places
  }

  /** @returns what the work gives or throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }
}

const nothing = (): void => {}
