/** The batched form: what a record costs to write and to read, and what its tail costs to build and to look into. */
import {
  type BatchHandlers,
  BatchReader,
  BatchWriter,
  buildTail,
  formatRoute,
  PublishFlag,
  TailView,
} from '@volttron/vip'
import { type Subject, subject } from './subject.ts'

const NONCE = 1
/** As many as make a batch: it leaves at 64 KiB. */
const BATCH_BYTES = 64 * 1024
const ROUTE = formatRoute({ platform: 'site-1', epoch: 7, sender: 'meter.agent', path: [] })
const HEADERS = '{"Date": "2026-01-01T00:00:00Z", "TimeStamp": "2026-01-01T00:00:00Z"}'

export const codecSubjects = (): Subject[] => [100, 1_024].flatMap((bytes) => ofSize(bytes))

function ofSize(bytes: number): Subject[] {
  const payload = bytes === 100 ? '100 B' : '1 KiB'
  const opaque = Buffer.alloc(bytes, 'x')
  const json = `"${'x'.repeat(bytes - 2)}"`
  const records = Math.floor(BATCH_BYTES / (bytes + 10))
  const batch = batchOf(records, opaque)
  const writer = new BatchWriter(NONCE)
  const counting = new CountingHandlers()
  const reader = new BatchReader()
  const bare = new TailView()
  bare.show(buildTail(opaque, '', ''))
  const dressed = new TailView()
  dressed.show(buildTail(json, HEADERS, 'bus'))
  return [
    {
      workload: 'codec: write a record',
      payload,
      operations: records,
      run() {
        for (let index = 0; index < records; index++) writer.publish(0, 300, 2, index, 0, opaque, 0, bytes)
        return writer.take().length
      },
    },
    {
      workload: 'codec: read a record',
      payload,
      operations: records,
      run() {
        reader.read(batch, NONCE, counting)
        return counting.bytes
      },
    },
    {
      workload: 'codec: read and repack a record',
      payload,
      operations: records,
      run() {
        reader.read(batch, NONCE, new RepackingHandlers(writer))
        return writer.take().length
      },
    },
    subject('tail: build, bytes alone', payload, 1_000, () => buildTail(opaque, '', '').bytes.length),
    subject('tail: build, JSON alone', payload, 1_000, () => buildTail(json, '', '').bytes.length),
    subject('tail: build with headers and bus', payload, 1_000, () => buildTail(json, HEADERS, 'bus').bytes.length),
    subject('tail: find the body', payload, 1_000, () => bare.bodyStart()),
    subject('tail: find the body behind headers and bus', payload, 1_000, () => dressed.bodyStart()),
    subject(
      'tail: text of headers and body',
      payload,
      1_000,
      () => dressed.headersText().length + dressed.bodyText().length,
    ),
  ]
}

function batchOf(records: number, body: Buffer): Buffer {
  const writer = new BatchWriter(NONCE)
  writer.defineTopic(300, 'devices/campus/building/ahu/all')
  writer.defineRoute(2, ROUTE)
  for (let index = 0; index < records; index++) writer.publish(0, 300, 2, index, 0, body, 0, body.length)
  return writer.take()
}

/** Looks at every field of a record and keeps nothing. */
class CountingHandlers implements BatchHandlers {
  bytes = 0
  onTopic(): void {}
  onRoute(): void {}
  onFrames(): void {}
  onCredit(): void {}
  onResult(): void {}
  onPublish({ topicId, routeId, sequence, ageMs, tailStart, tailEnd }: BatchReader): void {
    this.bytes += topicId + routeId + sequence + ageMs + tailEnd - tailStart
  }
}

/** What a router does with a record that has one subscriber, but for the decision where it goes. */
class RepackingHandlers extends CountingHandlers {
  readonly #writer: BatchWriter
  constructor(writer: BatchWriter) {
    super()
    this.#writer = writer
  }
  override onPublish({ flags, sequence, ageMs, buffer, tailStart, tailEnd }: BatchReader): void {
    this.#writer.publish(flags & ~PublishFlag.wantsResult, 301, 3, sequence, ageMs, buffer, tailStart, tailEnd)
  }
}
