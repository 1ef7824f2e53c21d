/** The configuration store, as a Python agent sees it: its own `vip.config`, and what others put there. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ANY_PORT, type Site, Stage } from '../../test/support/stage.ts'
import { type PythonAgent, Raw } from '../support/python-agent.ts'
import { PythonProcess } from '../support/python-process.ts'

const stage = new Stage()
let site: Site
let python: PythonProcess
let agent: PythonAgent
let operator: PythonAgent

beforeAll(async () => {
  site = await stage.programs.startPlatform('here', ANY_PORT)
  await stage.addKeys(site.home, 'py.driver', 'py.late')
  python = PythonProcess.start(stage, site.home)
  operator = await python.agent('control.connection', { options: { enable_store: false } })
  agent = await python.agent('py.driver', { defaults: { defaulted: '{"from": "the agent"}' } })
  await agent.heard('config', ({ name }) => name === 'defaulted')
})

afterAll(() => stage.cleanUp())

const store = (method: string, args: readonly unknown[], kwargs: object = {}) =>
  operator.vip('rpc.call', ['platform.config_store', method, ...args], kwargs)

describe('a Python agent', () => {
  it('is told of what is stored for it, as an object', async () => {
    await store('set_config', ['py.driver', 'devices/fan', '// a fan\n{"speed": 3, "on": true}'], {
      config_type: 'json',
    })
    const told = await agent.heard('config', ({ name }) => name === 'devices/fan')
    expect(told).toMatchObject({ action: 'NEW', contents: '{"speed": 3, "on": true}' })
  })

  it('is told of a change', async () => {
    await store('set_config', ['py.driver', 'devices/fan', '{"speed": 4}'], { config_type: 'json' })
    const told = await agent.heard('config', ({ name, action }) => name === 'devices/fan' && action === 'UPDATE')
    expect(told.contents).toBe('{"speed": 4}')
  })

  it('gets rows of a table, and text as it is', async () => {
    await store('set_config', ['py.driver', 'points.csv', 'Name,Units\nfan,%\ntemperature,°C\n'], {
      config_type: 'csv',
    })
    const table = await agent.heard('config', ({ name }) => name === 'points.csv')
    expect(JSON.parse(table.contents)).toEqual([
      { Name: 'fan', Units: '%' },
      { Name: 'temperature', Units: '°C' },
    ])
    await store('set_config', ['py.driver', 'note', '  as it is\n'])
    expect(JSON.parse((await agent.heard('config', ({ name }) => name === 'note')).contents)).toBe('  as it is\n')
  })

  it('gets a linked configuration in its place, and is told when that changes', async () => {
    await store('set_config', ['py.driver', 'linking', '{"fan": "config://devices/fan"}'], { config_type: 'json' })
    const told = await agent.heard('config', ({ name }) => name === 'linking')
    expect(JSON.parse(told.contents)).toEqual({ fan: { speed: 4 } })
    await store('set_config', ['py.driver', 'devices/fan', '{"speed": 5}'], { config_type: 'json' })
    const again = await agent.heard('config', ({ name, action }) => name === 'linking' && action === 'UPDATE')
    expect(JSON.parse(again.contents)).toEqual({ fan: { speed: 5 } })
  })

  it('reads, lists, stores and deletes its own', async () => {
    expect(await agent.vip('config.get', ['DEVICES/FAN'])).toEqual({ speed: 5 })
    expect(await agent.vip('config.get', ['defaulted'])).toEqual({ from: 'the agent' })
    await agent.vip('config.set', ['learned', { a: [1, null, 'ü'] }])
    expect(await store('get_config', ['py.driver', 'learned'], { raw: false })).toEqual({ a: [1, null, 'ü'] })
    expect(await agent.vip('config.list')).toEqual([
      'defaulted',
      'devices/fan',
      'learned',
      'linking',
      'note',
      'points.csv',
    ])
    await agent.vip('config.delete', ['learned'])
    expect(await store('list_configs', ['py.driver'])).not.toContain('learned')
  })

  it('is told of a deletion, and falls back to what it had by default', async () => {
    await store('delete_config', ['py.driver', 'note'])
    expect(await agent.heard('config', ({ name, action }) => name === 'note' && action === 'DELETE')).toBeDefined()
    await store('set_config', ['py.driver', 'defaulted', '{"from": "the store"}'], { config_type: 'json' })
    await agent.heard('config', ({ contents }) => contents === '{"from": "the store"}')
    await store('delete_config', ['py.driver', 'defaulted'])
    expect(await agent.vip('config.get', ['defaulted'])).toEqual({ from: 'the agent' })
  })

  it('finds at its start what was stored before, with "config" first', async () => {
    for (const name of ['another', 'config', 'zone'])
      await store('set_config', ['py.late', name, `{"name": "${name}"}`], { config_type: 'json' })
    const late = await python.agent('py.late')
    await late.heard('config', ({ name }) => name === 'zone')
    const told = late.events.flatMap((event) => (event.event === 'config' ? [[event.name, event.action]] : []))
    expect(told[0]).toEqual(['config', 'NEW'])
    expect(told.toSorted()).toEqual([
      ['another', 'NEW'],
      ['config', 'NEW'],
      ['zone', 'NEW'],
    ])
  })

  it('cannot touch the store of another agent, and lives on', async () => {
    const set = agent.call('platform.config_store', 'set_config', 'py.late', 'config', '{}')
    await expect(set).rejects.toMatchObject({ type: expect.stringMatching(/Error|Unauthorized/) })
    expect(await agent.vip('config.get', ['devices/fan'])).toEqual({ speed: 5 })
    expect(await store('get_config', ['py.late', 'config'])).toBe('{"name": "config"}')
  })

  it('gets and gives integers of any size with all their digits', async () => {
    const ids = '{"id": 18446744073709551615, "list": [9007199254740993, -170141183460469231731687303715884105728]}'
    await store('set_config', ['py.driver', 'ids', ids], { config_type: 'json' })
    expect((await agent.heard('config', ({ name }) => name === 'ids')).contents).toBe(ids)
    expect(await agent.vipText('config.get', ['ids'])).toBe(ids)
    await agent.vip('config.set', new Raw(`["own", ${ids}]`))
    const own = ['platform.config_store', 'get_config', 'py.driver', 'own']
    expect(await operator.vipText('rpc.call', own, { raw: false })).toBe(ids)
    await stage.addKeys(site.home, 'py.again')
    await store('set_config', ['py.again', 'ids', ids], { config_type: 'json' })
    const again = await python.agent('py.again')
    expect((await again.heard('config', ({ name }) => name === 'ids')).contents).toBe(ids)
  })

  it('is told when its whole store is gone', async () => {
    await store('delete_store', ['py.late'])
    expect(await store('list_configs', ['py.late'])).toEqual([])
  })
})

it('the store is kept in files as Python keeps them', () => {
  const file = join(site.home, 'configuration_store', 'py.driver.store')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    'devices/fan': { type: 'json', modified: expect.any(String), data: '{"speed": 5}' },
  })
})
