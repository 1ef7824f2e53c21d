import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually, leakCheck } from '@volttron/testkit'
import { FrontDoor, generateKeyPair } from '@volttron/transport'
import { formatAddress, type PublicKey, VipErrno } from '@volttron/vip'
import { Agent } from '../src/agent.ts'
import { ScriptedRouter } from './scripted-router.ts'

/** A home as the daemon leaves it, and a scripted router behind a real front door. */
let home = ''
let door: FrontDoor | undefined
const serverKeys = generateKeyPair()
const known = new Set<PublicKey>()

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'agent-home-'))
  mkdirSync(join(home, 'credentials_store'))
  mkdirSync(join(home, 'run'))
  write('credentials_store/platform.json', { identity: 'platform', publickey: serverKeys.publicKey })
})
afterEach(async () => {
  await door?.close()
  door = undefined
  rmSync(home, { recursive: true })
})

const write = (path: string, content: unknown) => writeFileSync(join(home, path), JSON.stringify(content))

function makeAgent(identity: string, isKnown = true): Agent {
  const keys = generateKeyPair()
  if (isKnown) known.add(keys.publicKey)
  write(`credentials_store/${identity}.json`, { identity, publickey: keys.publicKey, secretkey: keys.secretKey })
  return new Agent({ identity, volttronHome: home })
}

async function open(router: ScriptedRouter): Promise<void> {
  door = await FrontDoor.listen({
    addresses: [{ scheme: 'tcp', host: '127.0.0.1', port: 0 }],
    serverKeys,
    admit: (key) => (known.has(key) ? { verdict: 'accept' } : { verdict: 'refuse', reason: 'unknown' }),
    onConnection: (connection) => router.accept(connection),
  })
  write('run/addresses.json', { addresses: door.boundAddresses.map(formatAddress) })
}

describe.each([
  ['a router of ours', false],
  ['a classic router', true],
])('over the network with %s', (_name, classic) => {
  it('an agent waits for its platform, publishes, and comes back when the platform does', async () => {
    const router = new ScriptedRouter({ classic })
    const agent = makeAgent('listener')
    const starting = agent.start()
    await open(router)
    await starting
    const received: unknown[] = []
    await agent.vip.pubsub.subscribe({ prefix: 't', callback: (...args) => received.push(args[5]) })
    expect(await agent.vip.pubsub.publish({ topic: 't/1', message: 'before' })).toBe(1)

    await door!.close()
    await eventually(() => agent.state === 'reconnecting')
    agent.vip.pubsub.write({ topic: 't/2', message: 'meanwhile' })
    const connected = once(agent, 'connected')
    await open(router)
    await connected
    await agent.vip.pubsub.publish({ topic: 't/3', message: 'after' })
    await eventually(() => received.length === 3)
    expect(received).toEqual(['before', 'meanwhile', 'after'])
    await agent.stop()
  })

  it('a large body passes', async () => {
    const router = new ScriptedRouter({ classic })
    const agent = makeAgent('listener')
    await open(router)
    await agent.start()
    await agent.vip.pubsub.publish({ topic: 't', message: 'x'.repeat(8 * 1024 * 1024) })
    expect(router.published[0]!.body.length).toBe(8 * 1024 * 1024 + 2)
    await agent.stop()
  })

  it('a second copy is refused at once', async () => {
    const router = new ScriptedRouter({ classic })
    router.refuse = VipErrno.addressInUse.code
    await open(router)
    const agent = makeAgent('twin')
    await expect(agent.start()).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining("agent 'twin'"),
    })
    await agent.stop()
  })

  it('what was written just before the stop arrives', async () => {
    const router = new ScriptedRouter({ classic })
    await open(router)
    const agent = makeAgent('hasty')
    await agent.start()
    for (let message = 0; message < 500; message++) agent.vip.pubsub.write({ topic: 't', message })
    await agent.stop()
    await eventually(() => router.published.length === 500)
    await eventually(() => router.logged('agentstop').length === 1)
  })
})

it('an unknown key is refused at once, and nothing stays open', async () => {
  await open(new ScriptedRouter())
  const leaks = leakCheck('agent-home-')
  const agent = makeAgent('stranger', false)
  await expect(agent.start()).rejects.toMatchObject({ code: 'denied' })
  const waiting = new Agent({ identity: 'stranger', volttronHome: home, address: 'tcp://127.0.0.1:1' })
  await expect(waiting.start({ timeoutMs: 300 })).rejects.toMatchObject({ code: 'timeout' })
  await agent.stop()
  await waiting.stop()
  await leaks.expectNone()
})
