import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { ANY_PORT, addressesOf, freePort, kill, PATIENCE_MS, Stage, stop } from './support/stage.ts'

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})
afterEach(() => stage.cleanUp())

const pidFile = (home: string): string => join(home, 'VOLTTRON_PID')

describe('the life of a platform', () => {
  it('is ready when VOLTTRON_PID appears, and SIGTERM removes the file and ends it with 0', async () => {
    const site = await stage.programs.startPlatform('site-a', ANY_PORT)
    expect(readFileSync(pidFile(site.home), 'utf8')).toBe(`${site.child.pid}`)
    const operator = await stage.operator(site.home)
    expect(await operator.control('platform_info')).toMatchObject({ instance_name: 'site-a', pid: site.child.pid })
    expect(await stop(site)).toEqual({ code: 0, signal: null })
    expect(existsSync(pidFile(site.home))).toBe(false)
  })

  it('starts again on the home of one that was killed, with the same key', async () => {
    const first = await stage.programs.startPlatform('site-a', ANY_PORT)
    const key = await stage.vctl(first.home, 'auth', 'serverkey')
    await kill(first)
    expect(existsSync(pidFile(first.home))).toBe(true)
    const second = await stage.programs.startPlatform('site-a', ANY_PORT)
    expect(readFileSync(pidFile(first.home), 'utf8')).toBe(`${second.child.pid}`)
    expect(await stage.vctl(first.home, 'auth', 'serverkey')).toBe(key)
    expect(await stop(second)).toEqual({ code: 0, signal: null })
  })

  it('lets no second daemon into its home, and names the first in one line', async () => {
    const site = await stage.programs.startPlatform('site-a', ANY_PORT)
    const { code, stderr } = await stage.volttron(site.home, [...ANY_PORT])
    expect(code).toBe(71)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toContain(`${site.child.pid}`)
    expect(readFileSync(pidFile(site.home), 'utf8')).toBe(`${site.child.pid}`)
    await (await stage.operator(site.home)).control('platform_info')
  })

  it('understands the command line of the VOLTTRON documentation', async () => {
    const registry = await stage.programs.startRegistry()
    const home = stage.programs.makeFolder('volttron-instance-1')
    const address = `tcp://127.0.0.1:${await freePort()}`
    const program = stage.programs.start(
      'volttron-instance-1',
      'apps/platform/bin/volttron.js',
      `--enable-federation --address ${address} --federation-url ${registry.url} --instance-name volttron-instance-1`.split(
        ' ',
      ),
      { VOLTTRON_HOME: home },
    )
    await eventually(() => existsSync(pidFile(home)) || program.end, { timeoutMs: PATIENCE_MS })
    const listed = await eventually(async () => (await listOf(registry.url))[0], { timeoutMs: PATIENCE_MS })
    const key = (await stage.vctl(home, 'auth', 'serverkey')).trim()
    expect(listed).toEqual({ id: 'volttron-instance-1', address, public_credentials: key, group: 'default' })
  })

  it('understands the configuration file of the VOLTTRON documentation', async () => {
    const registry = await stage.programs.startRegistry()
    const home = stage.programs.makeFolder('volttron-instance-1')
    const address = `tcp://127.0.0.1:${await freePort()}`
    const config = `enable_federation = true,
federation_url = ${registry.url}
address = ${address}
instance-name = volttron-instance-1
`
    writeFileSync(join(home, 'config'), config)
    const program = stage.programs.start('volttron-instance-1', 'apps/platform/bin/volttron.js', [], {
      VOLTTRON_HOME: home,
    })
    await eventually(() => existsSync(pidFile(home)) || program.end, { timeoutMs: PATIENCE_MS })
    expect(addressesOf(home)[0]).toBe(address)
    const listed = await eventually(async () => (await listOf(registry.url))[0], { timeoutMs: PATIENCE_MS })
    expect(listed).toMatchObject({ id: 'volttron-instance-1', address })
    expect(readFileSync(join(home, 'config'), 'utf8')).toBe(config)
  })
})

const listOf = async (url: string): Promise<object[]> => (await fetch(`${url}/platforms`)).json() as Promise<object[]>
