/** What waits to be sent, in order and bounded in bytes. Takes from its head in constant time. */
export class SendQueue<T extends { readonly bytes: number }> {
  readonly #maxBytes: number
  #items: (T | undefined)[] = []
  #head = 0
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  get isEmpty(): boolean {
    return this.#head === this.#items.length
  }

  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.#maxBytes
  }

  /** Adds at the tail; the caller has asked for room. */
  add(item: T): void {
    this.#items.push(item)
    this.#bytes += item.bytes
  }

  /** The oldest. Not to be called on an empty queue. */
  peek(): T {
    return this.#items[this.#head]!
  }

  /** Takes the oldest. Not to be called on an empty queue. */
  take(): T {
    const item = this.#items[this.#head]!
    this.#items[this.#head++] = undefined
    this.#bytes -= item.bytes
    if (this.isEmpty) this.clear()
    else if (this.#head > COMPACT_AT) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  clear(): void {
    this.#items = []
    this.#head = 0
    this.#bytes = 0
  }
}

/** Empty places that may gather at the head before the rest is moved. */
const COMPACT_AT = 4_096
