import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { VolttronError } from '@volttron/vip'
import {
  Agent,
  type AgentOptions,
  agentEnvironment,
  type ProcessPort,
  readAgentConfig,
  runAgent,
} from '../src/index.ts'
import { ScriptedRouter } from './scripted-router.ts'
import { settle, testAgent } from './test-agent.ts'

class FakeProcess implements ProcessPort {
  readonly listeners: [string, () => void][] = []
  readonly exits: number[] = []
  text = ''
  readonly stderr = { write: (text: string) => (this.text += text) }

  once(signal: string, listener: () => void): void {
    this.listeners.push([signal, listener])
  }

  exit(code: number): void {
    this.exits.push(code)
  }

  /** What happens when the signal comes. */
  raise(signal: string): void {
    const at = this.listeners.findIndex(([name]) => name === signal)
    const [, listener] = this.listeners.splice(at, 1)[0]!
    listener()
  }
}

/** A class whose agents dial a scripted router. */
function classOn(router: ScriptedRouter, step: () => void | Promise<void> = () => {}) {
  const { ports, options: own } = testAgent(router)
  return class Tested extends Agent {
    constructor(options: AgentOptions = {}) {
      super({ ...own, ...options }, ports)
    }
    protected override onStop() {
      return step()
    }
  }
}

describe('the main program of an agent', () => {
  it('starts it, and stops it cleanly at a signal', async () => {
    const router = new ScriptedRouter()
    const main = new FakeProcess()
    const agent = await runAgent(classOn(router), { identity: 'mine' }, main)
    expect([agent.state, agent.identity]).toEqual(['connected', 'mine'])
    main.raise('SIGTERM')
    await settle()
    expect([agent.state, main.exits, main.text]).toEqual(['stopped', [0], ''])
    expect(router.logged('agentstop')).toEqual([{ from: 'mine', subsystem: 'agentstop', args: ['mine'] }])
  })

  it.each([
    ['SIGINT', 'SIGINT', 130],
    ['SIGINT', 'SIGTERM', 143],
  ])('ends at once when %s is followed by %s', async (first, second, code) => {
    const main = new FakeProcess()
    await runAgent(
      classOn(new ScriptedRouter(), () => new Promise(() => {})),
      {},
      main,
    )
    main.raise(first)
    await settle()
    expect(main.exits).toEqual([])
    main.raise(second)
    expect(main.exits).toEqual([code])
  })

  it.each([
    ['denied', 77, "agent 'tester': no way in (ask)\n"],
    ['config', 78, "agent 'tester': no way in (ask)\n"],
  ] as const)('says in one line why it cannot start: %s', async (errorCode, code, text) => {
    const router = new ScriptedRouter()
    router.down = new VolttronError(errorCode, 'no way in', { hint: 'ask' })
    const main = new FakeProcess()
    const running = runAgent(classOn(router), {}, main)
    await settle()
    expect([main.exits, main.text]).toEqual([[code], text])
    expect(await Promise.race([running, 'still waits'])).toBe('still waits')
  })

  it('says so when it cannot even be made', async () => {
    const main = new FakeProcess()
    runAgent(classOn(new ScriptedRouter()), { identity: '123' }, main).catch(() => {})
    class Broken extends Agent {
      readonly size = (undefined as unknown as string).length
    }
    runAgent(Broken, { identity: 'broken' }, main).catch(() => {})
    await settle()
    expect(main.exits).toEqual([64, 1])
    expect(main.text).toMatch(/^agent: bad identity '123'.*\nagent: TypeError: Cannot read/)
    expect(main.text).toContain('run-agent.test.ts')
  })
})

describe('what an installed agent is told', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'agent-config-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const file = (text: string) => {
    const path = join(folder, 'config')
    writeFileSync(path, text)
    return path
  }

  it('is in its environment', () => {
    const env = {
      AGENT_VIP_IDENTITY: 'me',
      AGENT_UUID: 'u',
      AGENT_TAG: 't',
      AGENT_CONFIG: '/c',
      VOLTTRON_HOME: '/h',
      _LAUNCHED_BY_PLATFORM: '1',
    }
    expect(agentEnvironment(env)).toEqual({
      identity: 'me',
      uuid: 'u',
      tag: 't',
      configPath: '/c',
      volttronHome: '/h',
      isLaunchedByPlatform: true,
    })
    expect(agentEnvironment({ AGENT_CONFIG: '' })).toMatchObject({ configPath: undefined, isLaunchedByPlatform: false })
  })

  it.each([
    ['{"a": [1, NaN]}', { a: [1, Number.NaN] }],
    ['# comment\na: 1\nlist:\n  - x\n', { a: 1, list: ['x'] }],
    ['{"a": 1, # why\n "b": 2}', { a: 1, b: 2 }],
    ['', {}],
    ['# nothing\n', {}],
    ['{\n  // a name\n  "a": 1, /* and */ "b": 2 # another\n}', { a: 1, b: 2 }],
    ['share: //server/folder # no comment of JSON', { share: '//server/folder' }],
  ])('is in its configuration file: %j', (text, value) => {
    expect(readAgentConfig(file(text))).toEqual(value)
  })

  it('is nothing without such a file, and an error when the file is bad', () => {
    expect(readAgentConfig(undefined)).toEqual({})
    const path = file('{"a": ')
    expect(() => readAgentConfig(path)).toThrow(expect.objectContaining({ code: 'config' }))
    expect(() => readAgentConfig(file('just text'))).toThrow('holds string, not an object')
    expect(() => readAgentConfig(join(folder, 'none'))).toThrow('cannot be read')
  })
})
