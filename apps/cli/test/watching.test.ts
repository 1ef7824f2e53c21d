import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { VolttronError } from '@volttron/vip'
import { type FakeOptions, FakeShell } from './fake-shell.ts'

const shells: FakeShell[] = []
const shellWith = (options: FakeOptions = {}): FakeShell => {
  const shell = new FakeShell(options)
  shells.push(shell)
  return shell
}
afterEach(async () => {
  for (const shell of shells.splice(0)) {
    expect(shell.connections).toBe(0)
    await shell.remove()
  }
})

const failing = (error: VolttronError) => () => {
  throw error
}

describe('vctl logs --follow', () => {
  it('goes on in the next file when one is put aside, and leaves out no line', async () => {
    const files: Record<string, string[]> = { 'a.log': ['one'], 'a.log.1': [] }
    const steps = [
      () => files['a.log']!.push('two'),
      () => {
        files['a.log.1'] = [...files['a.log']!, 'three']
        files['a.log'] = ['four']
      },
      () => {},
    ]
    const shell: FakeShell = shellWith({
      answers: {
        'platform.control.agents': [{ identity: 'a', uuid: 'u', name: 'a-1', tag: null, log: 'a.log' }],
        'platform.control.read_log': (log: string, { offset }: { offset?: number }) => {
          const all = files[log]!
          const part = { lines: all.slice(offset ?? 0), next_offset: all.length, total_bytes: all.length }
          // What comes after this look.
          if (log === 'a.log') (steps.shift() ?? (() => shell.interrupted.abort()))()
          return { ...part, has_newer: false }
        },
      },
    })
    expect((await shell.run('logs', 'a', '-f')).out).toBe('one\ntwo\nthree\nfour\n')
  })
})

describe('vctl ping', () => {
  it('tells each round trip and what they were like together', async () => {
    const times = [1, 3]
    const shell = shellWith({ ping: () => times.shift()! })
    const { code, out } = await shell.run('ping', 'a', '-c', '2', '-i', '1ms')
    expect({ code, out }).toEqual({
      code: 0,
      out: [
        'a: seq=1 time=1.000 ms',
        'a: seq=2 time=3.000 ms',
        'a: 2 sent, 2 received, 0% lost',
        'round trip min/avg/max/mdev = 1.000/2.000/3.000/1.000 ms',
        '',
      ].join('\n'),
    })
  })

  it('prints one document under --json', async () => {
    const shell = shellWith({ ping: () => 2 })
    expect((await shell.run('ping', 'a', '-c', '2', '-i', '1ms', '--json')).json()).toEqual({
      peer: 'a',
      sent: 2,
      received: 2,
      round_trip_ms: { min: 2, avg: 2, max: 2, mdev: 0 },
    })
  })

  it('counts what is lost, and fails when all is', async () => {
    const late = failing(new VolttronError('timeout', 'late'))
    let first = true
    const half = shellWith({
      ping: () => {
        if (!first) return 1
        first = false
        return late()
      },
    })
    const { code, out } = await half.run('ping', 'a', '-c', '2', '-i', '1ms')
    expect(code).toBe(0)
    expect(out).toMatch(/^a: seq=1 no answer\n[\s\S]*2 sent, 1 received, 50% lost/)
    expect((await shellWith({ ping: late }).run('ping', 'a', '-c', '1')).code).toBe(75)
  })

  it('ends at once when the peer is not there', async () => {
    const shell = shellWith({ ping: failing(new VolttronError('not-found', 'no peer a')) })
    expect(await shell.run('ping', 'a')).toMatchObject({ code: 67, out: '', err: 'vctl: error: no peer a\n' })
  })

  it('tells what it has when it is interrupted', async () => {
    const shell = shellWith({
      ping: () => {
        shell.interrupted.abort()
        return 1
      },
    })
    expect(await shell.run('ping', 'a')).toMatchObject({ code: 0, out: expect.stringMatching(/^a: 1 sent, 1 rec/m) })
  })
})

const connection = (identity: string, messages: number) => ({
  identity,
  kind: 'agent',
  remote: 'x',
  protocol: 'vip1',
  messages_in: messages,
  messages_out: 0,
  bytes_in: messages * 100,
  bytes_out: 0,
  queued_bytes: 0,
  dropped: 0,
  connected_s: 1,
})
const info = {
  instance_name: 'site',
  version: '0',
  pid: 1,
  uptime_s: 61,
  addresses: [],
  public_key: 'k',
  memory_mb: 50,
  counters: { router: { messagesIn: 1 } },
}

describe('vctl top', () => {
  const growing = (): FakeOptions => {
    let looks = 0
    return {
      answers: {
        'platform.control.connections': () => {
          looks += 1
          return [connection('calm', 5), connection('busy', 1_000 * looks)]
        },
        'platform.control.platform_info': info,
      },
    }
  }

  it('prints one look with rates, the busiest first, and ends', async () => {
    const shell = shellWith(growing())
    const report = (await shell.run('top', '--json', '-i', '10ms')).json() as {
      connections: { identity: string; messages_in_per_s: number }[]
    }
    expect(report).toMatchObject({ platform: 'site', uptime_s: 61, memory_mb: 50 })
    expect(report.connections.map(({ identity }) => identity)).toEqual(['busy', 'calm'])
    expect(report.connections[0]!.messages_in_per_s).toBeGreaterThan(0)
    expect(report.connections[1]!.messages_in_per_s).toBe(0)
    const { out } = await shell.run('top', '-i', '10ms', '-n', '1')
    expect(out).toMatch(/^site {2}up 1min 1s {2}50 MB {2}connections: 2\n/)
    expect(out).not.toContain('calm')
  })

  it('renews the table on a terminal until it is interrupted', async () => {
    const options = growing()
    let looks = 0
    const shell: FakeShell = shellWith({
      isTerminal: true,
      answers: {
        ...options.answers,
        'platform.control.platform_info': () => {
          looks += 1
          if (looks === 4) shell.interrupted.abort()
          return info
        },
      },
    })
    const { code, out } = await shell.run('top', '-i', '1ms')
    expect(code).toBe(0)
    expect(out.split('\u001b[2J').length).toBe(4)
  })
})

describe('vctl check', () => {
  const well: FakeOptions = {
    peers: ['listener'],
    answers: {
      'platform.control.agents': [],
      'platform.federation.status': { registry: null, platforms: [] },
      'platform.health.get_platform_health': { listener: { peer: 'listener', message: 'GOOD' } },
    },
  }

  it('says by its exit code whether a condition holds', async () => {
    expect(await shellWith(well).run('check', 'running')).toMatchObject({ code: 0, out: 'running: ok\n' })
    expect((await shellWith(well).run('check', 'peer', 'listener')).code).toBe(0)
    const { code, out, err } = await shellWith(well).run('check', 'peer', 'other')
    expect({ code, out }).toEqual({ code: 69, out: '' })
    expect(err).toBe('vctl: error: not so: peer:other\nvctl: hint: vctl await --for peer:other waits for it\n')
  })

  it('prints the result under --json also when the check fails', async () => {
    const outcome = await shellWith(well).run('check', 'federation', '--json')
    expect(outcome.code).toBe(69)
    expect(outcome.json()).toEqual({ check: 'federation', ok: false, details: [] })
  })

  it('finds no alarm when all is well', async () => {
    expect((await shellWith(well).run('check', 'alarms', '--json')).json()).toEqual({
      check: 'alarms',
      ok: true,
      details: [],
    })
  })

  it('names agents that are ill, platforms and a registry that are away', async () => {
    const down = { platform: 'site-b', connected: false, status: 'down', reason: 'connection refused' }
    const shell = shellWith({
      answers: {
        'platform.control.agents': [
          { identity: 'e', status: 'crashed', restarts: 5 },
          { identity: 'f', status: 'running', restarts: 1 },
          { identity: 'g', status: 'restarting', restarts: 1, restart_in_s: 16, exit_code: 3 },
        ],
        'platform.federation.status': {
          registry: { url: 'http://r', status: 'unreachable', reason: null },
          platforms: [down, { ...down, connected: true }],
        },
        'platform.health.get_platform_health': {
          a: { message: 'BAD' },
          b: { message: { status: 'BAD', context: 'no device' } },
          c: { message: { status: 'GOOD' } },
          d: {},
        },
      },
    })
    const outcome = await shell.run('check', 'alarms', '--json')
    expect(outcome.code).toBe(69)
    expect(outcome.err).toMatch(/^vctl: error: platform site-b: connection refused \(and 5 more\)\n/)
    expect(outcome.json()).toMatchObject({
      details: [
        { source: 'platform', name: 'site-b', reason: 'connection refused' },
        { source: 'registry', name: 'http://r', reason: 'unreachable' },
        { source: 'agent', name: 'e', reason: 'it crashed, and was given up after 5 restarts' },
        { source: 'agent', name: 'g', reason: 'it crashed with exit code 3, and is started again in 16s' },
        { source: 'agent', name: 'a', reason: 'its health is BAD' },
        { source: 'agent', name: 'b', reason: 'no device' },
      ],
    })
  })

  it('connects to the addresses of the platform', async () => {
    const server = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const listening = `tcp://0.0.0.0:${port}`
    const shell = shellWith({ answers: { 'platform.control.platform_info': { ...info, addresses: [listening] } } })
    expect((await shell.run('check', 'ports')).code).toBe(0)
    await new Promise((resolve) => server.close(resolve))
    const { code, err } = await shell.run('check', 'port')
    expect({ code, err }).toEqual({ code: 69, err: `vctl: error: ${listening}: no connection: ECONNREFUSED\n` })
  })
})

describe('vctl rpc list and code', () => {
  const inspectable: FakeOptions = {
    peers: ['b', 'a', 'away'],
    answers: {
      'a.inspect': { methods: ['add', 'agent.version'] },
      'b.inspect': { methods: [] },
      'away.inspect': failing(new VolttronError('timeout', 'no answer')),
      'a.add.inspect': { params: { x: { kind: 'POSITIONAL_OR_KEYWORD' } }, doc: 'Adds.\nReally.' },
    },
  }

  it('lists peers and their methods as Python does, and tells who does not answer', async () => {
    const shell = shellWith(inspectable)
    const { code, out, err } = await shell.run('rpc', 'list')
    expect({ code, out, err }).toEqual({ code: 0, out: 'a\n\tadd\nb\n', err: 'vctl: warning: away: no answer\n' })
    expect((await shell.run('rpc', 'list', 'a', '-v', '--json')).json()).toEqual({ a: ['add', 'agent.version'] })
    expect((await shell.run('rpc', 'list', 'nobody')).code).toBe(67)
  })

  it('describes a method, with its text when asked', async () => {
    const shell = shellWith(inspectable)
    expect((await shell.run('rpc', 'list', 'a', 'add')).out).toBe(
      'a\n\tadd\n\tParameters:\n\t\tx:\n\t\t\t{"kind":"POSITIONAL_OR_KEYWORD"}\n',
    )
    const missing = await shellWith({
      ...inspectable,
      answers: {
        'a.none.inspect': failing(new VolttronError('not-found', "method 'none.inspect' is not implemented")),
      },
    }).run('rpc', 'list', 'a', 'none')
    expect(missing).toMatchObject({ code: 67, err: expect.stringMatching(/^vctl: error: a has no method 'none'\n/) })
    expect((await shell.run('rpc', 'list', 'a', 'add', '-v')).out).toContain(
      '\tDocumentation:\n\t\tAdds.\n\t\tReally.\n',
    )
  })

  it('writes the line that calls a method', async () => {
    const shell = shellWith({ ...inspectable, peers: ['a'] })
    expect((await shell.run('rpc', 'code', 'a', 'add')).out).toBe("self.vip.rpc.call('a', 'add', x).get()\n")
    expect((await shell.run('rpc', 'code', '--typescript')).out).toBe("await agent.vip.rpc.call('a', 'add', x)\n")
  })
})

describe('vctl stats', () => {
  it('shows the counters, which cannot be switched off', async () => {
    const shell = shellWith({ answers: { 'platform.control.platform_info': info } })
    expect((await shell.run('stats')).out).toBe('enabled\n')
    expect((await shell.run('stats', 'dump', '--json')).json()).toEqual(info.counters)
    expect(await shell.run('stats', 'disable')).toMatchObject({ code: 64, out: '' })
    expect((await shell.run('stats', 'x')).code).toBe(64)
  })
})
