/** The command `vctl` as a process, on a platform that is one too. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { Agent } from '@volttron/agent'
import { generateKeyPair } from '@volttron/auth'
import { Programs } from '@volttron/testkit'

jest.setTimeout(60_000)

const VCTL = fileURLToPath(new URL('../bin/vctl.js', import.meta.url))
const programs = new Programs()
let platform: Awaited<ReturnType<Programs['startPlatform']>>

beforeAll(async () => {
  platform = await programs.startPlatform('site', ['--address', 'tcp://127.0.0.1:0'])
})
afterAll(() => programs.cleanUp())

const vctl = (...words: string[]) => programs.vctl(platform.home, ...words)
const json = async (...words: string[]): Promise<unknown> => JSON.parse((await vctl(...words, '--json')).stdout)

describe('vctl on a running platform', () => {
  it('runs any number of times at once', async () => {
    const lists = await Promise.all([1, 2, 3].map(() => vctl('peerlist')))
    expect(lists.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(lists[0]!.stdout).toMatch(/^platform\.control$/m)
  })

  it('describes the platform and its connections', async () => {
    expect(await json('platform')).toMatchObject({ instance_name: 'site', pid: platform.child.pid })
    const connections = (await json('connections')) as { identity: string }[]
    expect(connections.some(({ identity }) => identity.startsWith('control.connection.'))).toBe(true)
  })

  it('lets an agent in as soon as it has a key, and keeps it out afterwards', async () => {
    expect((await vctl('auth', 'add', 'listener')).code).toBe(0)
    const agent = new Agent({ identity: 'listener', volttronHome: platform.home })
    await agent.start()
    try {
      expect((await vctl('await', '--for', 'peer:listener', '--timeout', '20')).code).toBe(0)
      expect((await vctl('ping', 'listener', '-c', '1')).stdout).toMatch(/^listener: seq=1 time=[\d.]+ ms$/m)
      agent.vip.rpc.export('add', (a: number, b: number) => a + b)
      expect(await json('rpc', 'call', 'listener', 'add', '1', '2')).toBe(3)
      const disconnected = once(agent, 'disconnected')
      expect((await vctl('auth', 'remove', 'listener')).code).toBe(0)
      await disconnected
    } finally {
      await agent.stop()
    }
  })

  it.each([
    [['ping', 'nobody'], 67, /nobody/],
    [['rpc', 'call', 'nobody', 'x'], 69, /nobody/],
    [['rpc', 'call', 'platform.control', 'nonsense'], 67, /nonsense/],
    [['peerlist', '--address', 'tcp://127.0.0.1:1', '-t', '1'], 69, /no platform within 1 s: .*connection refused/],
    [['federation', 'platform', 'accept', 'site-b'], 78, /federation is not enabled/],
  ])('says in one line and by its exit code what went wrong: %j', async (words, exitCode, message) => {
    const { code, stdout, stderr } = await vctl(...words)
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' })
    expect(stderr.split('\n').filter((line) => /error: /.test(line))).toEqual([expect.stringMatching(message)])
  })
})

describe('a result that cannot be written', () => {
  it('is a failure, for what was asked for is nowhere', async () => {
    // As a full disk, on every system: a file that is open for reading only.
    const unwritable = openSync(VCTL, 'r')
    const child = spawn(process.execPath, [VCTL, 'peerlist', '--home', platform.home], {
      stdio: ['ignore', unwritable, 'pipe'],
    })
    const [[code], said] = await Promise.all([once(child, 'exit'), text(child.stderr!)])
    closeSync(unwritable)
    expect(code).toBe(71)
    expect(said).toMatch(/^vctl: error: cannot write the result: EBADF/m)
  })
})

describe('rights and keys on a running platform', () => {
  it('changes rules by way of the platform, which knows them at once', async () => {
    expect((await vctl('authz', 'add', 'role', 'reader', '-rpc', 'thermostat.read')).code).toBe(0)
    expect((await vctl('authz', 'add', 'agent', 'alice', '-rns', 'reader', '-ps', 'devices:publish')).code).toBe(0)
    expect(await json('rpc', 'call', 'platform.auth', 'get_agent_capabilities', '"alice"')).toMatchObject({
      rpc_capabilities: ['thermostat.read'],
      pubsub_capabilities: { devices: 'publish' },
    })
    expect((await vctl('authz', 'add', 'group', 'ops', 'alice', 'bob', '-rns', 'reader')).code).toBe(0)
    expect((await vctl('authz', 'add', 'topics', 'secret/')).code).toBe(0)
    expect(await json('rpc', 'call', 'platform.auth', 'is_protected_topic', '"secret/a"')).toBe(true)
    expect(await json('authz', 'list')).toMatchObject({
      protected_topics: ['secret/'],
      agent_groups: { ops: { identities: ['alice', 'bob'] } },
    })
    for (const words of [
      ['agent', 'alice'],
      ['group', 'ops'],
      ['topics', 'secret/'],
      ['role', 'reader'],
    ]) {
      expect((await vctl('authz', 'remove', ...words)).code).toBe(0)
      expect((await vctl('authz', 'remove', ...words)).code).toBe(67)
    }
    expect(await json('rpc', 'call', 'platform.auth', 'get_agent_capabilities', '"alice"')).toBeNull()
  })

  it('lets an unknown key in when it is approved', async () => {
    const { publicKey, secretKey } = generateKeyPair()
    const { serverkey } = (await json('auth', 'serverkey')) as { serverkey: string }
    const { addresses } = (await json('platform')) as { addresses: string[] }
    const address = addresses.find((it) => it.startsWith('tcp://'))!
    const agent = new Agent({ identity: 'meter', address, serverKey: serverkey, publicKey, secretKey })
    const started = agent.start({ timeoutMs: 60_000 })
    try {
      let waiting: { user_id: string; credentials: string }[] = []
      while (waiting.length === 0) waiting = (await json('auth', 'pending')) as typeof waiting
      expect(waiting).toMatchObject([{ status: 'PENDING', address: expect.stringContaining('127.0.0.1') }])
      expect((await vctl('auth', 'approve', waiting[0]!.user_id)).code).toBe(0)
      await started
      expect(await json('auth', 'remote', 'list', '--status', 'approved')).toMatchObject([{ status: 'APPROVED' }])
      expect((await vctl('auth', 'deny', 'nobody')).code).toBe(67)
    } finally {
      await agent.stop()
      await started.catch(() => {})
    }
  })

  it('takes the key of an agent that keeps its secret', async () => {
    const { publicKey } = generateKeyPair()
    expect((await vctl('auth', 'add', 'far', '--publickey', publicKey)).code).toBe(0)
    expect(await json('auth', 'publickey', 'far')).toEqual({ identity: 'far', publickey: publicKey })
    expect((await vctl('auth', 'add', 'far')).code).toBe(64)
  })
})

describe('configurations on a running platform', () => {
  it('are stored, read, edited and deleted', async () => {
    const file = join(platform.home, 'main.json')
    writeFileSync(file, '{"interval": 5}')
    expect((await vctl('config', 'store', 'driver', 'main', file)).code).toBe(0)
    writeFileSync(file, 'x,y\n1,2\n')
    expect((await vctl('config', 'store', 'driver', 'points.csv', file, '--csv')).code).toBe(0)
    expect((await vctl('config', 'list')).stdout).toBe('driver\n')
    expect((await vctl('config', 'list', 'driver')).stdout).toBe('main\npoints.csv\n')
    expect(await json('config', 'get', 'driver', 'main')).toEqual({ interval: 5 })
    expect(await json('config', 'get', 'driver', 'points.csv')).toEqual([{ x: '1', y: '2' }])
    expect((await vctl('config', 'edit', 'driver', 'main', '--editor', `printf '[1]' >`)).code).toBe(0)
    expect((await vctl('config', 'get', 'driver', 'main', '--raw')).stdout).toBe('[1]')
    expect((await vctl('config', 'delete', 'driver', 'main')).code).toBe(0)
    expect((await vctl('config', 'get', 'driver', 'main')).code).toBe(67)
    expect((await vctl('config', 'delete', 'driver', '--all')).code).toBe(0)
    expect((await vctl('config', 'list')).stdout).toBe('')
  })

  it('must be what they are said to be', async () => {
    const file = join(platform.home, 'bad.json')
    writeFileSync(file, '{')
    const { code, stdout, stderr } = await vctl('config', 'store', 'driver', 'main', file)
    expect({ code, stdout }).toEqual({ code: 65, stdout: '' })
    expect(stderr).toMatch(/^vctl: error: /m)
  })
})

describe('the state of a running platform', () => {
  it('is checked by the exit code', async () => {
    expect((await vctl('check', 'running')).code).toBe(0)
    expect((await vctl('check', 'ports')).stdout).toBe('ports: ok\n')
    expect((await vctl('check', 'peer', 'nobody')).code).toBe(69)
    expect(await json('top', '--interval', '0.1')).toMatchObject({ platform: 'site', connections: expect.any(Array) })
  })

  it('shows how agents are', async () => {
    expect(await json('health')).toMatchObject({ 'platform.control': { service_agent: true } })
    expect(await json('health', 'platform.control')).toMatchObject({ peer: 'platform.control' })
    expect((await vctl('health', 'nobody')).code).toBe(67)
    expect(await json('check', 'alarms')).toEqual({ check: 'alarms', ok: true, details: [] })
    expect(await json('stats', 'dump')).toHaveProperty('router')
    expect((await vctl('clear')).code).toBe(0)
  })

  it('shows what its services can do', async () => {
    expect((await vctl('rpc', 'list', 'platform.control')).stdout).toMatch(/^platform\.control\n\t/)
    expect((await vctl('rpc', 'code', 'platform.control', 'tag_agent')).stdout).toMatch(/^self\.vip\.rpc\.call\('plat/)
  })

  it('completes names while somebody waits', async () => {
    // A busy machine may be too slow for a person who waits; then nothing is offered, and Tab is pressed again.
    let offered = ''
    while (offered === '') offered = (await vctl('__complete', '--', 'ping', 'platform.c')).stdout
    expect(offered).toContain('platform.control\n')
  })
})

describe('vctl sub', () => {
  async function subscribed(): Promise<ChildProcessByStdio<null, Readable, Readable>> {
    const child = spawn(process.execPath, [VCTL, 'sub', 'news/', '--json', '--home', platform.home], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const firstLine = once(child.stdout, 'data')
    // Until the subscription is there, nobody receives.
    while (JSON.parse((await vctl('pub', 'news/first', '1', '--json')).stdout).receivers === 0);
    expect(JSON.parse(String(await firstLine))).toMatchObject({ topic: 'news/first', message: 1 })
    return child
  }

  it('ends cleanly when it is interrupted', async () => {
    const child = await subscribed()
    const ended = once(child, 'exit')
    child.kill('SIGINT')
    expect(await ended).toEqual([0, null])
  })

  it('ends cleanly when nobody reads it any more', async () => {
    const child = await subscribed()
    const ended = once(child, 'exit')
    child.stdout.destroy()
    await vctl('pub', 'news/second', '2')
    expect(await ended).toEqual([0, null])
  })
})

describe('vctl shutdown', () => {
  it('returns when the platform has ended, and then says that none is running', async () => {
    expect((await vctl('shutdown', '--platform')).code).toBe(0)
    expect(await platform.ended).toEqual({ code: 0, signal: null })
    const { code, stderr } = await vctl('peerlist')
    expect(code).toBe(69)
    expect(stderr).toContain(platform.home)
  })
})
