import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { ANY_PORT, collect, type Operator, PATIENCE_MS, Stage } from './support/stage.ts'

let stage: Stage
let url: string
beforeEach(async () => {
  stage = new Stage()
  url = (await stage.programs.startRegistry()).url
})
afterEach(() => stage.cleanUp())

const registryStatus = (operator: Operator, ...words: string[]) =>
  eventually(
    async () => {
      const { registry } = await operator.federation()
      return registry && words.includes(registry.status) && registry
    },
    { timeoutMs: PATIENCE_MS, what: `registry: ${words}` },
  )

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

describe('a registry with a password', () => {
  it('serves who knows it, and the others say what is missing', async () => {
    const [right, wrong] = [join(stage.programs.folder, 'right'), join(stage.programs.folder, 'wrong')]
    writeFileSync(right, 'open sesame\n')
    writeFileSync(wrong, 'open barley\n')
    const locked = await stage.programs.startRegistry(['--registration-password-file', right], 'locked')
    const withPassword = (file: string) => [...ANY_PORT, '--registration-password-file', file]
    const [one, other, ignorant, mistaken] = await Promise.all([
      stage.federated('one', locked.url, withPassword(right)),
      stage.federated('other', locked.url, withPassword(right)),
      stage.federated('ignorant', locked.url),
      stage.federated('mistaken', locked.url, withPassword(wrong)),
    ])
    await (await stage.operator(one.home)).connected('other')
    await (await stage.operator(other.home)).connected('one')
    for (const site of [ignorant, mistaken]) {
      const state = await registryStatus(await stage.operator(site.home), 'unauthorized')
      expect(state.reason).toMatch(/password/i)
    }
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
