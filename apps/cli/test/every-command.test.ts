/** What holds for every command, tried on every command. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import { VolttronError } from '@volttron/vip'
import { buildProgram, commandsOf } from '../src/program.ts'
import { commandTable, exitCodeTable, referenceOf } from '../src/reference.ts'
import { FakeShell, type Outcome } from './fake-shell.ts'

const shells: FakeShell[] = []
const shellWith = (answer: (method: string) => unknown, answersPing = true): FakeShell => {
  const shell = new FakeShell({
    peers: ['listener'],
    messages: [{ topic: 't', sender: 's', headers: {}, message: 1 }],
    input: '{}',
    answers: new Proxy({}, { get: (_answers, method) => () => answer(String(method)) }),
    ...(answersPing ? {} : { ping: () => answer('ping') as number }),
  })
  mkdirSync(join(shell.home, 'credentials_store'))
  shells.push(shell)
  return shell
}
afterEach(async () => {
  for (const shell of shells.splice(0)) await shell.remove()
})

const nobody = new FakeShell()
const commands = commandsOf(buildProgram(nobody.shell())).map(referenceOf)
afterAll(() => nobody.remove())

const info = { addresses: [], counters: {}, instance_name: 'site', uptime_s: 1, memory_mb: 1 }
/** What a platform answers. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  'listener.inspect': { methods: ['read'] },
  'platform.auth.get_pending_authorizations': [],
  'platform.auth.get_approved_authorizations': [],
  'platform.auth.get_denied_authorizations': [],
  'platform.config_store.list_stores': [],
  'platform.config_store.list_configs': [],
  'platform.config_store.get_config': {},
  'platform.control.agents': [
    {
      identity: 'listener',
      uuid: 'u-1',
      name: 'listener-1',
      tag: null,
      priority: null,
      status: 'stopped',
      pid: null,
      exit_code: null,
      restarts: 0,
      uptime_s: null,
      log: 'listener.log',
    },
  ],
  'platform.control.install_agent': 'u-2',
  'platform.control.read_log': { lines: [], next_offset: 0, total_bytes: 0, has_newer: false },
  'platform.control.connections': [],
  'platform.control.platform_info': info,
  'platform.federation.status': { registry: null, platforms: [] },
  'platform.health.get_platform_health': {},
}

/** A run of each command that succeeds. */
const RUNS: Readonly<Record<string, readonly string[]>> = {
  'auth add': ['listener'],
  'auth agentcred': [],
  'auth approve': ['id'],
  'auth delete': ['id'],
  'auth deny': ['id'],
  'auth list': [],
  'auth pending': [],
  'auth publickey': [],
  'auth remote approve': ['id'],
  'auth remote delete': ['id'],
  'auth remote deny': ['id'],
  'auth remote list': [],
  'auth remove': ['listener'],
  'auth rotate-platform-key': [],
  'auth serverkey': [],
  'authz add agent': ['a', '-rpc', 'b.c'],
  'authz add group': ['g', 'a', '-rpc', 'b.c'],
  'authz add role': ['r', '-rpc', 'b.c'],
  'authz add topics': ['t'],
  'authz list': [],
  'authz remove agent': ['a'],
  'authz remove group': ['g'],
  'authz remove role': ['r'],
  'authz remove topics': ['t'],
  await: ['--for', 'running', '-t', '50ms'],
  'check alarms': [],
  'check federation': [],
  'check peer': ['listener'],
  'check platform': ['site-b'],
  'check ports': [],
  'check running': [],
  clear: [],
  completion: ['bash'],
  'config delete': ['a', 'b'],
  'config edit': ['a', 'b', '--editor', 'true'],
  'config get': ['a', 'b'],
  'config list': [],
  'config store': ['a', 'b'],
  connections: [],
  disable: ['listener'],
  enable: ['listener'],
  'federation platform accept': ['site-b'],
  'federation platform remove': ['site-b'],
  'federation status': [],
  health: [],
  install: ['some-package'],
  'install-lib': ['some-package'],
  logs: ['listener'],
  peerlist: [],
  ping: ['listener', '-c', '1'],
  platform: [],
  pub: ['t', '1'],
  publish: ['t', 'text'],
  remove: ['listener'],
  'remove-lib': ['some-package'],
  restart: ['listener'],
  'rpc call': ['listener', 'read'],
  'rpc code': ['listener'],
  'rpc list': ['listener'],
  run: ['.'],
  shutdown: [],
  start: ['listener'],
  stats: ['dump'],
  status: [],
  stop: ['listener'],
  sub: ['', '--count', '1'],
  tag: ['listener'],
  top: ['-i', '1ms'],
}

/** Commands that say something about the state of the world by their exit code. */
const FAILS_HERE: Readonly<Record<string, number>> = {
  'auth serverkey': 67,
  'check federation': 69,
  'check platform': 69,
}

/** Prints what comes, one JSON text a line, and that may be nothing. */
const PRINTS_LINES = ['run']

/** At most one error, in one line, with at most one hint; never a stack. */
function expectOrderlyError({ err }: Outcome): void {
  const lines = err.split('\n').filter((line) => line !== '')
  expect(lines.filter((line) => line.startsWith('vctl: error: '))).toHaveLength(1)
  for (const line of lines) expect(line).toMatch(/^vctl: (error|hint|warning): /)
}

describe('every command', () => {
  it('is tried here', () => {
    expect(commands.map(({ path }) => path).sort()).toEqual(Object.keys(RUNS).sort())
  })

  it.each(commands.map((command) => [command.path, command] as const))(
    '%s has help with an example, --json and its exit codes',
    (path, { summary, examples, help }) => {
      expect(summary).toMatch(/^[a-z]/)
      expect(examples.length).toBeGreaterThan(0)
      expect(examples[0]).toContain(`vctl ${path}`)
      expect(help).toContain('--json')
      expect(help).toMatch(/^Exit codes: 0, 64, /m)
    },
  )

  it.each(Object.entries(RUNS))('%s prints one JSON document under --json', async (path, words) => {
    const shell = shellWith((method) => ANSWERS[method] ?? true)
    const outcome = await shell.run(...path.split(' '), ...words, '--json')
    expect([outcome.code, outcome.err]).toEqual([FAILS_HERE[path] ?? 0, FAILS_HERE[path] ? expect.any(String) : ''])
    if (!PRINTS_LINES.includes(path) && outcome.code !== 67) expect(() => outcome.json()).not.toThrow()
    expect(shell.connections).toBe(0)
  })

  it.each(Object.entries(RUNS))('%s says in one line that no platform runs', async (path, words) => {
    const shell = shellWith(() => undefined)
    rmSync(join(shell.home, 'VOLTTRON_PID'))
    const outcome = await shell.run(...path.split(' '), ...words)
    if (outcome.code === 0) return expect(shell.connected).toEqual([])
    expectOrderlyError(outcome)
    expect([67, 69, 75]).toContain(outcome.code)
    expect(outcome.out).toBe('')
  })

  it.each([
    ['denied', 77],
    ['timeout', 75],
    ['unavailable', 69],
  ] as const)('says in one line that the platform answers: %s', async (code, exitCode) => {
    const fail = () => {
      throw new VolttronError(code, `it is ${code}`)
    }
    for (const [path, words] of Object.entries(RUNS)) {
      const shell = shellWith(fail, false)
      const outcome = await shell.run(...path.split(' '), ...words)
      if (outcome.err.includes(`it is ${code}`) && outcome.code !== 0) {
        expectOrderlyError(outcome)
        expect([path, outcome.code]).toEqual([path, path === 'await' ? expect.any(Number) : exitCode])
      }
      expect(shell.connections).toBe(0)
    }
  })

  it('refuses an option nobody knows', async () => {
    for (const path of Object.keys(RUNS)) {
      const outcome = await shellWith(() => undefined).run(...path.split(' '), '--nonsense')
      expect([path, outcome.code, outcome.out]).toEqual([path, 64, ''])
      expectOrderlyError(outcome)
    }
  })
})

describe('docs/vctl.md', () => {
  const page = readFileSync(new URL('../../../docs/vctl.md', import.meta.url), 'utf8')

  it.each([
    ['commands', () => commandTable(commands)],
    ['exit-codes', exitCodeTable],
  ])('has the table of %s as the program knows them (npm run reference -w @volttron/cli writes it)', (name, table) => {
    const [, found] = new RegExp(`<!-- table: ${name} -->\\n\\n([\\s\\S]*?)\\n\\n<!-- end -->`).exec(page) ?? []
    expect(found).toBe(table())
  })
})
