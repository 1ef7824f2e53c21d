import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { acquireHomeLock, type HomeLock } from './home-lock.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vt-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the lock of a home', () => {
  it('is given to one, then to the next, and leaves nothing behind', async () => {
    const first = await acquireHomeLock(folder, 4711)
    await expect(acquireHomeLock(folder)).rejects.toMatchObject({
      code: 'system',
      message: 'another platform runs on this VOLTTRON_HOME, process 4711',
    })
    await first.release()
    await first.release()
    const second = await acquireHomeLock(folder)
    await second.release()
    expect(readdirSync(folder)).toEqual([])
  })

  it('is never held by two, whoever comes and goes', async () => {
    let holders = 0
    let granted = 0
    const contend = async () => {
      for (let round = 0; round < 12; round++) {
        const lock: HomeLock | undefined = await acquireHomeLock(folder).catch(() => undefined)
        if (!lock) continue
        holders++
        granted++
        expect(holders).toBe(1)
        await new Promise((resolve) => setImmediate(resolve))
        holders--
        await lock.release()
      }
    }
    await Promise.all(Array.from({ length: 6 }, contend))
    expect(granted).toBeGreaterThan(0)
    expect(readdirSync(folder)).toEqual([])
  })

  it('takes over from a file that nobody listens on', async () => {
    writeFileSync(join(folder, 'lock-0000000000000000.sock'), '')
    const lock = await acquireHomeLock(folder)
    expect(readdirSync(folder)).not.toContain('lock-0000000000000000.sock')
    await lock.release()
  })

  it('looks again when somebody goes while being asked', async () => {
    const path = join(folder, 'lock-0000000000000000.sock')
    let asked = 0
    const server = createServer((socket) => {
      socket.end()
      if (++asked === 2) server.close()
    })
    await new Promise<void>((resolve) => void server.listen(path, resolve))
    const lock = await acquireHomeLock(folder)
    expect(asked).toBeGreaterThanOrEqual(2)
    await lock.release()
  })

  it('refuses a path that no socket can have', async () => {
    await expect(acquireHomeLock(`/tmp/${'x'.repeat(100)}`)).rejects.toMatchObject({ code: 'config' })
  })

  it('says so when the folder takes no sockets', async () => {
    await expect(acquireHomeLock(join(folder, 'missing'))).rejects.toMatchObject({ code: 'system' })
  })
})
