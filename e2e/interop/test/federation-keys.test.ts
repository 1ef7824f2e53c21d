/** Whose keys a Python platform checks: those of nobody as released, and what it takes to make it do so. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { type Connection, dial, generateKeyPair } from '@volttron/transport'
import { frameText, type PublicKey, vipMessage } from '@volttron/vip'
import { collect, credential, Stage } from '../../test/support/stage.ts'
import { DISCOVERY_MS, PythonPlatform, type PythonPlatformOptions } from '../support/python-platform.ts'
import { PythonProcess } from '../support/python-process.ts'

const stage = new Stage()
let registry: { readonly url: string; readonly password: string }

beforeAll(async () => {
  registry = { url: (await stage.programs.startRegistry()).url, password: 'none' }
})
afterAll(() => stage.cleanUp())

const startTheirs = (name: string, options: Partial<PythonPlatformOptions> = {}) =>
  PythonPlatform.start(stage, name, { registry, agents: ['py.agent', 'py.other'], ...options })

/** Somebody with a key that no platform has heard of. */
async function stranger(theirs: PythonPlatform): Promise<Connection> {
  const connection = await dial({
    address: theirs.address,
    serverKey: credential(theirs.home, 'platform').publickey as PublicKey,
    keys: generateKeyPair(),
    routingId: `instance.${theirs.name}.0.1`,
    timeoutMs: 5_000,
  })
  stage.defer(async () => connection.close('the test is over'))
  return connection
}

describe('a Python platform', () => {
  it('as released lets in whoever knows its public key, and takes what they publish for that of any agent', async () => {
    const theirs = await startTheirs('released')
    const agent = await PythonProcess.start(stage, theirs.home).agent('py.agent')
    await agent.subscribe('secret/')
    const connection = await stranger(theirs)
    const answers: string[][] = []
    connection.start({ onMessage: (frames) => void answers.push(frames.map(frameText)), onClose: () => {} })
    connection.send(vipMessage({ peer: '', id: 'h-1', subsystem: 'hello' }, ['hello']))
    await eventually(() => answers.some((frames) => frames.includes('welcome')))
    const forged = '{"sender": "platform.control", "bus": "", "headers": {}, "message": "forged"}'
    const header = { peer: '', user: 'platform.control', id: 'p-1', subsystem: 'pubsub' }
    connection.send(vipMessage(header, ['external_publish', 'secret/1', forged]))
    expect(await agent.heard('message')).toMatchObject({ sender: 'platform.control', message: '"forged"' })
  })

  it('that is made to ask for keys, and not mended otherwise, takes nobody any more once another platform has come', async () => {
    const theirs = await startTheirs('joined', { patches: ['joined-contexts'] })
    const python = PythonProcess.start(stage, theirs.home)
    await python.agent('py.agent')
    const ours = await stage.federated('ours-in-vain', registry.url)
    const operator = await stage.operator(ours.home)
    await eventually(() => /Error|Traceback/.test(theirs.log()) && theirs.log().includes('zap_loop'), {
      timeoutMs: DISCOVERY_MS,
      what: 'the end of its loop for keys',
    })
    expect(await operator.rowOf('joined', ({ connected }) => !connected)).toMatchObject({ protocol: null })
    await expect(python.agent('py.other')).rejects.toThrow(/not connected/)
  })

  it('that is mended federates with ours, and refuses a stranger', async () => {
    const theirs = await startTheirs('mended', { patches: ['joined-contexts', 'key-answers'] })
    await expect(stranger(theirs)).rejects.toThrow(/refused our key/)
    const ours = await stage.federated('ours', registry.url)
    const operator = await stage.operator(ours.home)
    // It knows our key when it has asked the registry again.
    await theirs.federated(operator)
    const agent = await PythonProcess.start(stage, theirs.home).agent('py.agent')
    const receiver = await stage.agent(ours.home, 'ts.agent')
    const received = await collect(receiver, 'theirs/', true)
    await agent.subscribe('ours/', { all_platforms: true })
    await operator.rowOf('mended', ({ interest_in }) => interest_in === 1)
    await receiver.vip.pubsub.publish({ topic: 'ours/1', message: 1 })
    await agent.heard('message', ({ topic }) => topic === 'ours/1')
    await eventually(
      async () => {
        await agent.publish('theirs/1', 1)
        return received.length > 0
      },
      { timeoutMs: DISCOVERY_MS },
    )
    expect(received[0]).toMatchObject({ headers: { platform: 'mended' } })
  })

  // As released it mostly ends when it sees a new key, but not always: two of its threads close sockets that a third one polls.
  it('that is mended where it closes polled sockets goes on, and follows to a new key', async () => {
    const theirs = await startTheirs('following', { patches: ['changed-platforms'] })
    const ours = await stage.federated('renewed', registry.url)
    const operator = await stage.operator(ours.home)
    await theirs.federated(operator)
    await stage.vctl(ours.home, 'auth', 'rotate-platform-key')
    await eventually(() => theirs.log().includes('config changed for renewed, refreshing connection'), {
      timeoutMs: DISCOVERY_MS,
      what: 'that it has seen the new key',
    })
    await theirs.federated(operator)
    expect(theirs.isRunning).toBe(true)
  })
})
