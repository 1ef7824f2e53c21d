import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
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
  for (const shell of shells.splice(0)) await shell.remove()
})

describe('where vctl connects', () => {
  it.each(['--address', '--vip-address'])(
    'takes the address from %s, even when no platform runs here',
    async (option) => {
      const shell = shellWith()
      rmSync(join(shell.home, 'VOLTTRON_PID'))
      expect((await shell.run('peerlist', option, 'tcp://10.0.0.1:22916', '-t', '2')).code).toBe(0)
      expect(shell.connected).toEqual([{ home: shell.home, address: 'tcp://10.0.0.1:22916', timeoutMs: 2_000 }])
    },
  )

  it('takes the address of the environment only for the home of the environment', async () => {
    const shell = shellWith({ environment: { VOLTTRON_VIP_ADDR: 'tcp://10.0.0.2:1' } })
    await shell.run('peerlist')
    await shell.run('peerlist', '--home', shell.home)
    expect(shell.connected.map(({ address }) => address)).toEqual(['tcp://10.0.0.2:1', undefined])
  })
})

describe('help', () => {
  it('of a command is the same, asked for in front or behind', async () => {
    const shell = shellWith()
    const { code, out } = await shell.run('help', 'config', 'store')
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/^Usage: vctl config store /) })
    expect((await shell.run('config', 'store', '--help')).out).toBe(out)
    expect((await shell.run('-q', 'help', 'config', 'store')).out).toBe(out)
    expect((await shell.run('help')).out).toMatch(/^Usage: vctl \[options\] \[command\]/)
  })

  it('is where the hint says, when a command is missing or unknown', async () => {
    const shell = shellWith()
    expect((await shell.run('config')).err).toContain('hint: vctl config --help lists the commands')
    expect((await shell.run('config', 'qqqqq')).err).toContain('hint: vctl config --help lists the commands')
    expect((await shell.run('qqqqq')).err).toContain('hint: vctl --help lists the commands')
  })

  it.each([[['--help']], [['config', 'store', '--help']], [['authz', '--help']]])(
    'fits 80 columns: %j',
    async (words) => {
      const { out } = await shellWith().run(...words)
      expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
    },
  )
})

describe('an argument without a character', () => {
  it.each([
    [['stop', ''], 'pattern'],
    [['remove', 'listener', ''], 'pattern'],
    [['install', ''], 'source'],
    [['ping', ''], 'peer'],
    [['pub', '', '1'], 'topic'],
    [['config', 'get', 'listener', ''], 'name'],
  ])('is refused before anything happens: %j', async (words, name) => {
    const shell = shellWith({ answers: { 'platform.control.agents': [] } })
    const { code, err } = await shell.run(...words)
    expect({ code, err }).toEqual({
      code: 64,
      err: expect.stringContaining(`error: the argument '${name}' is empty\n`),
    })
    expect(shell.connected).toEqual([])
  })

  it('is the prefix of every topic, and a text to publish', async () => {
    const message = { topic: 'a', sender: 'b', headers: {}, message: 1 }
    expect((await shellWith({ messages: [message] }).run('sub', '', '--count', '1')).code).toBe(0)
    expect((await shellWith().run('publish', 'notes', '')).code).toBe(0)
  })

  it('names neither a home nor an address', async () => {
    expect((await shellWith().run('peerlist', '--home', '')).code).toBe(64)
    expect((await shellWith().run('peerlist', '--address', '')).code).toBe(64)
  })
})

describe('what vctl tells beside its results', () => {
  it('is a warning by default, connections with -v, calls with -vv, nothing with -q', async () => {
    const shell = shellWith({ isRoot: true, answers: { 'a.b': 1 } })
    const lines = async (...words: string[]) =>
      (await shell.run('rpc', 'call', 'a', 'b', ...words)).err.split('\n').map((line) => line.split(' ')[1])
    expect(await lines()).toEqual(['warning:', undefined])
    expect(await lines('-v')).toEqual(['warning:', 'info:', 'info:', undefined])
    expect(await lines('-vv')).toEqual(['warning:', 'info:', 'info:', 'debug:', undefined])
    expect(await lines('--verboseness', '20')).toEqual(['warning:', 'info:', 'info:', undefined])
    expect(await lines('-q')).toEqual([undefined])
  })

  it('goes to a file on request, and errors stay on the screen', async () => {
    const shell = shellWith({ isRoot: true })
    const path = join(shell.home, 'log')
    const { err } = await shell.run('sub', '--count', '0', 'x', '--log', path)
    expect(err).toMatch(/^vctl: error: /)
    await shell.run('peerlist', '-l', path)
    expect(readFileSync(path, 'utf8')).toBe('1970-01-01T00:00:00.000Z WARNING running as root\n')
  })

  it('says that a log configuration of Python is not read', async () => {
    const { code, err } = await shellWith().run('peerlist', '-L', 'log.yml')
    expect({ code, err }).toEqual({ code: 0, err: 'vctl: warning: the log configuration log.yml is not read\n' })
  })
})

describe('--show-config', () => {
  it.each([[[]], [['peerlist']]])('prints the options in effect and does nothing (%j)', async (words) => {
    const shell = shellWith()
    const { code, out } = await shell.run(...words, '--show-config', '-t', '5')
    expect(code).toBe(0)
    expect(out).toMatch(/^timeout 5$/m)
    expect(out).toContain(`home ${JSON.stringify(shell.home)}\n`)
    expect(shell.connected).toEqual([])
    expect((await shell.run(...words, '--show-config', '--json')).json()).toMatchObject({ address: null, timeout: 30 })
  })
})

describe('--debug', () => {
  it('adds the stack of the error and of its cause', async () => {
    const fail = () => {
      throw new VolttronError('denied', 'no right', { cause: new Error('the reason') })
    }
    const shell = shellWith({ answers: { 'a.b': fail } })
    expect((await shell.run('rpc', 'call', 'a', 'b')).err).toBe('vctl: error: no right\n')
    expect((await shell.run('rpc', 'call', 'a', 'b', '--debug')).err).toMatch(
      /^vctl: error: no right\nVolttronError: no right\n +at [\s\S]*\ncaused by Error: the reason\n +at /,
    )
  })
})

describe('--compat-exit-codes', () => {
  it.each([
    ['usage', 64, 2],
    ['not-found', 67, 10],
    ['unavailable', 69, 10],
    ['timeout', 75, 75],
    ['denied', 77, 20],
    ['internal', 70, 20],
  ] as const)('ends with the number of Python for %s', async (code, own, compatible) => {
    const fail = () => {
      throw new VolttronError(code, 'x')
    }
    const shell = shellWith({ answers: { 'a.b': fail } })
    expect((await shell.run('rpc', 'call', 'a', 'b')).code).toBe(own)
    expect((await shell.run('rpc', 'call', 'a', 'b', '--compat-exit-codes')).code).toBe(compatible)
    expect((await shell.run('--help')).out).toMatch(new RegExp(`^ +${own} .* ${compatible}$`, 'm'))
  })

  it('holds for a wrong command line and a stopped platform too', async () => {
    const shell = shellWith()
    rmSync(join(shell.home, 'VOLTTRON_PID'))
    expect((await shell.run('--compat-exit-codes', 'nonsense')).code).toBe(2)
    expect((await shell.run('peerlist', '--compat-exit-codes')).code).toBe(10)
  })
})
