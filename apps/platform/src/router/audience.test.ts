import { describe, expect, it } from '@jest/globals'
import { Audiences } from './audience.ts'
import type { Peer } from './peer.ts'

const peer = (isBatched: boolean, isCongested = false) => ({ isBatched, isCongested }) as Peer

describe('an audience', () => {
  it('has a group when several speak the batched form, and everybody else one by one', () => {
    const [a, b, classic] = [peer(true), peer(true), peer(false)]
    const { singles, group } = new Audiences().of([a, classic, b])
    expect(singles).toEqual([classic])
    expect([...group!.members]).toEqual([a, b])
  })

  it('has no group for a single one', () => {
    const [a, classic] = [peer(true), peer(false)]
    expect(new Audiences().of([a, classic])).toEqual({ singles: [a, classic], group: undefined })
  })

  it('shares its group with others of the same members, whatever their order and whoever else listens', () => {
    const audiences = new Audiences()
    const [a, b, c, classic] = [peer(true), peer(true), peer(true), peer(false)]
    const { group } = audiences.of([a, b])
    expect(audiences.of([b, classic, a]).group).toBe(group)
    expect(audiences.of([a, b, c]).group).not.toBe(group)
  })

  it('is behind as a group when most of its members are', () => {
    const groupOf = (...behind: boolean[]) => new Audiences().of(behind.map((each) => peer(true, each))).group!
    expect(groupOf(true, false).isCongested).toBe(false)
    expect(groupOf(true, true, false).isCongested).toBe(true)
  })
})
