import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { homePaths } from '../home/home-paths.ts'
import { handOver, openWay } from './agent-user.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'volttron-agent-user-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function put(name: string, mode: number): void {
  writeFileSync(join(home, name), name)
  chmodSync(join(home, name), mode)
}
const modeOf = (...names: string[]) => (statSync(join(home, ...names)).mode & 0o7777).toString(8)

describe('agents of another user', () => {
  it('pass through to agents and the socket, and to nothing else', async () => {
    const paths = homePaths(home)
    for (const folder of [paths.run, paths.agents, paths.logs]) mkdirSync(folder, { mode: 0o755 })
    put('config', 0o644)
    put('run/socket', 0o600)
    await openWay(paths, join(paths.run, 'socket'))
    expect([modeOf(), modeOf('run'), modeOf('agents'), modeOf('run', 'socket')]).toEqual(['711', '711', '711', '666'])
    expect([modeOf('config'), modeOf('logs')]).toEqual(['600', '700'])
  })

  it('may read their folder, and find a home in it without the secret of the platform', async () => {
    mkdirSync(join(home, 'data', 'deep'), { recursive: true, mode: 0o700 })
    mkdirSync(join(home, 'package'), { mode: 0o700 })
    put('package/main.js', 0o600)
    put('package/tool', 0o4700)
    put('data/secret', 0o600)
    const self = { uid: process.getuid!(), gid: process.getgid!() }
    const view = await handOver(home, self, { instanceName: 'site', address: 'ipc://socket', serverKey: 'PUBLIC' })
    expect([modeOf('package'), modeOf('package', 'main.js'), modeOf('package', 'tool')]).toEqual(['750', '640', '750'])
    expect([modeOf('data', 'secret'), modeOf('data', 'deep')]).toEqual(['600', '700'])
    expect(view).toBe(join(home, 'home'))
    expect(readFileSync(join(view, 'config'), 'utf8')).toContain('address = ipc://socket')
    expect(JSON.parse(readFileSync(join(view, 'credentials_store', 'platform.json'), 'utf8'))).toMatchObject({
      publickey: 'PUBLIC',
      secretkey: 'PUBLIC',
    })
  })
})
