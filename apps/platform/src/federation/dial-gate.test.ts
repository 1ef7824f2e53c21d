import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { DialGate } from './dial-gate.ts'

const never = new AbortController().signal

/** A gate whose clock stands still until it is told to tick. */
function gateFor(most: number) {
  const timers: (() => void)[] = []
  const setTimer = (_delayMs: number, run: () => void) => {
    timers.push(run)
    return () => {}
  }
  const gate = new DialGate({ most, paceMs: 2, setTimer })
  const tick = async (times = 1) => {
    for (let at = 0; at < times; at++) {
      for (const run of timers.splice(0)) run()
      await turn()
    }
  }
  return { gate, tick, timers }
}

/** Dials that end when told to. */
function dials() {
  const ends: ((connection: string) => void)[] = []
  return { ends, dial: () => new Promise<string>((resolve) => ends.push(resolve)) }
}

describe('a dial gate', () => {
  it('lets so many dials run at once, and the others in their order', async () => {
    const { gate, tick } = gateFor(2)
    const { ends, dial } = dials()
    const all = [1, 2, 3, 4].map(() => gate.pass(dial, 0, never))
    await tick(10)
    expect(ends).toHaveLength(2)
    ends[1]!('second')
    await tick()
    expect(ends).toHaveLength(3)
    ends[0]!('first')
    await tick()
    ends[2]!('third')
    ends[3]!('fourth')
    expect(await Promise.all(all)).toEqual(['first', 'second', 'third', 'fourth'])
  })

  it('lets no more begin than the clock gives, however fast they fail', async () => {
    const { gate, tick, timers } = gateFor(4)
    let begun = 0
    const refused = async () => {
      begun++
      throw new Error('refused')
    }
    const all = Promise.allSettled(Array.from({ length: 10 }, () => gate.pass(refused, 0, never)))
    await turn()
    expect(begun).toBe(4)
    await tick(3)
    expect(begun).toBe(7)
    await tick(20)
    expect(begun).toBe(10)
    await all
    // Its clock stands still now, and gives no more than the first time.
    expect(timers).toEqual([])
    void Promise.allSettled(Array.from({ length: 10 }, () => gate.pass(refused, 0, never)))
    await turn()
    expect(begun).toBe(14)
  })

  it('lets those go first that failed less often', async () => {
    const { gate, tick } = gateFor(1)
    const order: string[] = []
    const named = (name: string, failures: number) => gate.pass(async () => order.push(name), failures, never)
    const all = [named('first', 30), named('ghost', 40), named('older ghost', 9), named('lost', 1), named('new', 0)]
    await turn()
    await tick(10)
    await Promise.all(all)
    expect(order).toEqual(['first', 'new', 'lost', 'ghost', 'older ghost'])
  })

  it('gives the place of a dial that failed to the next', async () => {
    const { gate, tick } = gateFor(1)
    const failed = gate.pass(() => Promise.reject(new Error('refused')), 0, never)
    const next = gate.pass(async () => 'connected', 0, never)
    await expect(failed).rejects.toThrow('refused')
    await tick()
    expect(await next).toBe('connected')
  })

  it('never makes the dial of somebody who gave up while waiting', async () => {
    const { gate, tick } = gateFor(1)
    const { ends, dial } = dials()
    const first = gate.pass(dial, 0, never)
    const controller = new AbortController()
    const second = gate.pass(dial, 0, controller.signal)
    const third = gate.pass(async () => 'third', 0, never)
    controller.abort()
    await expect(second).rejects.toThrow('aborted')
    ends[0]!('first')
    await turn()
    await tick()
    expect(await Promise.all([first, third])).toEqual(['first', 'third'])
    expect(ends).toHaveLength(1)
  })
})
