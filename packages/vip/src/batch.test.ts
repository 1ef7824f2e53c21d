import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { BATCH_HEADER_BYTES, BatchFormatError, PublishFlag } from './batch-format.ts'
import { type BatchHandlers, BatchReader, isBatch } from './batch-reader.ts'
import { BatchWriter, emptyBatch, stampHeldMs } from './batch-writer.ts'
import { buildTail } from './tail.ts'

type Record_ =
  | { kind: 'topic' | 'route'; id: number; text: string }
  | { kind: 'frames'; frames: string[] }
  | { kind: 'credit'; bytes: number; records: number }
  | { kind: 'result'; sequence: number; status: number; count: number; text: string }
  | {
      kind: 'publish'
      topic: number
      route: number
      sequence: number
      age: number
      bus: string
      headers: string
      body: string
    }

const id = fc.nat(65_535)
const count = fc.oneof(fc.nat(300), fc.maxSafeNat())
const text = fc.string({ unit: 'grapheme', maxLength: 300 })
const record: fc.Arbitrary<Record_> = fc.oneof(
  fc.record({ kind: fc.constantFrom('topic' as const, 'route' as const), id, text }),
  fc.record({ kind: fc.constant('frames' as const), frames: fc.array(text, { maxLength: 8 }) }),
  fc.record({ kind: fc.constant('credit' as const), bytes: count, records: count }),
  fc.record({ kind: fc.constant('result' as const), sequence: count, status: fc.nat(1000), count, text }),
  fc.record({
    kind: fc.constant('publish' as const),
    topic: id,
    route: id,
    sequence: count,
    age: fc.nat(100_000),
    bus: text,
    headers: fc.oneof(
      fc.constant(''),
      fc.dictionary(fc.string(), fc.string()).map((value) => JSON.stringify(value)),
    ),
    body: text,
  }),
)

const write = (records: Record_[], nonce: number): Buffer => pack(new BatchWriter(nonce), records).take()

function pack(writer: BatchWriter, records: Record_[]): BatchWriter {
  for (const item of records) {
    switch (item.kind) {
      case 'topic':
        writer.defineTopic(item.id, item.text)
        break
      case 'route':
        writer.defineRoute(item.id, item.text)
        break
      case 'frames':
        writer.frames(item.frames.map((frame) => Buffer.from(frame)))
        break
      case 'credit':
        writer.credit(item.bytes, item.records)
        break
      case 'result':
        writer.result(item.sequence, item.status, item.count, item.text)
        break
      case 'publish': {
        const tail = buildTail(item.body, item.headers, item.bus)
        writer.publish(tail.flags, item.topic, item.route, item.sequence, item.age, tail.bytes, 0, tail.bytes.length)
      }
    }
  }
  return writer
}

function read(batch: Buffer, nonce: number, more?: Buffer): Record_[] {
  const records: Record_[] = []
  const handlers: BatchHandlers = {
    onTopic: (id, text) => void records.push({ kind: 'topic', id, text }),
    onRoute: (id, text) => void records.push({ kind: 'route', id, text }),
    onFrames: (frames) => void records.push({ kind: 'frames', frames: frames.map(String) }),
    onCredit: (bytes, records_) => void records.push({ kind: 'credit', bytes, records: records_ }),
    onResult: (sequence, status, count, text) => void records.push({ kind: 'result', sequence, status, count, text }),
    onPublish: (reader) =>
      void records.push({
        kind: 'publish',
        topic: reader.topicId,
        route: reader.routeId,
        sequence: reader.sequence,
        age: reader.ageMs,
        bus: reader.busText(),
        headers: reader.headersText(),
        body: reader.buffer.toString('utf8', reader.bodyStart(), reader.tailEnd),
      }),
  }
  new BatchReader().read(batch, nonce, handlers, more)
  return records
}

describe('the batched form', () => {
  it('gives back every record as it was written', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 40 }), fc.nat(0xffffffff), (records, nonce) => {
        expect(read(write(records, nonce), nonce)).toEqual(records)
      }),
    )
  })

  it('means the same for any split into batches', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), fc.nat(30), (records, at) => {
        const parts = [records.slice(0, at), records.slice(at)].filter((part) => part.length > 0)
        expect(parts.flatMap((part) => read(write(part, 7), 7))).toEqual(records)
      }),
    )
  })

  it('goes on in a second frame, which holds records and nothing else', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), fc.array(record, { maxLength: 20 }), (first, second) => {
        const head = first.length > 0 ? write(first, 7) : emptyBatch(7)
        const more = write(second, 8).subarray(BATCH_HEADER_BYTES)
        expect(isBatch([head, more])).toBe(true)
        expect(read(head, 7, more)).toEqual([...first, ...second])
      }),
    )
  })

  it('takes in what another writer has packed, whole or from where it had come to', () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 10 }),
        fc.array(record, { minLength: 1, maxLength: 10 }),
        fc.array(record, { minLength: 1, maxLength: 10 }),
        (own, before, after) => {
          const other = pack(new BatchWriter(8), before)
          const mark = other.byteLength
          const packed = other.packedSince(0)
          pack(other, after)
          const writer = pack(new BatchWriter(7), own)
          writer.append(packed, 1)
          writer.append(other.packedSince(mark), 2)
          const counted = own.filter(({ kind }) => kind === 'publish' || kind === 'frames').length
          expect(writer.records).toBe(counted + 3)
          expect(read(writer.take(), 7)).toEqual([...own, ...before, ...after])
        },
      ),
    )
  })

  it('is not touched by what its writer packs after it, however small both are', () => {
    const writer = new BatchWriter(7)
    const taken = Array.from({ length: 100 }, (_, index) => {
      writer.credit(index, index)
      return writer.take()
    })
    for (const [index, batch] of taken.entries()) {
      expect(read(batch, 7)).toEqual([{ kind: 'credit', bytes: index, records: index }])
    }
  })

  it('adds the time its head says to the age of the records of both frames', () => {
    const aged = (age: number): Record_ => {
      return { kind: 'publish', topic: 1, route: 1, sequence: 1, age, bus: '', headers: '', body: '' }
    }
    const head = write([aged(5)], 7)
    stampHeldMs(head, 30)
    const ages = read(head, 7, write([aged(2)], 0).subarray(BATCH_HEADER_BYTES)).map(
      (item) => 'age' in item && item.age,
    )
    expect(ages).toEqual([35, 32])
  })

  it('has no age that the next reader could not read, whatever its author claims', () => {
    const aged = { kind: 'publish', topic: 1, route: 1, sequence: 1, bus: '', headers: '', body: '' } as const
    const batch = write([{ ...aged, age: Number.MAX_SAFE_INTEGER }], 7)
    stampHeldMs(batch, 1_000)
    expect(read(batch, 7)).toMatchObject([{ age: Number.MAX_SAFE_INTEGER }])
  })

  it('refuses any bytes with a format error and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const batch = Buffer.concat([Buffer.from([0xb5, 1, 7, 0, 0, 0, 0, 0, 0, 0]), bytes])
        for (const frames of [[batch], [emptyBatch(7), Buffer.from(bytes)]] as const) {
          try {
            read(frames[0], 7, frames[1])
          } catch (error) {
            expect(error).toBeInstanceOf(BatchFormatError)
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('refuses a truncated or damaged batch with a format error and nothing else', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 10 }), fc.nat(), fc.nat(255), (records, at, byte) => {
        const batch = Buffer.from(write(records, 7))
        batch[6 + (at % Math.max(1, batch.length - 6))] = byte
        for (const damaged of [batch, batch.subarray(0, at % batch.length)]) {
          try {
            read(damaged, 7)
          } catch (error) {
            expect(error).toBeInstanceOf(BatchFormatError)
          }
        }
      }),
    )
  })

  it('refuses a batch of another connection', () => {
    expect(() => read(write([{ kind: 'credit', bytes: 1, records: 1 }], 7), 8)).toThrow('another connection')
  })

  it('is told from a classic message by its one or two frames and its first byte', () => {
    const batch = write([{ kind: 'credit', bytes: 1, records: 1 }], 7)
    expect(isBatch([batch])).toBe(true)
    expect(isBatch([batch, Buffer.alloc(0)])).toBe(true)
    expect(isBatch([Buffer.alloc(0), batch])).toBe(false)
    expect(isBatch([batch, batch, batch])).toBe(false)
    expect(isBatch([Buffer.from('VIP1VIP1')])).toBe(false)
  })

  it('keeps the flags of a record apart from what the writer adds', () => {
    const writer = new BatchWriter(1)
    writer.publish(PublishFlag.acknowledged | PublishFlag.age, 1, 1, 1, 0, Buffer.from('x'), 0, 1)
    const seen: number[] = []
    new BatchReader().read(writer.take(), 1, { onPublish: (reader: BatchReader) => seen.push(reader.flags) } as never)
    expect(seen).toEqual([PublishFlag.acknowledged])
  })
})
