import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { VolttronError } from '@volttron/vip'
import { type FakeOptions, FakeShell } from './fake-shell.ts'

const shells: FakeShell[] = []
function shellWith(options: FakeOptions = {}): FakeShell {
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

const NOW_S = 1_700_000_000
const up = {
  platform: 'site-b',
  address: 'tcp://10.0.0.2:22916',
  group: 'default',
  connected: true,
  status: 'running',
  reason: null,
  next_retry_in_s: null,
  last_heartbeat: NOW_S - 2,
  protocol: 'batched',
  interest_in: 1,
  interest_out: 2,
}
const down = {
  ...up,
  platform: 'site-\u001b[31mc',
  connected: false,
  status: 'down',
  reason: 'connection refused',
  next_retry_in_s: 3.21,
  last_heartbeat: null,
  interest_out: 0,
}
const registry = { url: 'http://127.0.0.1:8000', status: 'ok', reason: null, last_contact: NOW_S - 61 }
const federated = (...platforms: unknown[]): FakeOptions => ({
  answers: { 'platform.federation.status': { registry, platforms } },
  nowMs: NOW_S * 1000,
})

describe('vctl federation', () => {
  it('prints the rows as one array under --json, wherever the option stands', async () => {
    const shell = shellWith(federated(up, down))
    expect((await shell.run('federation', 'status', '--json')).json()).toEqual([up, down])
    expect((await shell.run('--json', 'federation', 'status')).json()).toEqual([up, down])
    expect((await shellWith(federated()).run('federation', 'status', '--json')).json()).toEqual([])
  })

  it('shows the registry and every platform, without control characters of others', async () => {
    const { out, code } = await shellWith(federated(up, down)).run('federation', 'status')
    expect(code).toBe(0)
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['registry http://127.0.0.1:8000', 'ok, last contact 1min 1s ago'],
      [
        ...['PLATFORM', 'CONNECTED', 'STATUS', 'RETRY IN', 'HEARTBEAT', 'PROTOCOL'],
        ...['IT WANTS', 'WE WANT', 'GROUP', 'ADDRESS', 'REASON'],
      ],
      ['site-b', 'yes', 'running', '-', '2s ago', 'batched', '1', '2', 'default', up.address, '-'],
      [
        ...['site-\\x1b[31mc', 'no', 'down', '3.2s', '-', 'batched'],
        ...['1', '0', 'default', up.address, 'connection refused'],
      ],
      [''],
    ])
  })

  it('says when the platform uses no registry', async () => {
    const shell = shellWith({ answers: { 'platform.federation.status': { registry: null, platforms: [] } } })
    expect((await shell.run('federation', 'status')).out).toBe('no registry\nno other platform is known yet\n')
  })

  it('draws rules and colours on a terminal only', async () => {
    const options = federated(up)
    const { out } = await shellWith(options).run('federation', 'status')
    expect(out).not.toMatch(/│/)
    expect(out).not.toContain('\u001b')
    expect((await shellWith({ ...options, isTerminal: true }).run('federation', 'status')).out).toMatch(/│/)
  })

  it('accepts and removes a platform by name', async () => {
    const shell = shellWith()
    expect((await shell.run('federation', 'platform', 'accept', 'site-b')).code).toBe(0)
    expect((await shell.run('federation', 'platform', 'remove', 'site-b')).code).toBe(0)
    expect(shell.calls).toEqual([
      ['platform.federation.accept_platform', 'site-b'],
      ['platform.federation.remove_platform', 'site-b'],
    ])
  })
})

describe('vctl on the bus', () => {
  it('lists peers, sorted', async () => {
    const shell = shellWith({ peers: ['platform', 'a'] })
    expect((await shell.run('peerlist')).out).toBe('a\nplatform\n')
    expect((await shell.run('peerlist', '--json')).json()).toEqual(['a', 'platform'])
  })

  it('passes JSON arguments of a call on and prints the answer as JSON', async () => {
    const shell = shellWith({ answers: { 'calc.add': (a: number, b: number) => a + b } })
    expect((await shell.run('rpc', 'call', 'calc', 'add', '1', '--', '-2')).out).toBe('-1\n')
    expect((await shell.run('rpc', 'call', 'calc', 'nothing', '--json')).json()).toBe(null)
  })

  it('refuses an argument that is no JSON, with the quoting that was meant', async () => {
    const shell = shellWith()
    const { code, err, out } = await shell.run('pub', 'topic', 'text')
    expect({ code, err, out }).toEqual({
      code: 64,
      err: `vctl: error: not JSON: text\nvctl: hint: quote text twice: '"text"'\n`,
      out: '',
    })
    expect((await shell.run('pub', 'topic', '"text"', '--json')).json()).toEqual({ topic: 'topic', receivers: 1 })
    expect(shell.published).toEqual([['topic', 'text']])
  })

  it('publishes what publish is given as text, as Python does', async () => {
    const shell = shellWith()
    expect((await shell.run('publish', 'notes', '{"a": 1}', '--json')).json()).toEqual({ topic: 'notes', receivers: 1 })
    expect(shell.published).toEqual([['notes', '{"a": 1}']])
  })

  const messages = [1, 2, 3].map((n) => ({ topic: `t/${n}`, sender: 'p', headers: {}, message: { n } }))

  it('ends a subscription after the number of messages asked for, one line each', async () => {
    const shell = shellWith({ messages })
    const { out, code } = await shell.run('sub', 't', '--count', '2', '--json')
    expect(code).toBe(0)
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(messages.slice(0, 2))
  })

  it('says who published on which platform, and keeps a message on its line', async () => {
    const message = { topic: 't', sender: 'p', headers: { platform: 'site-b' }, message: 'a\nb' }
    const { out } = await shellWith({ messages: [message] }).run('sub', '', '--count', '1')
    expect(out).toBe('00:00:00.000  t  site-b/p  "a\\nb"\n')
  })

  it('prints bytes as base64 under --json', async () => {
    const shell = shellWith({ messages: [{ ...messages[0]!, message: Buffer.from([0, 255]) }] })
    expect((await shell.run('sub', '', '--count', '1', '--json')).json()).toMatchObject({
      message: 'AP8=',
      encoding: 'base64',
    })
  })

  it('fails when the messages do not come in time', async () => {
    const { code, err } = await shellWith({ messages }).run('sub', 't', '--count', '4', '--timeout', '10ms')
    expect(code).toBe(75)
    expect(err).toMatch(/^vctl: error: 3 of 4 messages in 0.01 s\n/)
  })

  it('ends cleanly when it is interrupted', async () => {
    const shell = shellWith()
    const running = shell.run('sub', 't')
    shell.interrupted.abort()
    expect((await running).code).toBe(0)
  })
})

describe('vctl await', () => {
  it('returns when all conditions hold', async () => {
    const shell = shellWith({ ...federated(up, down), peers: ['listener'] })
    const { code, out } = await shell.run(
      'await',
      '--for',
      'running',
      '--for',
      'peer:listener',
      '--for',
      'platform:site-b',
    )
    expect({ code, out }).toEqual({ code: 0, out: 'running: yes\npeer:listener: yes\nplatform:site-b: yes\n' })
  })

  it('names what does not hold at the deadline', async () => {
    const shell = shellWith(federated(up, down))
    const { code, err } = await shell.run('await', '--for', 'federation', '--for', 'running', '--timeout', '50ms')
    expect(code).toBe(75)
    expect(err).toMatch(/^vctl: error: not so after 0.05 s: federation\n/)
  })

  it('asks again while the platform is not reachable', async () => {
    let attempts = 0
    const status = () => {
      attempts += 1
      if (attempts < 3) throw new VolttronError('unavailable', 'gone')
      return { registry, platforms: [up] }
    }
    const shell = shellWith({ answers: { 'platform.federation.status': status } })
    expect((await shell.run('await', '--for', 'federation')).code).toBe(0)
  })

  it.each(['', 'peer:', 'platform', 'link:x'])('refuses the condition %j', async (condition) => {
    expect((await shellWith().run('await', '--for', condition)).code).toBe(64)
  })
})

describe('vctl and the platform itself', () => {
  const info = {
    instance_name: 'site-a',
    version: '0.1.0',
    pid: 7,
    uptime_s: 90_061,
    addresses: ['tcp://127.0.0.1:1', 'ipc://x'],
    public_key: 'k',
    memory_mb: 60,
    counters: { router: { messagesIn: 5 }, door: { accepted_total: 2 } },
  }

  it('describes it', async () => {
    const shell = shellWith({ answers: { 'platform.control.platform_info': info } })
    expect((await shell.run('platform', '--json')).json()).toEqual(info)
    const { out } = await shell.run('platform')
    expect(out).toMatch(/^running for +1d 1h$/m)
    expect(out).toMatch(/^router: messages in +5$/m)
    expect(out).toMatch(/^door: accepted total +2$/m)
  })

  it('stops it and waits for its end', async () => {
    const shell = shellWith()
    const stop = () => rmSync(join(shell.home, 'VOLTTRON_PID'))
    const stoppable = shellWith({ answers: { 'platform.control.stop_platform': stop } })
    expect((await stoppable.run('--home', shell.home, 'shutdown', '--platform')).code).toBe(0)
  })

  it('does not mind that a stopping platform takes its answer with it', async () => {
    const home = shellWith().home
    const stop = () => {
      rmSync(join(home, 'VOLTTRON_PID'))
      throw new VolttronError('unavailable', 'connection lost')
    }
    const shell = shellWith({ answers: { 'platform.control.stop_platform': stop } })
    expect((await shell.run('--home', home, 'shutdown', '--platform')).code).toBe(0)
  })

  it('stops all agents and leaves the platform', async () => {
    const shell = shellWith()
    expect((await shell.run('shutdown', '--json')).json()).toEqual({ stopped: 'agents' })
    expect((await shell.run('clear', '--all')).code).toBe(0)
    expect(shell.calls).toEqual([['platform.control.shutdown'], ['platform.control.clear_status', true]])
  })

  it('says when it does not stop', async () => {
    const { code, err } = await shellWith().run('shutdown', '--platform', '--timeout', '20ms')
    expect(code).toBe(75)
    expect(err).toMatch(/still running after 0.02 s/)
  })

  it.each([undefined, '999999999', 'nonsense'])('says in one line that none is running (PID file: %s)', async (pid) => {
    const shell = shellWith()
    rmSync(join(shell.home, 'VOLTTRON_PID'))
    if (pid !== undefined) writeFileSync(join(shell.home, 'VOLTTRON_PID'), pid)
    const { code, err, out } = await shell.run('peerlist')
    expect({ code, out }).toEqual({ code: 69, out: '' })
    expect(err.split('\n')[0]).toBe(`vctl: error: no platform is running in VOLTTRON_HOME ${shell.home}`)
  })
})

describe('how vctl fails', () => {
  it.each([
    [['--nonsense'], "unknown option '--nonsense'"],
    [['federation', 'statsu'], "unknown command 'statsu'"],
    [['ping'], "missing required argument 'peer'"],
    [['ping', 'a', 'b'], "too many arguments for 'ping'. Expected 1 argument but got 2."],
    [['peerlist', '--timeout', 'soon'], "option '-t, --timeout <seconds>' argument 'soon' is invalid."],
    [[], 'a command is missing'],
    [['auth'], 'a command is missing'],
    [['sub', 'x', '--count', '0'], "option '--count <n>' argument '0' is invalid."],
  ])('explains %j with exit code 64', async (words, message) => {
    const { code, err, out } = await shellWith().run(...words)
    expect({ code, out }).toEqual({ code: 64, out: '' })
    const [first, second, end] = err.split('\n')
    expect(first!.startsWith(`vctl: error: ${message}`)).toBe(true)
    expect(second).toMatch(/^vctl: hint: ./)
    expect(end).toBe('')
  })

  it('suggests what was probably meant', async () => {
    expect((await shellWith().run('federation', 'statsu')).err).toMatch(/hint: Did you mean status\?/)
  })

  it.each([
    [new VolttronError('denied', 'no right'), 77, 'no right'],
    [new Error('oops\nat x'), 70, 'oops\\x0aat x'],
  ])('ends with the exit code of the error: %s', async (error, exitCode, message) => {
    const fail = () => {
      throw error
    }
    const { code, err } = await shellWith({ answers: { 'platform.control.connections': fail } }).run('connections')
    expect({ code, err: err.split('\n')[0] }).toEqual({ code: exitCode, err: `vctl: error: ${message}` })
  })

  it('warns root in one line and goes on', async () => {
    const { code, err } = await shellWith({ isRoot: true, peers: ['a'] }).run('peerlist')
    expect({ code, err }).toEqual({ code: 0, err: 'vctl: warning: running as root\n' })
  })

  it('explains every command with an example and the global options', async () => {
    const shell = shellWith()
    for (const words of [['pub'], ['sub'], ['await'], ['rpc', 'call'], ['federation', 'status'], ['auth', 'add']]) {
      const { code, out } = await shell.run(...words, '--help')
      expect(code).toBe(0)
      expect(out).toMatch(/Examples?:\n {2}vctl /)
      expect(out).toMatch(/--json/)
    }
    expect((await shell.run('-h')).out).toMatch(/Exit codes:/)
    expect((await shell.run('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
