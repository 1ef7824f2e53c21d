import { describe, expect, it } from '@jest/globals'
import { Turn } from './turn.ts'

function manual() {
  const deferred: (() => void)[] = []
  const turn = new Turn((run) => deferred.push(run))
  return {
    turn,
    deferred,
    end: () => {
      for (const run of deferred.splice(0)) run()
    },
  }
}

describe('the end of a turn', () => {
  it('runs what is due, in order, and asks for itself once', () => {
    const { turn, deferred, end } = manual()
    const done: string[] = []
    for (const name of ['a', 'b', 'c']) turn.schedule({ flush: () => void done.push(name) })
    expect(deferred).toHaveLength(1)
    expect(done).toEqual([])
    end()
    expect(done).toEqual(['a', 'b', 'c'])
    end()
    expect(done).toHaveLength(3)
  })

  it('leaves to the next turn what is asked for meanwhile', () => {
    const { turn, deferred, end } = manual()
    let runs = 0
    const again = {
      flush() {
        if (++runs < 3) turn.schedule(again)
      },
    }
    turn.schedule(again)
    end()
    expect(runs).toBe(1)
    expect(deferred).toHaveLength(1)
    end()
    end()
    expect(runs).toBe(3)
  })

  it('comes for all, though one of them fails', () => {
    const { turn, end } = manual()
    const done: string[] = []
    turn.schedule({
      flush() {
        throw new Error('broken')
      },
    })
    turn.schedule({ flush: () => void done.push('b') })
    expect(end).toThrow('broken')
    end()
    expect(done).toEqual(['b'])
  })

  it('is that of the event loop outside simulations', async () => {
    const done: string[] = []
    await new Promise<void>((resolve) => {
      new Turn().schedule({
        flush() {
          done.push('flush')
          resolve()
        },
      })
      done.push('rest of the turn')
    })
    expect(done).toEqual(['rest of the turn', 'flush'])
  })
})
