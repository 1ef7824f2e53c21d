import { randomBytes } from 'node:crypto'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { publicKeyFromBytes } from '@volttron/vip'
import { ANY_PORT, addressesOf, collect, credential, type Operator, PATIENCE_MS, Stage, stop } from './support/stage.ts'

let stage: Stage
let url: string
beforeEach(async () => {
  stage = new Stage()
  url = (await stage.programs.startRegistry()).url
})
afterEach(() => stage.cleanUp())

const register = (entry: object) =>
  fetch(`${url}/platform`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(entry),
  })

const registryStatus = (operator: Operator, ...words: string[]) =>
  eventually(
    async () => {
      const { registry } = await operator.federation()
      return registry && words.includes(registry.status) && registry
    },
    { timeoutMs: PATIENCE_MS, what: `registry: ${words}` },
  )

describe('a name in the federation', () => {
  it('belongs to who came first: the second platform of that name says so, the first notices nothing', async () => {
    const first = await stage.federated('first', url)
    const other = await stage.federated('other', url)
    const otherOperator = await stage.operator(other.home)
    const row = (await otherOperator.connected('first'))[0]!
    const twin = await stage.federated('twin', url, [...ANY_PORT, '--instance-name', 'first'])
    const state = await registryStatus(await stage.operator(twin.home), 'taken', 'registry-holds-another-key')
    expect(state.reason).toContain('first')
    expect(await stage.vctl(twin.home, 'federation', 'status')).toMatch(/taken|registry-holds-another-key/)
    expect(await otherOperator.rowOf('first', ({ connected }) => connected)).toMatchObject({
      address: row.address,
      sessions: 1,
    })
    await registryStatus(await stage.operator(first.home), 'registered')
  })

  it('is never its own peer, under whatever name the list has it', async () => {
    const site = await stage.federated('first', url)
    const operator = await stage.operator(site.home)
    await registryStatus(operator, 'registered')
    const [{ address }] = (await (await fetch(`${url}/platforms`)).json()) as [{ address: string }]
    // Somebody else's key at our address.
    await register({ id: 'mirror', address, public_credentials: publicKeyFromBytes(randomBytes(32)), group: 'default' })
    await stage.federated('other', url)
    await operator.connected('other')
    expect((await operator.federation()).platforms.map(({ platform }) => platform)).not.toContain('first')
    expect((await operator.federation()).platforms.filter(({ connected }) => connected)).toHaveLength(1)
  })
})

describe('the key of a platform', () => {
  it('that changed without proof is not taken until an operator accepts it', async () => {
    let first = await stage.federated('first', url)
    let second = await stage.federated('second', url)
    await (await stage.operator(first.home)).connected('second')
    await Promise.all([stop(first), stop(second)])
    // It has lost its keys, and the operator of the registry has made room for the new ones.
    rmSync(join(second.home, 'credentials_store'), { recursive: true })
    const args = ['remove', 'second', '--home', join(stage.programs.folder, 'registry')]
    expect(await stage.programs.run('apps/registry/bin/volttron-platform-lookup.js', args)).toMatchObject({ code: 0 })
    second = await stage.federated('second', url)
    await registryStatus(await stage.operator(second.home), 'registered')

    first = await stage.federated('first', url)
    const operator = await stage.operator(first.home)
    const changed = await operator.rowOf('second', ({ status }) => status === 'key-changed')
    expect(changed).toMatchObject({ connected: false, reason: expect.stringContaining('accept second') })
    await stage.vctl(first.home, 'federation', 'platform', 'accept', 'second')
    const accepted = await operator.rowOf('second', ({ connected }) => connected)
    expect(accepted.key_fingerprint).toBe(changed.candidate_fingerprint)
  })

  it('is renewed by vctl auth rotate-platform-key, and the others follow by themselves', async () => {
    const first = await stage.federated('first', url)
    let second = await stage.federated('second', url)
    const operator = await stage.operator(first.home)
    const before = (await operator.connected('second'))[0]!
    const listener = await stage.agent(second.home, 'listener')
    const received = await collect(listener, 'key/', true)
    const shown = await stage.vctl(second.home, 'auth', 'rotate-platform-key')
    expect(shown).toMatch(/registry +registered/)
    const after = await operator.rowOf('second', (row) => row.key_fingerprint !== before.key_fingerprint)
    expect(after.status).not.toBe('key-changed')
    // The new key holds after a restart too, and agents that know the home follow.
    await stop(second)
    second = await stage.federated('second', url)
    await operator.rowOf('second', ({ connected }) => connected)
    await eventually(
      async () => {
        await operator.agent.vip.pubsub.publish({ topic: 'key/new', message: 1 })
        return received.length > 0
      },
      { timeoutMs: PATIENCE_MS },
    )
  })
})

describe('the key of another platform', () => {
  it('opens a session and nothing else: no agent comes in by it', async () => {
    const [first, second] = await Promise.all([stage.federated('first', url), stage.federated('second', url)])
    const operator = await stage.operator(first.home)
    await operator.connected('second')
    const { publickey, secretkey } = credential(second.home, 'platform')
    const options = {
      address: addressesOf(first.home)[0]!,
      serverKey: credential(first.home, 'platform').publickey,
      publicKey: publickey,
      secretKey: secretkey,
    }
    for (const identity of ['spy', 'platform.control']) {
      const spy = stage.newAgent(first.home, identity, options)
      await spy.start({ timeoutMs: 2_000 }).catch(() => {})
      const calls = [
        () => spy.vip.peerlist.list(),
        () => spy.vip.rpc.callWith('platform.control', 'platform_info', { timeoutMs: 2_000 }),
        () => spy.vip.rpc.callWith('platform.control', 'stop_platform', { timeoutMs: 2_000 }),
      ]
      for (const call of calls) await expect(call()).rejects.toThrow()
      await spy.stop()
    }
    expect(await operator.agent.vip.peerlist.list()).not.toContain('spy')
    expect(await operator.rowOf('second', ({ connected }) => connected)).toMatchObject({ sessions: 1 })
  })

  it('used by two platforms at once is noticed, and heals when one of them stops', async () => {
    const first = await stage.federated('first', url)
    let second = await stage.federated('second', url)
    const operator = await stage.operator(first.home)
    await operator.connected('second')
    await stop(second)
    cpSync(second.home, join(stage.programs.folder, 'image'), { recursive: true })
    second = await stage.federated('second', url)
    await operator.rowOf('second', (row) => row.connected && row.sessions === 2)
    const image = await stage.federated('image', url, [...ANY_PORT, '--instance-name', 'second'])
    const row = await operator.rowOf('second', ({ status }) => status === 'duplicate-instance')
    expect(row.reason).toContain('second')
    await stop(image)
    const received = await collect(await stage.agent(second.home, 'survivor'), 'healed/', true)
    await eventually(
      async () => {
        await operator.agent.vip.pubsub.publish({ topic: 'healed/1', message: 1 })
        return received.length > 0
      },
      { timeoutMs: 50_000, what: 'a message at the platform that stayed' },
    )
  })
})
