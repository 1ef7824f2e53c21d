import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { LOOPBACK, startBroker, withFreePorts } from './broker-process.ts'

describe('withFreePorts', () => {
  it('gives ports that can be listened on, none of them twice', async () => {
    const ports = await withFreePorts(5, async (free) => free)
    expect(new Set(ports).size).toBe(5)
    for (const port of ports) {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(port, LOOPBACK, resolve))
      await new Promise((resolve) => server.close(resolve))
    }
  })

  it('tries others when somebody was faster, and gives up after the third time', async () => {
    const tried: number[] = []
    const use = async ([port = 0]: number[]) => {
      tried.push(port)
      throw new Error(`listen tcp ${LOOPBACK}:${port}: bind: address already in use`)
    }
    await expect(withFreePorts(1, use)).rejects.toThrow('address already in use')
    expect(tried).toHaveLength(3)
  })

  it('does not try again what fails for another reason', async () => {
    let tries = 0
    const use = async () => {
      tries++
      throw new Error('no such option')
    }
    await expect(withFreePorts(1, use)).rejects.toThrow('no such option')
    expect(tries).toBe(1)
  })
})

describe('startBroker', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'broker-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const start = (script: string, readyMs = 20_000) =>
    withFreePorts(1, ([port = 0]) =>
      startBroker({
        name: 'a broker',
        program: process.execPath,
        args: ['-e', script, String(port)],
        folder,
        port,
        readyMs,
      }),
    )

  it('is ready when the port takes connections, and gone after its stop', async () => {
    const broker = await start(`require('node:net').createServer().listen(Number(process.argv[1]), '${LOOPBACK}')`)
    const isAlive = () => broker.pids.map((pid) => process.kill(pid, 0))
    expect(isAlive()).toEqual([true])
    await broker.stop()
    expect(isAlive).toThrow('ESRCH')
    await broker.stop()
  })

  it('says with the last words of a broker why it does not run', async () => {
    await expect(start(`console.error('no such option'); process.exit(3)`)).rejects.toThrow(
      'a broker ended (exit code 3): no such option',
    )
    await expect(start('setInterval(() => {}, 1000)', 50)).rejects.toThrow('a broker is not ready after 0.05 s')
  })
})
