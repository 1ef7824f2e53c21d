import { beforeEach, describe, expect, it } from '@jest/globals'
import { AtMost, OneByKey } from './side-by-side.ts'

let begun: string[]
let ends: Map<string, { resolve(): void; reject(error: Error): void }>
beforeEach(() => {
  begun = []
  ends = new Map()
})

/** Work that ends when it is told to. */
const work = (name: string) => () =>
  new Promise<string>((resolve, reject) => {
    begun.push(name)
    ends.set(name, { resolve: () => resolve(name), reject })
  })
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('work under keys', () => {
  it('waits for what goes on under the same key, whatever becomes of that, and for nothing else', async () => {
    const keys = new OneByKey()
    const first = keys.run('a', work('first')).catch((error: Error) => error.message)
    const second = keys.run('a', work('second'))
    const other = keys.run('b', work('other'))
    await settle()
    expect(begun).toEqual(['first', 'other'])
    ends.get('first')!.reject(new Error('failed'))
    expect(await first).toBe('failed')
    await settle()
    expect(begun).toEqual(['first', 'other', 'second'])
    ends.get('second')!.resolve()
    ends.get('other')!.resolve()
    expect([await second, await other]).toEqual(['second', 'other'])
    await settle()
    expect([keys.has('a'), keys.has('b')]).toEqual([false, false])
  })

  it('is known from the moment it is asked for', () => {
    const keys = new OneByKey()
    void keys.run('a', work('first'))
    expect([keys.has('a'), keys.has('b')]).toEqual([true, false])
  })
})

describe('work in a limited number of places', () => {
  it('comes in its order, as soon as a place is free, however that came', async () => {
    const places = new AtMost(2)
    const all = ['a', 'b', 'c', 'd'].map((name) => places.run(work(name)).catch(() => `no ${name}`))
    await settle()
    expect(begun).toEqual(['a', 'b'])
    ends.get('b')!.reject(new Error('failed'))
    await settle()
    expect(begun).toEqual(['a', 'b', 'c'])
    ends.get('a')!.resolve()
    await settle()
    expect(begun).toEqual(['a', 'b', 'c', 'd'])
    for (const name of ['c', 'd']) ends.get(name)!.resolve()
    expect(await Promise.all(all)).toEqual(['a', 'no b', 'c', 'd'])
    const later = places.run(work('later'))
    await settle()
    ends.get('later')!.resolve()
    expect(await later).toBe('later')
  })
})
