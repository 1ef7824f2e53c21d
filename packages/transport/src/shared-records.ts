/**
 * Records packed once for several channels. Topics and routes have one number per platform, so the bytes mean the same to
 * every reader who knows the names. A block holds no definitions: it lists the names it uses, and each channel tells its own
 * reader those it has not heard of, before the block. So whoever misses a block misses no definition.
 */
import { BatchReader, BatchWriter, emptyBatch } from '@volttron/vip'
import type { Name } from './name-table.ts'

/** Records without the head of a batch. */
export interface SharedBlock<T extends Name = Name, R extends Name = Name> {
  /** Nobody changes these bytes any more. */
  readonly packed: Buffer
  readonly records: number
  /** Names that the records use, and may be some more. No two topics have one number, and no two routes. */
  readonly topics: readonly T[]
  readonly routes: readonly R[]
  /** Monotonic milliseconds since when the oldest record waits. */
  readonly openedAtMs: number
}

/** A place in what is packed. */
export interface SharedMark {
  readonly bytes: number
  readonly records: number
}

/** A smaller block is copied into the open batch of each channel, which costs less than a second frame does. */
export const SHARED_BYTES = 16 * 1024

const START: SharedMark = { bytes: 0, records: 0 }
/** Blocks are read within the process only. */
const NO_NONCE = 0

export class SharedRecords<T extends Name, R extends Name> {
  readonly #now: () => number
  readonly #writer = new BatchWriter(NO_NONCE)
  readonly #topics = new UsedNames<T>()
  readonly #routes = new UsedNames<R>()
  #openedAtMs = 0

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  get byteLength(): number {
    return this.#writer.byteLength
  }

  /** Where the next record will be. */
  get mark(): SharedMark {
    return { bytes: this.#writer.byteLength, records: this.#writer.records }
  }

  /**
   * Packs a record; the parameters are those of `Channel.publish`.
   *
   * @returns false when a number stands for another name in this block, because the table of names reassigned it: the record
   *   belongs to the next block
   */
  publish(
    topic: T,
    route: R,
    flags: number,
    sequence: number,
    ageMs: number,
    source: Uint8Array,
    tailStart: number,
    tailEnd: number,
  ): boolean {
    if (!this.#topics.use(topic) || !this.#routes.use(route)) return false
    if (this.#writer.isEmpty) this.#openedAtMs = this.#now()
    this.#writer.publish(flags, topic.id, route.id, sequence, ageMs, source, tailStart, tailEnd)
    return true
  }

  /** What has been packed since `mark` (default: all). It stays here. */
  since(mark: SharedMark = START): SharedBlock<T, R> {
    return {
      packed: tight(this.#writer.packedSince(mark.bytes)),
      records: this.#writer.records - mark.records,
      topics: this.#topics.names,
      routes: this.#routes.names,
      openedAtMs: this.#openedAtMs,
    }
  }

  /** Begins the next block; those handed out stay valid. */
  clear(): void {
    this.#writer.take()
    this.#topics.clear()
    this.#routes.clear()
  }
}

/** Takes a block apart again, for a reader that gets its records one by one. The fields of each are in `record`. */
export function eachRecord<T extends Name, R extends Name>(
  block: SharedBlock<T, R>,
  visit: (topic: T, route: R, record: BatchReader) => void,
): void {
  const topics = new Map(block.topics.map((topic) => [topic.id, topic]))
  const routes = new Map(block.routes.map((route) => [route.id, route]))
  const handlers = {
    onPublish: (record: BatchReader) => visit(topics.get(record.topicId)!, routes.get(record.routeId)!, record),
    ...nothingElse,
  }
  new BatchReader().read(emptyBatch(NO_NONCE), NO_NONCE, handlers, block.packed)
}

/** One copy for all, where a connection would make its own: who waits must not keep alive twice what it waits with. */
const tight = (packed: Buffer): Buffer =>
  packed.length >= SHARED_BYTES && packed.length * 2 < packed.buffer.byteLength ? Buffer.from(packed) : packed

const nothingElse = { onTopic() {}, onRoute() {}, onFrames() {}, onCredit() {}, onResult() {} }

/** The names of a block, each once. */
class UsedNames<N extends Name> {
  readonly #byId: (N | undefined)[] = []
  names: N[] = []

  /** False when the number of `name` stands for another one. */
  use(name: N): boolean {
    const used = this.#byId[name.id]
    if (used === name) return true
    if (used !== undefined) return false
    this.#byId[name.id] = name
    this.names.push(name)
    return true
  }

  clear(): void {
    for (const { id } of this.names) this.#byId[id] = undefined
    this.names = []
  }
}
