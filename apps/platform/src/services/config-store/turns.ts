/** Tasks that must not overlap: those of one key run one after the other, in the order they came. */
export class Turns {
  readonly #queues = new Map<string, { last: Promise<unknown>; length: number }>()

  /** Runs the task when its turn has come, and gives what it gives. */
  take<T>(key: string, task: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? { last: Promise.resolve(), length: 0 }
    this.#queues.set(key, queue)
    queue.length++
    const result = queue.last.then(task).finally(() => {
      queue.length--
      if (queue.length === 0) this.#queues.delete(key)
    })
    queue.last = result.catch(() => {})
    return result
  }
}
