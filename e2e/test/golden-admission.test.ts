/**
 * Who may come in under which name: the recorded platform lets everybody in under any name (gaps G-1 and G-2), so here the
 * recordings show what must not happen. Those of the platform whose authentication was repaired begin with `z`.
 */
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { dial, generateKeyPair } from '@volttron/transport'
import { FrameAt, type PublicKey, vipMessage } from '@volttron/vip'
import { ADMISSION_DIFFERENCES } from './replay/admission-differences.ts'
import { Actor } from './replay/actor.ts'
import { complaints } from './replay/differences.ts'
import { textOf } from './replay/messages.ts'
import { readRecording } from './replay/recording.ts'
import { RouterReplay } from './replay/router-replay.ts'
import {
  ANY_PORT,
  addressesOf,
  credential,
  type Operator,
  PATIENCE_MS,
  portOf,
  type Site,
  Stage,
} from './support/stage.ts'

let stage: Stage
let site: Site
let operator: Operator
let replay: RouterReplay

beforeAll(async () => {
  stage = new Stage()
  site = await stage.programs.startPlatform('platA', ANY_PORT)
  operator = await stage.operator(site.home)
  await stage.addKeys(site.home, 'probe.1795356444799', 'dup.agent', 'drop.me', 'observer')
  replay = new RouterReplay({ home: site.home, listed: ADMISSION_DIFFERENCES })
})
afterAll(async () => {
  replay.close()
  await stage.cleanUp()
})

function expectNoMore(name: string): void {
  const found = replay.differences.filter(({ recording }) => recording === name)
  expect(complaints([name], found, ADMISSION_DIFFERENCES)).toEqual([])
}

const peers = async (): Promise<string[]> => (await operator.control('peerlist')) as string[]

/** Ends a connection, and waits until the platform has noticed. */
async function disconnect(identity: string): Promise<void> {
  replay.disconnect(identity)
  await eventually(async () => !(await peers()).includes(identity))
}

/** Knocks with a key that nobody knows, under a name, until `meanwhile` is done. */
async function whileKnocking(routingId: string, meanwhile: () => Promise<void>): Promise<void> {
  const keys = generateKeyPair()
  const leave = new AbortController()
  const outcome = dial({
    address: addressesOf(site.home)[0]!,
    serverKey: credential(site.home, 'platform').publickey as PublicKey,
    keys,
    routingId,
    timeoutMs: PATIENCE_MS,
    signal: leave.signal,
  }).then(
    () => 'let in',
    () => 'left outside',
  )
  const list = () => operator.agent.vip.rpc.call('platform.auth', 'get_pending_authorizations')
  const isPending = async () =>
    ((await list()) as { credentials: string }[]).some((row) => row.credentials === keys.publicKey)
  await eventually(isPending, { timeoutMs: PATIENCE_MS, what: 'the key among those that wait for approval' })
  replay.leaveOutside(routingId)
  await meanwhile()
  leave.abort()
  expect(await outcome).toBe('left outside')
}

describe('the recorded strangers', () => {
  it('wait outside with a key that nobody knows, while others come in: 30-unknown-key, z30-unknown-key', async () => {
    await whileKnocking('evil.agent', () => replay.play(readRecording('30-unknown-key')))
    expect(await peers()).not.toContain('evil.agent')
    await disconnect('probe.1795356444799')
    expectNoMore('30-unknown-key')
    expect(readRecording('z30-unknown-key').messages).toEqual([])
  })

  it.each(['31-spoofed-identity', 'z31-spoofed-identity'])(
    'get no other name than that of their key: %s',
    async (name) => {
      const actor = await replay.connect('someone.else', 'control.connection')
      await replay.play(readRecording(name))
      expect(actor.closed).toBeDefined()
      replay.disconnect('someone.else')
      expect(await peers()).not.toContain('someone.else')
      expectNoMore(name)
    },
  )

  it('are no operators: 31b-spoof-admin-identity, z31b-spoof-admin-identity', async () => {
    for (const name of ['31b-spoof-admin-identity', 'z31b-spoof-admin-identity']) {
      await whileKnocking('control.connection', () => replay.play(readRecording(name)))
      expectNoMore(name)
    }
    expect(existsSync(join(site.home, 'credentials_store', 'spoofed2.json'))).toBe(false)
  })

  it('do not come in without encryption: 32-null-mechanism, z32-null-mechanism', async () => {
    const answer: Buffer[] = []
    const greeting = Buffer.alloc(64)
    Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]).copy(greeting)
    greeting.write('NULL', 12)
    const socket = connect(portOf(site.home), '127.0.0.1', () => socket.write(greeting))
    socket.on('data', (chunk) => answer.push(chunk)).on('error', () => {})
    await new Promise((resolve) => socket.on('close', resolve))
    expect(Buffer.concat(answer).includes('READY')).toBe(false)
    for (const name of ['32-null-mechanism', 'z32-null-mechanism']) {
      expect(readRecording(name).messages).toEqual([])
      expect(readRecording(name).observed.get('hello')).toBe('TIMEOUT')
    }
  })

  it('do not come in when they take another server for ours: 33-wrong-serverkey, z33-wrong-serverkey', async () => {
    const serverKey = generateKeyPair().publicKey
    await expect(dial({ address: addressesOf(site.home)[0]!, serverKey, keys: generateKeyPair() })).rejects.toThrow()
    for (const name of ['33-wrong-serverkey', 'z33-wrong-serverkey']) {
      expect(readRecording(name).messages).toEqual([])
      expect(readRecording(name).observed.get('hello')).toBe('TIMEOUT')
    }
  })

  it('are told at once that their name is taken: 34-duplicate-identity, z34-duplicate-identity', async () => {
    await replay.play(readRecording('34-duplicate-identity'))
    const second = await Actor.connect(site.home, 'dup.agent')
    second.send(vipMessage({ peer: '', id: 'h1', subsystem: 'hello' }, ['hello']).map((frame) => Buffer.from(frame)))
    const refusal = await eventually(() => second.take((message) => textOf(message, FrameAt.subsystem) === 'error'), {
      timeoutMs: PATIENCE_MS,
    })
    expect(textOf(refusal, FrameAt.args)).toBe('98')
    await replay.settle()
    expect(await peers()).toContain('dup.agent')
    expectNoMore('34-duplicate-identity')
    expect(readRecording('z34-duplicate-identity').messages).toEqual([])
  })

  it('are missed as soon as their connection ends: 35-hard-drop, z35-hard-drop', async () => {
    await disconnect('dup.agent')
    await replay.play(readRecording('35-hard-drop'), {
      observer: () => disconnect('drop.me'),
    })
    expectNoMore('35-hard-drop')
    expect(readRecording('z35-hard-drop').messages).toEqual([])
  })
})
