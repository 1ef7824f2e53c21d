/** The examples do what their heads and the documentation say. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { ANY_PORT, PATIENCE_MS, type Site, Stage, stop } from './support/stage.ts'

let stage: Stage
let site: Site

beforeAll(async () => {
  stage = new Stage()
  site = await stage.programs.startPlatform('site-a', ANY_PORT)
})
afterAll(() => stage.cleanUp())

/** Lines of an example that ends by itself. */
async function linesOf(example: string): Promise<string[]> {
  const run = stage.programs.run(`examples/dist/${example}.js`, [], { VOLTTRON_HOME: site.home })
  const { code, stdout, stderr } = await run
  expect([code, stderr]).toEqual([0, ''])
  return stdout.trimEnd().split('\n')
}

const log = (name: string) => readFileSync(join(stage.programs.folder, `${name}.log`), 'utf8')

describe('an example that ends by itself', () => {
  it('calls methods in every way', async () => {
    await stage.addKeys(site.home, 'caller')
    expect(await linesOf('calls')).toEqual([
      'by position 20',
      'by name 6',
      'on a platform caller',
      'batch 10',
      expect.stringMatching(/^batch caller: divide failed: .*division by zero/),
      'error RangeError division by zero',
      'missing true',
      "late 'caller' did not answer never within 50 ms",
      'cancelled TimeoutError',
      'offers true true',
      'how {"params":{"value":{"kind":"POSITIONAL_OR_KEYWORD"},"factor":{"kind":"POSITIONAL_OR_KEYWORD","default":10}},"doc":"A value, scaled."}',
    ])
  })

  it('exchanges messages, and is told what is refused', async () => {
    await stage.addKeys(site.home, 'messenger')
    const operator = await stage.operator(site.home)
    await operator.agent.vip.rpc.callWith('platform.auth', 'create_protected_topics', {
      kwargs: { topic_name_patterns: 'protected' },
    })
    expect(await linesOf('messages')).toEqual([
      'devices/meter/all messenger true {"kW":1.5}',
      'devices/meter/raw messenger false 3 bytes',
      'nobody wants it: 0',
      'subscribed: devices/meter',
      'taken back: true',
      'denied: denied',
      'denied: denied',
    ])
  })

  it('keeps its configurations in the platform', async () => {
    await stage.addKeys(site.home, 'configured')
    expect(await linesOf('configuration')).toEqual([
      'NEW config: {"unit":"kW","registry":null}',
      'UPDATE config: {"unit":"kW","registry":[{"point":"power","unit":"kW"}]}',
      'NEW registries/meter: [{"point":"power","unit":"kW"}]',
      'names: config, registries/meter',
      'the first point is power',
      'UPDATE config: {"unit":"kW","registry":null}',
      'DELETE registries/meter: undefined',
      expect.stringContaining("agent 'configured' has no configuration 'nothing' (vctl config store"),
    ])
  })

  it('tells how it is', async () => {
    await stage.addKeys(site.home, 'pump')
    expect(await linesOf('health')).toEqual([
      'heartbeat/pump: GOOD',
      'now BAD: the pump is dry',
      'heartbeat/pump: BAD',
      'alerts/Pump/site-a_pump: dry',
      expect.stringMatching(/^{"status":"BAD","context":"the pump is dry","last_updated":".*\+00:00"}$/),
    ])
  })

  it('works at times', async () => {
    await stage.addKeys(site.home, 'clock')
    const lines = await linesOf('scheduled-work')
    expect([...lines].sort()).toEqual([
      'a job failed: nobody is at home',
      'round 1',
      'round 2',
      'round 3',
      'the next good morning is in the future',
    ])
  })

  it('sees who is there', async () => {
    await stage.addKeys(site.home, 'neighbour', 'visitor')
    expect(await linesOf('neighbours')).toEqual([
      'control is there: true',
      'came: visitor',
      'answers: true',
      'the platform calls us: neighbour',
      'went: visitor',
      'platform: site-a',
    ])
  })

  it('protects a method until the operator allows it', async () => {
    await stage.addKeys(site.home, 'vault')
    expect(await linesOf('protected-method')).toEqual([expect.stringMatching(/^refused: 'vault' may not call open: /)])
    await stage.vctl(site.home, 'authz', 'add', 'agent', 'vault', '--rpc-capabilities', 'vault.open')
    await eventually(async () => (await linesOf('protected-method'))[0] === 'the vault is open', {
      timeoutMs: PATIENCE_MS,
    })
  })
})

describe('an example that runs until it is stopped', () => {
  it('heats as its configuration says, and turns off the heater at the end', async () => {
    await stage.addKeys(site.home, 'thermostat')
    const file = join(stage.programs.makeFolder('settings'), 'installed.yml')
    writeFileSync(file, '# as installed\ntargetC: 20\nperiodMs: 50\n')
    const environment = { VOLTTRON_HOME: site.home, AGENT_CONFIG: file }
    const program = stage.programs.start('thermostat', 'examples/dist/thermostat.js', [], environment)
    const says = (text: string) =>
      eventually(() => log('thermostat').includes(text), { timeoutMs: PATIENCE_MS, what: `${text} of the thermostat` })
    await says('thermostat heats to 20 on site-a')
    const operator = await stage.operator(site.home)
    const received: unknown[] = []
    await operator.agent.vip.pubsub.subscribe({
      prefix: 'devices/heater/',
      callback: (_peer, _sender, _bus, topic) => received.push(topic),
    })
    expect(await operator.agent.vip.rpc.call('thermostat', 'target')).toBe(20)
    const stored = join(stage.programs.makeFolder('settings'), 'stored.json')
    writeFileSync(stored, '{"targetC": 25, "periodMs": 50}')
    await stage.vctl(site.home, 'config', 'store', 'thermostat', 'config', stored)
    await says('settings: {"targetC":25,"periodMs":50}')
    expect(await operator.agent.vip.rpc.call('thermostat', 'target')).toBe(25)
    await eventually(() => received.includes('devices/heater/all'), { timeoutMs: PATIENCE_MS })
    expect(await stop(program)).toEqual({ code: 0, signal: null })
    expect(log('thermostat').trimEnd().split('\n').at(-1)).toBe('the heater is off')
    await eventually(() => received.includes('devices/heater/off'), { timeoutMs: PATIENCE_MS })
  })

  it('publishes heartbeats and hears its own', async () => {
    await stage.addKeys(site.home, 'heartbeat')
    const file = join(stage.programs.makeFolder('settings'), 'heartbeat.json')
    writeFileSync(file, '{\n  // often\n  "periodMs": 50\n}\n')
    const environment = { VOLTTRON_HOME: site.home, AGENT_CONFIG: file }
    const program = stage.programs.start('heartbeat', 'examples/dist/heartbeat.js', [], environment)
    const heard = /^site-a: global\/heartbeat of heartbeat on this platform: {"status":"active","timestamp":[0-9.]+}$/gm
    await eventually(() => (log('heartbeat').match(heard) ?? []).length > 2, { timeoutMs: PATIENCE_MS })
    expect(log('heartbeat').split('\n')[0]).toBe('heartbeat: connected to site-a')
    expect(await stop(program)).toEqual({ code: 0, signal: null })
  })

  it('adds for whoever asks', async () => {
    await stage.addKeys(site.home, 'calculator', 'calculator.user')
    const call = (...words: string[]) =>
      stage.programs.run('examples/dist/rpc-calculator.js', ['call', ...words], { VOLTTRON_HOME: site.home })
    const program = stage.programs.start('calculator', 'examples/dist/rpc-calculator.js', [], {
      VOLTTRON_HOME: site.home,
    })
    await eventually(() => log('calculator').includes('calculator serves add(a, b) on site-a'), {
      timeoutMs: PATIENCE_MS,
    })
    expect(await call('calculator', '1', '2')).toEqual({ code: 0, stdout: 'calculator says: 1 + 2 = 3\n', stderr: '' })
    expect(log('calculator')).toContain('calculator.user asks for 1 + 2')
    const refused = await call('calculator', 'x', '2')
    expect([refused.code, refused.stderr]).toEqual([1, 'calculator: add failed: add takes two numbers\n'])
    expect(await stop(program)).toEqual({ code: 0, signal: null })
    const absent = await call('calculator')
    expect([absent.code, absent.stderr]).toEqual([1, expect.stringContaining("'calculator' is not connected")])
  })

  it('says in one line what is missing', async () => {
    const { code, stderr } = await stage.programs.run('examples/dist/thermostat.js', [], {
      VOLTTRON_HOME: site.home,
      AGENT_VIP_IDENTITY: 'unknown',
    })
    expect(code).toBe(67)
    expect(stderr).toMatch(/^agent 'unknown': no credentials for agent 'unknown': .* \(vctl auth add unknown\)\n$/)
  })
})
