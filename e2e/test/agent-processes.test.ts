import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { AgentRow } from '@volttron/contracts'
import { eventually } from '@volttron/testkit'
import { hasPython, nodeAgent, pythonAgent, runs, slowAgent, tarballOf } from './support/agent-folders.ts'
import { ANY_PORT, collect, kill, type Operator, PATIENCE_MS, type Site, Stage, stop } from './support/stage.ts'

/** Making a virtual environment takes a while on a small machine that is busy. */
const PYTHON_MS = 120_000
const MISSING_PYTHON = /a Python agent cannot be installed|cannot make a virtual environment/

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})
afterEach(async () => {
  // First the platforms, and with them the agents they have started.
  await stage.programs.stopAll()
  await stage.cleanUp()
})

const QUICK = ['--agent-restart-delay', '20ms', '--agent-restarts', '2', '--agent-stop-time', '2s'] as const
const start = (...options: string[]): Promise<Site> =>
  stage.programs.startPlatform('site-a', [...ANY_PORT, ...QUICK, ...options])

class Control {
  readonly #operator: Operator

  constructor(operator: Operator) {
    this.#operator = operator
  }

  static async of(site: Site): Promise<Control> {
    return new Control(await stage.operator(site.home))
  }

  call(method: string, ...args: unknown[]): Promise<unknown> {
    return this.#operator.agent.vip.rpc.callWith('platform.control', method, { args, timeoutMs: PYTHON_MS })
  }

  async install(source: string, options: object = {}): Promise<string> {
    return (await this.call('install_agent', { source, ...options })) as string
  }

  async row(identity: string): Promise<AgentRow> {
    const row = ((await this.call('agents')) as AgentRow[]).find((agent) => agent.identity === identity)
    if (!row) throw new Error(`${identity} is not installed`)
    return row
  }

  /** The row of an agent as soon as it is as wanted. */
  rowWhen(identity: string, isSo: (row: AgentRow) => boolean): Promise<AgentRow> {
    return eventually(
      async () => {
        const row = await this.row(identity)
        return isSo(row) && row
      },
      { timeoutMs: PATIENCE_MS, what: `${identity} as wanted` },
    ) as Promise<AgentRow>
  }

  /** Calls a method of an agent as soon as it is there. */
  ask(identity: string, method: string, ...args: unknown[]): Promise<unknown> {
    return eventually(
      () =>
        this.#operator.agent.vip.rpc.call(identity, method, ...args).then(
          (answer) => [answer],
          () => undefined,
        ),
      { timeoutMs: PATIENCE_MS, what: `an answer of ${identity}` },
    ).then(([answer]) => answer)
  }

  async connected(identity: string): Promise<void> {
    await eventually(async () => ((await this.call('peerlist')) as string[]).includes(identity), {
      timeoutMs: PATIENCE_MS,
      what: `${identity} on the bus`,
    })
  }

  get alerts() {
    return collect(this.#operator.agent, 'alerts/')
  }
}

describe('an installed agent', () => {
  it('is told who it is and where it belongs, and is gone without a trace once removed', async () => {
    const site = await start()
    const control = await Control.of(site)
    const uuid = await control.install(nodeAgent(site.home, 'greeter'), {
      identity: 'my.greeter',
      tag: 'first',
      agent_config: { interval: 5 },
      start: true,
    })
    await control.connected('my.greeter')
    const folder = join(site.home, 'agents', 'my.greeter')
    const told = (await control.ask('my.greeter', 'environment')) as Record<string, string>
    expect(told).toMatchObject({
      VOLTTRON_HOME: site.home,
      AGENT_VIP_IDENTITY: 'my.greeter',
      AGENT_CONFIG: join(folder, 'config'),
      AGENT_TAG: 'first',
      AGENT_UUID: uuid,
      _LAUNCHED_BY_PLATFORM: '1',
      cwd: folder,
    })
    expect(JSON.parse(told.AGENT_CREDENTIALS!)).toEqual(
      JSON.parse(readFileSync(join(site.home, 'credentials_store', 'my.greeter.json'), 'utf8')),
    )
    expect(readFileSync(join(folder, 'UUID'), 'utf8')).toBe(uuid)
    expect(readFileSync(join(folder, 'NAME'), 'utf8')).toBe('greeter-1.0.0')
    expect(JSON.parse(readFileSync(join(folder, 'config'), 'utf8'))).toEqual({ interval: 5 })
    expect(await control.call('status_agents')).toEqual([[uuid, 'greeter-1.0.0', [told.pid, null], 'my.greeter']])
    expect(await control.row('my.greeter')).toMatchObject({ status: 'running', restarts: 0, exit_code: null })

    await control.call('remove_agent', uuid)
    expect(runs(Number(told.pid))).toBe(false)
    expect(await control.call('list_agents')).toEqual([])
    expect(readdirSync(join(site.home, 'agents'))).toEqual([])
    expect(readdirSync(join(site.home, 'credentials_store'))).not.toContain('my.greeter.json')
    expect(readFileSync(join(site.home, 'authz.json'), 'utf8')).not.toContain('my.greeter')
  })

  it('comes from an npm tarball just as well, and gets an identity of its own', async () => {
    const site = await start()
    const control = await Control.of(site)
    const tarball = tarballOf(nodeAgent(site.home, 'greeter'))
    await control.install(tarball, { start: true })
    const data = readFileSync(tarball).toString('base64')
    await control.install('greeter-1.0.0.tgz', { data, start: true })
    await control.connected('greeter-1.0.0_1')
    await control.connected('greeter-1.0.0_2')
  })

  it('is stopped when it is asked', async () => {
    const site = await start()
    const control = await Control.of(site)
    const uuid = await control.install(nodeAgent(site.home, 'greeter'), { identity: 'polite', start: true })
    await control.connected('polite')
    await control.call('stop_agent', uuid)
    expect(await control.row('polite')).toMatchObject({ status: 'stopped', exit_code: 0 })
  })

  it('is stopped by force when it does not listen', async () => {
    const site = await start('--agent-stop-time', '100ms')
    const control = await Control.of(site)
    const program = `for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => {})
      console.log('deaf'); setInterval(() => {}, 1000)`
    const deaf = await control.install(nodeAgent(site.home, 'deaf', { program }), { identity: 'deaf', start: true })
    await eventually(async () => ((await control.call('read_log', 'agents/deaf.log')) as { lines: string[] }).lines[0])
    await control.call('stop_agent', deaf)
    expect(await control.row('deaf')).toMatchObject({ status: 'stopped', exit_code: -9 })
  })

  it('is started again after a crash, a little later each time, and given up with an alert', async () => {
    const site = await start()
    const control = await Control.of(site)
    const alerts = await control.alerts
    const program = 'console.log("start"); process.exit(3)'
    const uuid = await control.install(nodeAgent(site.home, 'weak', { program }), { identity: 'weak', start: true })
    expect(await control.rowWhen('weak', (row) => row.status === 'crashed')).toMatchObject({
      restarts: 2,
      exit_code: 3,
    })
    await eventually(() => alerts.length === 3)
    const [first, , last] = alerts
    expect(first).toMatchObject({
      topic: 'alerts/ControlService/site-a_platform_control',
      sender: 'platform.control',
      headers: { alert_key: `Agent weak-1.0.0(${uuid}) stopped unexpectedly` },
    })
    expect(JSON.parse(first!.message as string)).toMatchObject({
      status: 'BAD',
      context: expect.stringContaining('exit code 3'),
    })
    expect(JSON.parse(last!.message as string).context).toContain('Attempts to restart failed')
    expect(((await control.call('read_log', 'agents/weak.log')) as { lines: string[] }).lines).toEqual(
      Array(3).fill('start'),
    )
    expect(await control.call('agent_status', uuid)).toEqual([expect.any(Number), 3])
    await control.call('clear_status')
    expect(await control.call('agent_status', uuid)).toEqual([null, null])
  })

  it('comes back after a crash', async () => {
    const site = await start()
    const control = await Control.of(site)
    await control.install(nodeAgent(site.home, 'greeter'), { identity: 'greeter', start: true })
    await control.connected('greeter')
    process.kill((await control.row('greeter')).pid!, 'SIGKILL')
    const { uuid } = await control.rowWhen('greeter', (row) => row.status === 'running' && row.restarts === 1)
    await control.connected('greeter')
    // Whatever somebody asks for is no restart after a failure.
    await control.call('restart_agent', uuid)
    expect(await control.row('greeter')).toMatchObject({ status: 'running', restarts: 1 })
  })

  it('keeps its data when it is replaced, and goes on running', async () => {
    const site = await start()
    const control = await Control.of(site)
    const source = nodeAgent(site.home, 'greeter')
    const former = await control.install(source, {
      identity: 'greeter',
      start: true,
      priority: 7,
      agent_config: { a: 1 },
    })
    await control.ask('greeter', 'keep', 'for ever')
    await expect(control.install(source, { identity: 'greeter' })).rejects.toThrow('is installed already')
    nodeAgent(site.home, 'greeter', { version: '2.0.0' })
    const uuid = await control.install(source, { identity: 'greeter', force: true })
    expect(uuid).not.toBe(former)
    await control.rowWhen('greeter', (row) => row.status === 'running')
    expect(await control.row('greeter')).toMatchObject({ uuid, version: '2.0.0', priority: '07' })
    const folder = join(site.home, 'agents', 'greeter')
    expect(readFileSync(join(folder, 'data', 'kept'), 'utf8')).toBe('for ever')
    expect(JSON.parse(readFileSync(join(folder, 'config'), 'utf8'))).toEqual({ a: 1 })
    expect(readdirSync(join(site.home, 'agents-staging'))).toEqual([])
  })

  it('runs where its code is when that is wanted', async () => {
    const site = await start()
    const control = await Control.of(site)
    const source = nodeAgent(site.home, 'greeter')
    await control.install(source, { identity: 'greeter', editable: true, start: true })
    await control.connected('greeter')
    expect(existsSync(join(site.home, 'agents', 'greeter', 'package'))).toBe(false)
    const needy = nodeAgent(site.home, 'needy', { manifest: { dependencies: { 'left-pad': '*' } } })
    await expect(control.install(needy, { editable: true })).rejects.toThrow('lacks packages it depends on: left-pad')
  })

  it.each([
    ['no program', { manifest: { main: undefined } }, 'names no program'],
    ['a program that is not there', { manifest: { main: 'dist/main.js' } }, 'dist/main.js'],
    ['a program elsewhere', { manifest: { main: '../../bad.js' } }, 'outside of it'],
    ['no name', { manifest: { name: undefined } }, 'name'],
  ])('is refused with %s, and nothing is left of it', async (_what, options, complaint) => {
    const site = await start()
    const control = await Control.of(site)
    await expect(control.install(nodeAgent(site.home, 'bad', options))).rejects.toThrow(complaint)
    expect(readdirSync(join(site.home, 'agents'))).toEqual([])
    expect(readdirSync(join(site.home, 'agents-staging'))).toEqual([])
  })

  it('is nothing a stranger may install, start or read the log of', async () => {
    const site = await start()
    const stranger = await stage.agent(site.home, 'stranger')
    for (const [method, ...args] of [
      ['install_agent', { source: 'x' }],
      ['start_agent', 'x'],
      ['remove_agent', 'x'],
      ['shutdown'],
      ['read_log', 'install.log'],
    ]) {
      const calling = stranger.vip.rpc.call('platform.control', method as string, ...args)
      await expect(calling).rejects.toThrow(`stranger may not call platform.control.${method}`)
    }
  })
})

describe('an installation that takes long', () => {
  it('keeps no other one waiting, nor anything else', async () => {
    const site = await start()
    const control = await Control.of(site)
    const slow = slowAgent(site.home, 'slow')
    const installing = control.install(slow.folder, { identity: 'slow' })
    await eventually(() => existsSync(slow.started), { timeoutMs: PATIENCE_MS })
    const uuid = await control.install(nodeAgent(site.home, 'greeter'), { identity: 'greeter', start: true })
    await control.call('restart_agent', uuid)
    await control.call('remove_agent', uuid)
    expect(await control.call('list_agents')).toEqual([])
    writeFileSync(slow.goOn, '')
    const installed = await installing
    expect(await control.call('list_agents')).toMatchObject([{ uuid: installed, identity: 'slow' }])
  })

  it('is the only one of its identity', async () => {
    const site = await start()
    const control = await Control.of(site)
    const slow = slowAgent(site.home, 'slow')
    const installing = control.install(slow.folder, { identity: 'only' })
    await eventually(() => existsSync(slow.started), { timeoutMs: PATIENCE_MS })
    const second = expect(control.install(nodeAgent(site.home, 'greeter'), { identity: 'only' })).rejects.toThrow(
      "an agent with the identity 'only' is installed already",
    )
    const third = control.install(nodeAgent(site.home, 'greeter'), { identity: 'only', force: true })
    writeFileSync(slow.goOn, '')
    await installing
    await second
    const uuid = await third
    expect(await control.call('list_agents')).toMatchObject([{ uuid, name: 'greeter-1.0.0' }])
    expect(readdirSync(join(site.home, 'agents-staging'))).toEqual([])
  })

  it('leaves nothing when the platform stops in the middle of it, nor keeps it from stopping', async () => {
    const site = await start()
    const control = await Control.of(site)
    const slow = slowAgent(site.home, 'slow')
    control.install(slow.folder, { identity: 'slow' }).catch(() => {})
    const pid = await eventually(() => numberIn(slow.started), { timeoutMs: PATIENCE_MS })
    await stop(site)
    expect(runs(pid)).toBe(false)
    expect(tracesOf('slow', site)).toEqual([])
  })

  it('leaves nothing when the platform is killed in the middle of it, and the former agent as it was', async () => {
    const site = await start()
    const control = await Control.of(site)
    const uuid = await control.install(nodeAgent(site.home, 'greeter'), { identity: 'greeter', enabled: true })
    const pids: number[] = []
    for (const [name, identity] of [
      ['slow', 'slow'],
      ['newer', 'greeter'],
    ] as const) {
      const slow = slowAgent(site.home, name)
      control.install(slow.folder, { identity, force: true }).catch(() => {})
      pids.push(await eventually(() => numberIn(slow.started), { timeoutMs: PATIENCE_MS }))
    }
    await kill(site)
    const second = await Control.of(await start())
    expect(pids.filter(runs)).toEqual([])
    expect(tracesOf('slow', site)).toEqual([])
    expect(await second.call('list_agents')).toMatchObject([{ uuid, name: 'greeter-1.0.0' }])
    await second.connected('greeter')
  })
})

describe('agents and the life of their platform', () => {
  it('start with it in the order of their priority when they are enabled, and stop with it', async () => {
    const site = await start()
    const control = await Control.of(site)
    const source = nodeAgent(site.home, 'greeter')
    for (const [identity, priority] of [
      ['late', 90],
      ['early', 5],
      ['never', undefined],
    ]) {
      await control.install(source, { identity, priority })
    }
    await stop(site)
    const again = await start()
    const second = await Control.of(again)
    const started = /"identity":"(\w+)","pid":\d+,"msg":"agent started"/g
    const log = stage.programs.tail('site-a')
    expect([...log.matchAll(started)].map(([, identity]) => identity)).toEqual(['early', 'late'])
    await second.connected('late')
    const pids = ((await second.call('agents')) as AgentRow[]).flatMap(({ pid }) => pid ?? [])
    expect(pids).toHaveLength(2)
    await stop(again)
    expect(pids.filter(runs)).toEqual([])
    expect(existsSync(join(again.home, 'agents', 'late', 'PROCESS'))).toBe(false)
  })

  it('are not started when the platform is told so', async () => {
    const site = await start()
    await (await Control.of(site)).install(nodeAgent(site.home, 'greeter'), { identity: 'greeter', enabled: true })
    await stop(site)
    const control = await Control.of(await start('--no-autostart'))
    expect(await control.row('greeter')).toMatchObject({ status: 'stopped', priority: '50', pid: null })
  })

  it('are ended by the next run when a platform was killed, and nobody else is', async () => {
    const site = await start()
    const control = await Control.of(site)
    await control.install(nodeAgent(site.home, 'greeter'), { identity: 'greeter', start: true })
    await control.install(nodeAgent(site.home, 'other'), { identity: 'other', enabled: true })
    await control.connected('greeter')
    const { pid } = await control.row('greeter')
    await kill(site)
    expect(runs(pid!)).toBe(true)
    // A record of a process that has its number by chance only.
    writeFileSync(join(site.home, 'agents', 'other', 'PROCESS'), JSON.stringify({ pid: process.pid, mark: 'boot:1' }))
    const second = await Control.of(await start())
    expect(runs(pid!)).toBe(false)
    expect(await second.row('greeter')).toMatchObject({ status: 'stopped', pid: null })
    await second.connected('other')
  })
})

describe('a Python agent', () => {
  it(
    'gets an environment of its own, or says what is missing',
    async () => {
      const site = await start()
      const control = await Control.of(site)
      const installing = control.install(pythonAgent(site.home), { identity: 'quiet', start: true })
      if (!hasPython()) {
        await expect(installing).rejects.toThrow(MISSING_PYTHON)
        return
      }
      const uuid = await installing
      const folder = join(site.home, 'agents', 'quiet')
      const told = await eventually(() => readJson(join(folder, 'data', 'environment')), { timeoutMs: PATIENCE_MS })
      expect(told).toMatchObject({
        AGENT_VIP_IDENTITY: 'quiet',
        AGENT_UUID: uuid,
        executable: join(folder, 'venv', 'bin', 'python'),
      })
      expect(await control.row('quiet')).toMatchObject({ kind: 'python', name: 'pyquiet-0.3', version: '0.3' })
      await eventually(
        async () => ((await control.call('read_log', 'agents/quiet.log')) as { lines: string[] }).lines[0] === 'ready',
      )
      await control.call('stop_agent', uuid)
      expect(await control.row('quiet')).toMatchObject({ status: 'stopped', exit_code: 0 })
      expect(((await control.call('read_log', 'agents/quiet.log')) as { lines: string[] }).lines).toEqual([
        'ready',
        'interrupted',
      ])
    },
    PYTHON_MS,
  )

  it(
    'says in one line what pip has against it, and leaves the rest in the log',
    async () => {
      const site = await start()
      const control = await Control.of(site)
      const wheel = join(site.home, 'broken-1.0-py3-none-any.whl')
      writeFileSync(wheel, 'no archive')
      await expect(control.install(wheel)).rejects.toThrow(/^[^\n]*pip cannot install .*broken-1.0.*$/)
      expect(readFileSync(join(site.home, 'logs', 'install.log'), 'utf8')).toContain('-m pip install')
      expect(readdirSync(join(site.home, 'agents'))).toEqual([])
    },
    PYTHON_MS,
  )

  it('says in one line that Python is missing, and what to do', async () => {
    const control = await Control.of(await start('--agent-python', 'no-such-python'))
    await expect(control.install('some-agent')).rejects.toThrow(
      'a Python agent cannot be installed: no-such-python is missing',
    )
  })
})

describe('vctl and agents', () => {
  it('installs, shows, stops, starts, tags, enables and removes an agent, and shows what it prints', async () => {
    const site = await start()
    const folder = nodeAgent(site.home, 'greeter')
    const vctl = (...words: string[]) => stage.vctl(site.home, ...words)
    const json = async (...words: string[]) => JSON.parse(await vctl(...words, '--json'))
    const config = join(site.home, 'agent.yml')
    writeFileSync(config, '# seconds\ninterval: 5\n')

    const installed = await json('install', folder, '--vip-identity', 'greeter', '--agent-config', config, '--start')
    expect(installed).toMatchObject({ started: true, pid: expect.any(Number) })
    const { agent_uuid: uuid } = installed
    expect(readFileSync(join(site.home, 'agents', 'greeter', 'config'), 'utf8')).toBe('# seconds\ninterval: 5\n')
    const [head, line] = (await vctl('status')).split('\n').map((text) => text.trim().split(/\s{2,}/))
    expect(head!.slice(0, 3)).toEqual(['UUID', 'AGENT', 'IDENTITY'])
    expect(line!.slice(0, 3)).toEqual([uuid[0], 'greeter-1.0.0', 'greeter'])
    expect(line).toContain(`running [${installed.pid}]`)
    expect((await json('list', 'greeter')).greeter).toMatchObject({ agent_uuid: uuid, state: 'running', kind: 'node' })

    expect(await vctl('stop', 'greeter')).toBe(`Stopping ${uuid} greeter-1.0.0\n`)
    expect((await vctl('logs', 'greeter')).split('\n')).toEqual(['hello, I am greeter', 'goodbye', ''])
    expect(await vctl('start', uuid.slice(0, 8))).toBe(`Starting ${uuid} greeter-1.0.0\n`)
    expect(await vctl('tag', 'greeter', 'demo')).toBe(`Tagging ${uuid} greeter-1.0.0\n`)
    expect(await json('restart', '--tag', 'demo')).toMatchObject([{ uuid, restarted: true }])
    expect(await vctl('enable', '--all-tagged', '-p', '7')).toBe(`Enabling ${uuid} greeter-1.0.0 with priority 07\n`)
    expect((await json('status')).greeter).toMatchObject({ priority: '07', agent_tag: 'demo', state: 'running' })
    expect(await vctl('disable', 'greet*')).toBe(`Disabling ${uuid} greeter-1.0.0\n`)
    expect(await vctl('remove', 'greeter')).toBe(`Removing ${uuid} greeter-1.0.0\n`)
    expect(await json('status')).toEqual({})
  })

  it('runs an agent for as long as the command does', async () => {
    const site = await start()
    const control = await Control.of(site)
    const folder = nodeAgent(site.home, 'greeter')
    const run = stage.programs.start('run', 'apps/cli/bin/vctl.js', ['run', folder], { VOLTTRON_HOME: site.home })
    await eventually(() => stage.programs.tail('run').includes('hello, I am greeter-1.0.0_1'), {
      timeoutMs: PATIENCE_MS,
    })
    run.child.kill('SIGINT')
    expect(await run.ended).toEqual({ code: 0, signal: null })
    expect(await control.call('list_agents')).toEqual([])
  })

  it('says what is wrong in one line', async () => {
    const site = await start()
    const folder = nodeAgent(site.home, 'greeter')
    await stage.vctl(site.home, 'install', folder)
    await stage.vctl(site.home, 'install', folder)
    const complaint = async (...words: string[]) => {
      const { code, stderr } = await stage.programs.vctl(site.home, ...words)
      const lines = stderr.split('\n').filter((line) => line && !line.includes('running as root'))
      return [code, lines[0]]
    }
    expect(await complaint('start', 'nobody')).toEqual([67, 'vctl: error: agent not found: nobody'])
    const [code, several] = await complaint('remove', 'greeter')
    expect([code, several]).toEqual([64, expect.stringContaining("'greeter' means 2 agents")])
    expect(await complaint('install', './nothing')).toEqual([67, expect.stringContaining('there is no file or folder')])
    expect(await complaint('install', folder, '--vip-identity', 'platform.control')).toEqual([
      64,
      "vctl: error: the identity 'platform.control' belongs to the platform",
    ])
    expect(await complaint('stop')).toEqual([64, 'vctl: error: which agents? a pattern is missing'])
    expect((await stage.vctl(site.home, 'remove', 'greeter', '--force')).split('\n')).toHaveLength(3)
  })
})

const numberIn = (path: string): number => Number(existsSync(path) && readFileSync(path, 'utf8'))

/** Where an identity is still named after its installation has ended. */
function tracesOf(identity: string, { home }: Site): string[] {
  const staged = existsSync(join(home, 'agents-staging')) ? readdirSync(join(home, 'agents-staging')) : []
  const named = [...readdirSync(join(home, 'agents')), ...readdirSync(join(home, 'credentials_store'))]
  const isInRules = readFileSync(join(home, 'authz.json'), 'utf8').includes(`"${identity}"`)
  return [...staged, ...named.filter((name) => name.startsWith(identity)), ...(isInRules ? ['authz.json'] : [])]
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
