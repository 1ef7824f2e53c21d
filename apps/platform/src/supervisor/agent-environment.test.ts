import { describe, expect, it } from '@jest/globals'
import { agentCommand, agentEnvironment } from './agent-environment.ts'
import type { InstalledAgent } from './agent-folder.ts'

const agent: InstalledAgent = {
  identity: 'listener',
  uuid: 'u',
  name: 'listener-1.0',
  version: '1.0',
  folder: '/home/agents/listener',
  launch: { kind: 'python', module: 'listener.agent', function: 'main' },
  tag: undefined,
  priority: undefined,
}
const surroundings = { home: '/home', credentials: '{}', inherited: {} }

describe('the environment of an agent', () => {
  it('holds nothing that belongs to the platform or to whoever started it', () => {
    const inherited = {
      PATH: '/bin',
      LANG: 'C',
      VOLTTRON_FEDERATION_URL: 'x',
      AGENT_TAG: 'other',
      AGENT_CONFIG: 'other',
      NOTIFY_SOCKET: 'x',
      WATCHDOG_USEC: '1',
      NODE_CHANNEL_FD: '3',
    }
    expect(agentEnvironment(agent, { ...surroundings, inherited })).toEqual({
      PATH: '/home/agents/listener/venv/bin:/bin',
      LANG: 'C',
      VIRTUAL_ENV: '/home/agents/listener/venv',
      PYTHONUNBUFFERED: '1',
      VOLTTRON_HOME: '/home',
      AGENT_VIP_IDENTITY: 'listener',
      AGENT_CREDENTIALS: '{}',
      AGENT_UUID: 'u',
      _LAUNCHED_BY_PLATFORM: '1',
    })
  })

  it('says where the platform is to an agent that cannot look for itself', () => {
    const reach = { address: 'ipc:///run/vip.socket', serverKey: 'key' }
    expect(agentEnvironment(agent, { ...surroundings, reach })).toMatchObject({
      VOLTTRON_VIP_ADDR: 'ipc:///run/vip.socket',
      VOLTTRON_SERVERKEY: 'key',
    })
  })
})

describe('the command of an agent', () => {
  it('is that of the Python platform, with the interpreter of its own environment', () => {
    expect(agentCommand(agent)).toEqual({
      command: '/home/agents/listener/venv/bin/python',
      args: ['-c', 'from listener.agent import main; main()'],
    })
  })

  it('is our own Node.js for code that was copied, or that stays where it is', () => {
    const run = (code: string) =>
      agentCommand({ ...agent, launch: { kind: 'node', code, main: 'dist/main.js' } })?.args[0]
    expect(run('package')).toBe('/home/agents/listener/package/dist/main.js')
    expect(run('/src/listener')).toBe('/src/listener/dist/main.js')
    expect(agentCommand({ ...agent, launch: undefined })).toBeUndefined()
  })
})
