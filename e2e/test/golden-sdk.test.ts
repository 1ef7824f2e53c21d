/**
 * What our SDK says to the router of a Python platform, compared byte for byte with what the Python library said in the same
 * place. Differences are those of replay/sdk-differences.ts, no more and no less.
 */
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent } from '@volttron/agent'
import { generateKeyPair } from '@volttron/transport'
import { FrameAt } from '@volttron/vip'
import { complaints } from './replay/differences.ts'
import { type Message, subsystemOf } from './replay/messages.ts'
import { RecordedRouter } from './replay/recorded-router.ts'
import { NOT_AT_SDK } from './replay/not-played.ts'
import { readRecording, recordingNames } from './replay/recording.ts'
import { SDK_DIFFERENCES } from './replay/sdk-differences.ts'
import { SdkReplay } from './replay/sdk-replay.ts'

/** Recordings, and the agents in them whose part the SDK takes. */
const PLAYED: readonly (readonly [string, readonly string[]])[] = [
  ['04-ping', ['golden.a']],
  ['05-hello', ['golden.a']],
  ['06-peerlist', ['golden.a']],
  ['07-query', ['golden.a']],
  ['08-rpc-platform', ['golden.a']],
  ['09-rpc-peer', ['golden.a', 'golden.b']],
  ['10-rpc-errors', ['golden.a', 'golden.b']],
  ['12-pubsub-subscribe', ['golden.b']],
  ['13-pubsub-publish', ['golden.a']],
  ['14-pubsub-list', ['golden.a', 'golden.b']],
  ['16-two-subscribers', ['golden.b']],
  ['22-raw-rpc-batch', ['golden.b']],
]

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function start(identity: string): Promise<{ replay: SdkReplay; agent: Agent }> {
  const router = await RecordedRouter.open()
  const agent = new Agent({ identity, address: router.address, serverKey: router.keys.publicKey, ...generateKeyPair() })
  closers.push(async () => {
    await agent.stop()
    await router.close()
  })
  agent.on('error', () => {})
  agent.vip.rpc.export('add', (a: number, b: number) => a + b, { params: ['a', 'b'] })
  agent.vip.rpc.export('echo', (...args: unknown[]) => ({ args, kwargs: {} }))
  agent.vip.rpc.export('renamed.method', () => 'renamed ok')
  agent.vip.rpc.export('boom', () => {
    throw new Error('kaboom')
  })
  await agent.start()
  router.greeted()
  return { agent, replay: new SdkReplay(agent, router, SDK_DIFFERENCES) }
}

function expectNoMore(name: string, ...replays: readonly SdkReplay[]): void {
  const differences = replays.flatMap((replay) => replay.differences)
  expect(complaints([name], differences, SDK_DIFFERENCES)).toEqual([])
}

/** What the author of an agent gets is what the recorded router has answered. */
function expectSense(answer: Message, outcome: unknown): void {
  const [first = '', ...rest] = answer.slice(FrameAt.args).map((frame) => frame.toString('latin1'))
  switch (subsystemOf(answer)) {
    case 'error':
      return expect(outcome).toBeInstanceOf(Error)
    case 'RPC': {
      const { result, error } = JSON.parse(first)
      return error ? expect(outcome).toBeInstanceOf(Error) : expect(outcome).toEqual(result)
    }
    case 'peerlist':
      return expect(outcome).toEqual(rest)
    case 'hello':
      return expect(outcome).toEqual({ version: rest[0], peer: rest[1], identity: rest[2] })
    case 'ping':
      return expect(outcome).toEqual(expect.any(Number))
    case 'query':
      return expect(outcome).toEqual(answer.at(-1)!.length === 4 ? 600 : readable(rest[0]!))
    default:
      return expect(outcome).toEqual(ofPubSub(first, answer.at(-1)!))
  }
}

/** A list, or the text itself; what is empty is nothing. */
const readable = (text: string): unknown => (text.startsWith('[') ? JSON.parse(text) : text || undefined)

function ofPubSub(operation: string, result: Buffer): unknown {
  if (operation === 'request_response') return result.length === 4 ? result.readUInt32LE() : undefined
  return JSON.parse(result.toString()).map(([bus, prefix, subscribed]: unknown[]) => ({ bus, prefix, subscribed }))
}

describe('an agent of the SDK at the router of a Python platform', () => {
  it('connects as recorded: 03-connect', async () => {
    const { replay } = await start('golden.a')
    replay.compareGreeting(readRecording('03-connect'))
    expectNoMore('03-connect', replay)
  })

  it.each(PLAYED)('says what was recorded: %s, as %j', async (name, identities) => {
    const replays: SdkReplay[] = []
    for (const identity of identities) {
      const { replay, agent } = await start(identity)
      await replay.play(readRecording(name))
      await agent.stop()
      for (const { answer, outcome } of replay.outcomes) expectSense(answer, outcome)
      replays.push(replay)
    }
    expectNoMore(name, ...replays)
  })

  it('is shown every recording, or there is a reason', () => {
    const played = ['03-connect', ...PLAYED.map(([name]) => name)]
    expect([...played, ...NOT_AT_SDK.keys()].sort()).toEqual(recordingNames())
  })
})
