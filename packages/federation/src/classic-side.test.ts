/** Platforms that speak VIP1 and mean harm: what they say, they say as often as they like, and they read nothing. */
import { describe, expect, it } from '@jest/globals'
import { RemoteInterest } from '@volttron/pubsub'
import type { Connection } from '@volttron/transport'
import { frameText, vipMessage } from '@volttron/vip'
import { ClassicForm } from './classic-form.ts'
import { ClassicLinkTimes } from './classic-link.ts'
import { ClassicSide } from './classic-side.ts'
import { externalList, linkGreeting } from './classic-wire.ts'
import type { PlatformLink } from './platform-link.ts'
import type { SessionSurroundings } from './session.ts'

const QUEUE_BYTES = 1_000_000

/** A connection that keeps what it is to send. */
function connectionThat(reads: boolean) {
  const sent: string[][] = []
  const connection = {
    pendingBytes: 0,
    routingId: 'instance.here.0.5',
    counters: { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 },
    send(frames: readonly Uint8Array[]) {
      sent.push(frames.map(frameText))
      if (!reads) connection.pendingBytes += 1_000
    },
    close: () => {},
  }
  return { connection: connection as unknown as Connection, sent }
}

function site(reads = true) {
  let nowMs = 0
  const timers: { atMs: number; run: () => void }[] = []
  const clock = {
    monotonicMs: () => nowMs,
    unixMs: () => nowMs,
    setTimer(delayMs: number, run: () => void) {
      const timer = { atMs: nowMs + delayMs, run }
      timers.push(timer)
      return () => {
        const at = timers.indexOf(timer)
        if (at >= 0) timers.splice(at, 1)
      }
    },
  }
  const pass = (ms: number) => {
    const untilMs = nowMs + ms
    for (;;) {
      timers.sort((one, other) => one.atMs - other.atMs)
      if (!timers[0] || timers[0].atMs > untilMs) break
      const { atMs, run } = timers.shift()!
      nowMs = Math.max(nowMs, atMs)
      run()
    }
    nowMs = Math.max(nowMs, untilMs)
  }
  const taken: (readonly string[])[] = []
  const remoteInterest = new RemoteInterest<PlatformLink>()
  const replace = remoteInterest.replace.bind(remoteInterest)
  /** What a list costs, for the clock. */
  let listMs = 0
  remoteInterest.replace = (link, prefixes) => {
    taken.push(prefixes)
    nowMs += listMs
    return replace(link, prefixes)
  }
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const bus = { interest: { prefixes: () => ['ours/'] } }
  const surroundings = {
    ports: { clock, log, bus },
    remoteInterest,
    queueBytes: QUEUE_BYTES,
    ownName: 'here',
    classicForm: new ClassicForm(),
  } as unknown as SessionSurroundings<never, never>
  const owner = { hasSession: () => false, onHeard: () => {}, onLinkClosed: () => {} }
  const side = new ClassicSide<never, never>('there', surroundings, owner)
  const out = connectionThat(reads)
  const link = side.dialled(out.connection)
  const came = connectionThat(reads)
  const visit = side.visited(came.connection)!
  const hear = (frames: Uint8Array[]) => visit.onMessage(frames.map((frame) => Buffer.from(frame)))
  return {
    side,
    link,
    pass,
    hear,
    told: out.sent,
    answers: came.sent,
    taken,
    wants: () => remoteInterest.prefixes(link),
    takeMsPerList: (ms: number) => {
      listMs = ms
    },
  }
}

const words = (messages: readonly string[][]) => messages.map((frames) => frames[6])

describe('a platform that says hello again and again', () => {
  it('is welcomed and told our list at once, and then no more often than it may change', () => {
    const { side, link, hear, told, pass } = site()
    hear(linkGreeting('hello', 'there'))
    expect(told).toEqual([])
    side.run(link)
    expect(words(told)).toEqual(['hello', 'welcome', '{"here":["ours/"]}'])
    told.length = 0
    for (let times = 0; times < 1_000; times++) hear(linkGreeting('hello', 'there'))
    pass(ClassicLinkTimes.changeMs)
    expect(words(told)).toEqual(['welcome', '{"here":["ours/"]}'])
    pass(ClassicLinkTimes.changeMs)
    expect(told).toHaveLength(2)
  })

  it('and reads none of the answers has but so many of them waiting', () => {
    const { side, link, hear, told, answers, pass } = site(false)
    side.run(link)
    for (let times = 0; times < 5_000; times++) {
      hear(linkGreeting('hello', 'there'))
      hear(externalList('there', ['theirs/']))
      pass(ClassicLinkTimes.changeMs)
    }
    expect(link.connection.pendingBytes).toBeLessThan(QUEUE_BYTES + 3_000)
    expect(told.length).toBeLessThan(1_100)
    expect(answers.length).toBeLessThan(100)
  })
})

describe('the lists of a platform', () => {
  it('are served at once as long as that is little work', () => {
    const { side, link, hear, wants } = site()
    side.run(link)
    for (const prefix of ['a', 'b', 'c']) {
      hear(externalList('there', [prefix]))
      expect(wants()).toEqual([prefix])
    }
  })

  it('take a tenth of the time when they are much, and the last one counts', () => {
    const { side, link, hear, wants, taken, takeMsPerList, pass } = site()
    side.run(link)
    takeMsPerList(100)
    hear(externalList('there', ['first']))
    for (let times = 0; times < 50; times++) hear(externalList('there', [`next${times}`]))
    expect(wants()).toEqual(['first'])
    pass(890)
    expect(taken).toHaveLength(1)
    pass(20)
    expect(wants()).toEqual(['next49'])
    pass(10_000)
    expect(taken).toHaveLength(2)
  })

  it('are forgotten with the link, and not told to the next one late', () => {
    const { side, link, hear, taken, takeMsPerList, pass } = site()
    side.run(link)
    takeMsPerList(100)
    hear(externalList('there', ['first']))
    hear(externalList('there', ['second']))
    link.close('test')
    pass(10_000)
    expect(taken).toHaveLength(1)
    const next = side.dialled(connectionThat(true).connection)
    side.run(next)
    expect(taken).toEqual([['first'], ['second']])
  })

  it('in the name of others are refused', () => {
    const { side, link, hear, answers, wants } = site()
    side.run(link)
    hear(externalList('elsewhere', ['a']))
    hear(vipMessage({ peer: '', id: 'i', subsystem: 'pubsub' }, ['external_list', '[]']) as Uint8Array[])
    expect(answers.map((frames) => frames.at(-1))).toEqual(['false'])
    expect(side.refusedIn).toBe(2)
    expect(wants()).toEqual([])
  })
})
