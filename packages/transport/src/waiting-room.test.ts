import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { WaitingRoom } from './waiting-room.ts'

interface Guest {
  readonly address: string
  readonly number: number
}

const guest = (address: string, number = 0): Guest => ({ address, number })
const always = () => true

describe('the waiting room', () => {
  it('lets guests of one address in as they came', () => {
    const room = new WaitingRoom<Guest>(10)
    const guests = [1, 2, 3].map((number) => guest('a', number))
    for (const one of guests) room.enter(one, 'a')
    expect([room.next(always), room.next(always), room.next(always), room.next(always)]).toEqual([...guests, undefined])
  })

  it('lets addresses take turns, however many guests they have', () => {
    const room = new WaitingRoom<Guest>(100)
    for (let number = 0; number < 90; number++) room.enter(guest('crowd', number), 'crowd')
    room.enter(guest('one'), 'one')
    room.enter(guest('two'), 'two')
    const first = Array.from({ length: 4 }, () => room.next(always)?.address)
    expect(first).toEqual(['crowd', 'one', 'two', 'crowd'])
  })

  it('passes over an address that has no seat', () => {
    const room = new WaitingRoom<Guest>(10)
    room.enter(guest('a'), 'a')
    room.enter(guest('b'), 'b')
    expect(room.next((address) => address === 'b')?.address).toBe('b')
    expect(room.next((address) => address === 'b')).toBeUndefined()
    expect(room.size).toBe(1)
  })

  it('turns the crowd away when it is full, and nobody else', () => {
    const room = new WaitingRoom<Guest>(3)
    for (let number = 0; number < 3; number++) expect(room.enter(guest('crowd', number), 'crowd')).toBeUndefined()
    expect(room.enter(guest('crowd', 3), 'crowd')).toEqual(guest('crowd', 3))
    expect(room.enter(guest('one'), 'one')).toEqual(guest('crowd', 2))
    expect(room.enter(guest('two'), 'two')).toEqual(guest('crowd', 1))
    expect(room.enter(guest('three'), 'three')).toEqual(guest('three'))
  })

  it('never holds more than it has places for, and loses nobody', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('enter' as const), address: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ do: fc.constant('next' as const), address: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ do: fc.constant('leave' as const), address: fc.constantFrom('a', 'b', 'c') }),
    )
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 0, max: 4 }), (steps, places) => {
        const room = new WaitingRoom<Guest>(places)
        const inside = new Set<Guest>()
        steps.forEach((one, number) => {
          if (one.do === 'enter') {
            const newcomer = guest(one.address, number)
            inside.add(newcomer)
            const without = room.enter(newcomer, one.address)
            if (without) inside.delete(without)
          } else if (one.do === 'next') {
            const next = room.next((address) => address === one.address)
            expect(next !== undefined).toBe([...inside].some(({ address }) => address === one.address))
            if (next) inside.delete(next)
          } else {
            const [first] = inside
            if (first) room.leave(first, first.address)
            inside.delete(first!)
          }
          expect(room.size).toBe(inside.size)
          expect(room.size).toBeLessThanOrEqual(places)
        })
      }),
    )
  })
})
