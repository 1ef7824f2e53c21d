/** Agents from PyPI as they are, installed beside the client library and started by their own programs. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Agent } from '@volttron/agent'
import { eventually } from '@volttron/testkit'
import {
  ANY_PORT,
  addressesOf,
  collect,
  credential,
  PATIENCE_MS,
  type Received,
  type Site,
  Stage,
} from '../../test/support/stage.ts'
import { type PublishedAgent, startPublishedAgent } from '../support/published-agent.ts'

const stage = new Stage()
let site: Site
let ours: Agent

beforeAll(async () => {
  site = await stage.programs.startPlatform('here', ANY_PORT)
  ours = await stage.agent(site.home, 'ts.agent')
})

afterAll(() => stage.cleanUp())

const publish = (topic: string, message: unknown, headers: Record<string, unknown> = {}) =>
  ours.vip.pubsub.publish({ peer: 'pubsub', topic, message, headers })

const start = async (identity: string, program: string, config: object) => {
  await stage.addKeys(site.home, identity)
  return startPublishedAgent(stage, site.home, { identity, program, config })
}

describe('volttron-listener', () => {
  let heard: Received[]
  let listener: PublishedAgent

  beforeAll(async () => {
    heard = await collect(ours, 'heartbeat/listener')
    listener = await start('listener', 'volttron-listener-agent', { heartbeat_period: 1, message: 'I am listening' })
  })

  it('starts, and hears its own heartbeat', async () => {
    await listener.wrote('Topic: heartbeat/listener')
    expect(listener.log()).toContain("Sender: listener:, Bus: , Topic: heartbeat/listener, Headers: {'TimeStamp': ")
  })

  it('is heard', async () => {
    await eventually(() => heard.length > 0, { timeoutMs: PATIENCE_MS })
    expect(heard[0]).toMatchObject({ sender: 'listener', message: 'GOOD' })
  })

  it('prints what others publish', async () => {
    await publish('devices/campus/fan', { speed: 3, note: 'für später' })
    await listener.wrote("{'note': 'für später', 'speed': 3}")
  })

  it('is called', async () => {
    const status = await ours.vip.rpc.call('listener', 'health.get_status')
    expect(status).toMatchObject({ status: 'GOOD', context: 'I am listening' })
  })

  it('stops in good order, and is gone from the peer list', async () => {
    await listener.stop()
    await eventually(async () => !(await ours.vip.peerlist.list()).includes('listener'), { timeoutMs: PATIENCE_MS })
    expect(listener.log()).not.toContain('Traceback')
  })
})

it('an agent on another machine needs the key of the platform, its own, and an address', async () => {
  await stage.addKeys(site.home, 'remote.listener')
  const home = stage.programs.makeFolder('remote')
  const store = join(home, 'credentials_store')
  mkdirSync(store)
  const { publickey } = credential(site.home, 'platform')
  const platform = { identity: 'platform', publickey, secretkey: 'none', domain: '', address: '' }
  writeFileSync(join(store, 'platform.json'), JSON.stringify(platform))
  writeFileSync(join(store, 'remote.listener.json'), JSON.stringify(credential(site.home, 'remote.listener')))
  const address = addressesOf(site.home)[0]
  writeFileSync(join(home, 'config'), `[volttron]\ninstance-name = here\nmessagebus = zmq\naddress = ${address}\n`)
  const plan = { identity: 'remote.listener', program: 'volttron-listener-agent', config: { heartbeat_period: 1 } }
  await startPublishedAgent(stage, home, plan).wrote('Topic: heartbeat/remote.listener')
})

describe('volttron-sqlite-historian', () => {
  it('records devices, and answers what it has recorded', async () => {
    const database = `${stage.programs.folder}/historian.sqlite`
    const config = { connection: { type: 'sqlite', params: { database } } }
    const historian = await start('platform.historian', 'volttron-sqlite-historian', config)
    const date = '2026-01-02T03:04:05.000000+00:00'
    // It subscribes when its own start is done, of which it tells nobody: it is told again until it has it.
    const topics = await eventually(
      async () => {
        if (historian.end) throw new Error(historian.log())
        await publish(
          'devices/campus/building/fan/all',
          [{ speed: 3 }, { speed: { units: '%', type: 'integer', tz: 'UTC' } }],
          {
            Date: date,
            TimeStamp: date,
          },
        )
        const known = await ours.vip.rpc.callWith('platform.historian', 'get_topic_list', { timeoutMs: 5_000 })
        return (known as string[]).length > 0 && known
      },
      { timeoutMs: PATIENCE_MS },
    )
    expect(topics).toEqual(['campus/building/fan/speed'])
    const kwargs = { topic: 'campus/building/fan/speed', count: 1 }
    expect(await ours.vip.rpc.callWith('platform.historian', 'query', { kwargs })).toEqual({
      values: [[date, 3]],
      metadata: { units: '%', type: 'integer', tz: 'UTC' },
    })
  })
})

describe('volttron-threshold-detection', () => {
  it('takes its configuration from the store, and raises an alert', async () => {
    const alerts = await collect(ours, 'alerts/')
    const operator = await stage.operator(site.home)
    const contents = '{"datalogger/temperature": {"threshold_max": 42}}'
    await operator.agent.vip.rpc.callWith('platform.config_store', 'set_config', {
      args: ['platform.thresholddetection', 'config', contents],
      kwargs: { config_type: 'json' },
    })
    const agent = await start('platform.thresholddetection', 'volttron-threshold-detection', {})
    await agent.wrote('Subscribing to datalogger/temperature')
    await eventually(
      async () => {
        await publish('datalogger/temperature', 50)
        return alerts.length > 0
      },
      { timeoutMs: PATIENCE_MS },
    )
    expect(alerts[0]).toMatchObject({
      sender: 'platform.thresholddetection',
      topic: 'alerts/ThresholdDetectionAgent/here_platform_thresholddetection',
      headers: { alert_key: 'datalogger/temperature' },
    })
    expect(JSON.parse(alerts[0]!.message as string)).toMatchObject({
      status: 'BAD',
      context: 'datalogger/temperature value (50) is above acceptable limit (42)',
    })
  })
})
