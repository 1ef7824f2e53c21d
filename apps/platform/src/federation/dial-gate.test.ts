import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { DialGate } from './dial-gate.ts'

const never = new AbortController().signal

/** Dials that end when told to. */
function dials() {
  const ends: ((connection: string) => void)[] = []
  return { ends, dial: () => new Promise<string>((resolve) => ends.push(resolve)) }
}

describe('a dial gate', () => {
  it('lets so many dials run at once, and the others in their order', async () => {
    const gate = new DialGate(2)
    const { ends, dial } = dials()
    const all = [1, 2, 3, 4].map(() => gate.pass(dial, never))
    await turn()
    expect(ends).toHaveLength(2)
    ends[1]!('second')
    await turn()
    expect(ends).toHaveLength(3)
    ends[0]!('first')
    await turn()
    ends[2]!('third')
    ends[3]!('fourth')
    expect(await Promise.all(all)).toEqual(['first', 'second', 'third', 'fourth'])
  })

  it('gives the place of a dial that failed to the next', async () => {
    const gate = new DialGate(1)
    const failed = gate.pass(() => Promise.reject(new Error('refused')), never)
    const next = gate.pass(async () => 'connected', never)
    await expect(failed).rejects.toThrow('refused')
    expect(await next).toBe('connected')
  })

  it('never makes the dial of somebody who gave up while waiting', async () => {
    const gate = new DialGate(1)
    const { ends, dial } = dials()
    const first = gate.pass(dial, never)
    const controller = new AbortController()
    const second = gate.pass(dial, controller.signal)
    const third = gate.pass(async () => 'third', never)
    controller.abort()
    await expect(second).rejects.toThrow('aborted')
    ends[0]!('first')
    expect(await Promise.all([first, third])).toEqual(['first', 'third'])
    expect(ends).toHaveLength(1)
  })
})
