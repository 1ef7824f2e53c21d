import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { eventually } from './eventually.ts'
import { leakCheck } from './leak-check.ts'

describe('the leak check', () => {
  it('finds files left in the temporary folder', async () => {
    const prefix = `leak-check-${process.pid}-`
    const leaks = leakCheck(prefix)
    const left = mkdtempSync(join(tmpdir(), prefix))
    await expect(leaks.expectNone({ timeoutMs: 10 })).rejects.toMatchObject({
      cause: { message: `left behind: ${left}` },
    })
    rmSync(left, { recursive: true })
    await leaks.expectNone()
  })

  it('finds descriptors left open, where the system shows them', async () => {
    const leaks = leakCheck('nothing-has-this-prefix')
    const fd = openSync('/dev/null', 'r')
    if (process.platform === 'linux')
      await expect(leaks.expectNone({ timeoutMs: 10 })).rejects.toMatchObject({
        cause: { message: expect.stringContaining('/dev/null') },
      })
    closeSync(fd)
    await leaks.expectNone()
  })
})

describe('eventually', () => {
  it('returns the first truthy value', async () => {
    let asked = 0
    expect(await eventually(() => (++asked > 3 ? 'now' : undefined))).toBe('now')
  })

  it('gives up with what it saw last, and why', async () => {
    const never = eventually(() => false, { timeoutMs: 5, what: 'the end of time' })
    await expect(never).rejects.toThrow('the end of time did not come true in 5 ms; last: false')
    const failing = eventually(
      () => {
        throw new Error('not yet')
      },
      { timeoutMs: 5 },
    )
    await expect(failing).rejects.toMatchObject({ cause: { message: 'not yet' } })
  })
})
