import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type HomeProcess, startHomeProcess } from './home-process.ts'

let home: string
let processes: HomeProcess[]
const pidFile = () => join(home, 'VOLTTRON_PID')

function start(): HomeProcess {
  const started = startHomeProcess(home)
  processes.push(started)
  return started
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'vt-'))
  processes = []
})
afterEach(async () => {
  for (const { child } of processes) child.kill('SIGKILL')
  await Promise.all(processes.map(({ ended }) => ended))
  rmSync(home, { recursive: true, force: true })
})

describe('daemons on one VOLTTRON_HOME', () => {
  it('a second one is refused, with the number of the first, and disturbs nothing', async () => {
    const first = start()
    expect(await first.said).toBe('ready')
    const second = start()
    expect(await second.said).toBe(
      `another platform runs on this VOLTTRON_HOME, process ${first.child.pid} (stop it first, or use another VOLTTRON_HOME)`,
    )
    expect(await second.ended).toBe(71)
    expect(readFileSync(pidFile(), 'utf8')).toBe(String(first.child.pid))
    first.child.stdin!.end()
    expect(await first.ended).toBe(0)
    expect(existsSync(pidFile())).toBe(false)
    expect(readdirSync(join(home, 'run'))).toEqual([])
  })

  it('of several that start at once after a kill -9 exactly one runs', async () => {
    const killed = start()
    expect(await killed.said).toBe('ready')
    killed.child.kill('SIGKILL')
    await killed.ended
    const racers = [start(), start(), start(), start()]
    const said = await Promise.all(racers.map((racer) => racer.said))
    expect(said.filter((line) => line === 'ready')).toHaveLength(1)
    for (const line of said) expect(line).toMatch(/^ready$|^another platform runs on this VOLTTRON_HOME, process \d+ /)
  })

  it('starts after kill -9 as if nothing had been, with the same keys', async () => {
    const key = () => readFileSync(join(home, 'credentials_store', 'platform.json'), 'utf8')
    const first = start()
    expect(await first.said).toBe('ready')
    const before = key()
    first.child.kill('SIGKILL')
    await first.ended
    expect(existsSync(pidFile())).toBe(true)
    const second = start()
    expect(await second.said).toBe('ready')
    expect(readFileSync(pidFile(), 'utf8')).toBe(String(second.child.pid))
    expect(key()).toBe(before)
  })

  it('is not held up by a PID file whose number belongs to another process by now', async () => {
    writeFileSync(pidFile(), String(process.pid))
    expect(await start().said).toBe('ready')
  })

  it('a stopped one still holds its home', async () => {
    const first = start()
    expect(await first.said).toBe('ready')
    first.child.kill('SIGSTOP')
    const second = start()
    expect(await second.said).toContain('another platform runs on this VOLTTRON_HOME')
    first.child.kill('SIGCONT')
  })
})
