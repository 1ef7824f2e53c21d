import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { publicKeyFromBytes } from '@volttron/vip'
import { randomBytes } from 'node:crypto'
import { ANY_PORT, collect, type Operator, PATIENCE_MS, Stage, stop } from './support/stage.ts'

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

describe('who can be reached', () => {
  it('a platform that only dials both sends and receives, and is hidden from the list of old', async () => {
    const [hidden, open] = await Promise.all([
      stage.federated('hidden', url, ['--dial-only']),
      stage.federated('open', url),
    ])
    const [there, here] = [await stage.operator(hidden.home), await stage.operator(open.home)]
    await Promise.all([there.connected('open'), here.connected('hidden')])
    const row = await here.rowOf('hidden', () => true)
    expect(row).toMatchObject({ dial_only: true, direction: 'accepted', address: 'tcp://hidden.invalid:22916' })
    const ids = async (query: string) =>
      ((await (await fetch(`${url}/platforms${query}`)).json()) as { id: string }[]).map(({ id }) => id).sort()
    expect(await ids('')).toEqual(['open'])
    expect(await ids('?view=full')).toEqual(['hidden', 'open'])

    const [inside, outside] = [await stage.agent(hidden.home, 'inside'), await stage.agent(open.home, 'outside')]
    const [atInside, atOutside] = [await collect(inside, 'both/', true), await collect(outside, 'both/', true)]
    await Promise.all([here.rowOf('hidden', (r) => r.interest_in > 0), there.rowOf('open', (r) => r.interest_in > 0)])
    await inside.vip.pubsub.publish({ topic: 'both/from-inside', message: 1 })
    await outside.vip.pubsub.publish({ topic: 'both/from-outside', message: 1 })
    await eventually(() => atInside.length === 2 && atOutside.length === 2, { timeoutMs: PATIENCE_MS })
    const origins = (list: typeof atInside) => Object.fromEntries(list.map((one) => [one.topic, one.headers.platform]))
    expect(origins(atInside)).toEqual({ 'both/from-inside': undefined, 'both/from-outside': 'open' })
    expect(origins(atOutside)).toEqual({ 'both/from-inside': 'hidden', 'both/from-outside': undefined })
  })

  it('of two platforms that only dial each says that nobody can', async () => {
    const [one, other] = await Promise.all([
      stage.federated('one', url, ['--dial-only']),
      stage.federated('other', url, ['--dial-only']),
    ])
    const row = await (await stage.operator(one.home)).rowOf('other', ({ status }) => status === 'nobody-can-dial')
    expect(row.reason).toContain('other')
    await (await stage.operator(other.home)).rowOf('one', ({ status }) => status === 'nobody-can-dial')
  })
})

describe('who is wanted', () => {
  it('a group keeps to itself, and without a group a platform is in default', async () => {
    const group = (name: string) => [...ANY_PORT, '--federation-group', name]
    const [red1, red2, blue] = await Promise.all([
      stage.federated('red-1', url, group('red')),
      stage.federated('red-2', url, group('red')),
      stage.federated('blue', url, group('blue')),
    ])
    const plain = await stage.federated('plain', url)
    const operators = await Promise.all([red1, red2, blue, plain].map(({ home }) => stage.operator(home)))
    const [one, two, three, four] = operators as [Operator, Operator, Operator, Operator]
    await Promise.all([one.connected('red-2'), two.connected('red-1')])
    // Without a group of its own it would have them all; those that keep to themselves do not want it.
    const known = async (operator: Operator) =>
      (await operator.federation()).platforms.map((row) => row.platform).sort()
    await eventually(async () => (await known(four)).length === 3, { timeoutMs: PATIENCE_MS })
    expect(await known(one)).toEqual(['red-2'])
    expect(await known(three)).toEqual([])
    expect((await four.federation()).platforms.map(({ connected }) => connected)).toEqual([false, false, false])
    const list = (await (await fetch(`${url}/platforms`)).json()) as { id: string; group: string }[]
    expect(Object.fromEntries(list.map(({ id, group: its }) => [id, its]))).toEqual({
      'red-1': 'red',
      'red-2': 'red',
      blue: 'blue',
      plain: 'default',
    })
  })

  it('--federation-allow lets in those it names and nobody else', async () => {
    const picky = await stage.federated('picky', url, [...ANY_PORT, '--federation-allow', 'friend'])
    const [friend, stranger] = await Promise.all([stage.federated('friend', url), stage.federated('stranger', url)])
    const operator = await stage.operator(picky.home)
    await operator.connected('friend')
    await (await stage.operator(friend.home)).connected('picky', 'stranger')
    const row = await (await stage.operator(stranger.home)).rowOf('picky', ({ connected }) => !connected)
    expect(row.connected).toBe(false)
    expect((await operator.federation()).platforms.map(({ platform }) => platform)).toEqual(['friend'])
  })
})
