import { beforeEach, describe, expect, it } from '@jest/globals'
import { VolttronError } from '@volttron/vip'
import fc from 'fast-check'
import { AgentConfigs } from '../src/services/config-store/agent-configs.ts'
import { exportConfigStoreService } from '../src/services/config-store/config-store-service.ts'
import { ConfigStores } from '../src/services/config-store/config-stores.ts'
import { type BusFixture, busFixture } from './bus-fixture.ts'
import { type Answer, Caller, serviceOn, settled } from './service-fixture.ts'

const STORE = 'platform.config_store'

/** Stores as they would stand on the disk. */
class MemoryKeeper {
  readonly stores = new Map<string, AgentConfigs>()
  isFull = false
  async identities() {
    return [...this.stores.keys()].sort()
  }
  async load(identity: string) {
    return this.stores.get(identity) ?? AgentConfigs.none
  }
  async save(identity: string, configs: AgentConfigs) {
    if (this.isFull) throw new VolttronError('system', 'the disk is full')
    if (configs.isEmpty) this.stores.delete(identity)
    else this.stores.set(identity, configs)
  }
}

let fixture: BusFixture
let keeper: MemoryKeeper
let warnings: string[]
beforeEach(() => {
  fixture = busFixture()
  keeper = new MemoryKeeper()
  warnings = []
  const { bus } = fixture
  const { methods, service } = serviceOn(fixture, STORE)
  // As the default rules say: everybody for itself.
  fixture.authority.mayCallRpc = (caller, _callee, _method, named) =>
    caller === 'operator' || (named as { identity?: unknown }).identity === caller
  exportConfigStoreService(methods, {
    stores: new ConfigStores(keeper),
    service,
    isConnected: (identity) => (bus.peers.get(identity)?.kind ?? 'service') !== 'service',
    unixMs: () => Date.UTC(2026, 0, 1),
    warn: (_fields, event) => void warnings.push(event),
  })
})

const connect = (identity: string) => new Caller(fixture.connect(identity))

async function ask(caller: Caller, method: string, params?: unknown): Promise<Answer> {
  const answer = caller.call(STORE, method, params)
  await settled()
  const given = answer()
  if (!given) throw new Error(`${method} is not answered`)
  return given
}

/** Numbers in any spelling, also of Python's, as they stand in JSON; not what stands in texts. */
const numbersIn = (json: string): string[] =>
  [...json.matchAll(/"(?:[^"\\]|\\.)*"|NaN|-?Infinity|-?[0-9][-+.0-9eE]*/g)]
    .map(([token]) => token)
    .filter((token) => !token.startsWith('"'))

const digits = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 40 }).map((list) => list.join(''))
const numberText = fc.oneof(
  fc.bigInt().map(String),
  fc.tuple(fc.bigInt(), digits).map(([whole, fraction]) => `${whole}.${fraction}`),
  fc.tuple(fc.integer(), fc.constantFrom('e', 'E'), fc.integer()).map(([base, e, power]) => `${base}${e}${power}`),
  fc.constantFrom('9007199254740993', '-0', '0.10', '1e+400', 'NaN', 'Infinity', '-Infinity'),
)
const { jsonOfNumbers } = fc.letrec<{ value: string; jsonOfNumbers: string }>((tie) => ({
  value: fc.oneof({ weight: 3, arbitrary: numberText }, fc.json({ maxDepth: 1 }), tie('jsonOfNumbers')),
  jsonOfNumbers: fc.oneof(
    { maxDepth: 3 },
    fc.array(tie('value'), { maxLength: 4 }).map((list) => `[${list.join(' , ')}]`),
    fc
      .array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 })
      .map((members) => `{\n${members.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(',\n')}}`),
  ),
}))

const reasonOf = ({ error }: Answer) => error?.data?.detail

describe('the configuration store', () => {
  it('keeps what an operator stores, and tells it by any spelling of the name', async () => {
    const operator = connect('operator')
    const args = ['driver', '/Devices/Campus/ ', '{"a": 1} // campus', 'json']
    expect(await ask(operator, 'set_config', args)).toMatchObject({ result: null })
    expect((await ask(operator, 'get_config', ['driver', 'DEVICES/campus'])).result).toBe('{"a": 1} // campus')
    const parsed = { '*args': ['driver', 'devices/campus'], '**kwargs': { raw: false } }
    expect((await ask(operator, 'get_config', parsed)).result).toEqual({ a: 1 })
    expect((await ask(operator, 'list_configs', { identity: 'driver' })).result).toEqual(['Devices/Campus'])
    expect((await ask(operator, 'list_stores')).result).toEqual(['driver'])
    expect((await ask(operator, 'get_metadata', ['driver', 'devices/campus'])).result).toEqual({
      type: 'json',
      modified: '2026-01-01T00:00:00.000000+00:00',
      data: '{"a": 1} // campus',
    })
    expect(await ask(operator, 'delete_config', ['driver', 'devices/CAMPUS'])).toMatchObject({ result: null })
    expect((await ask(operator, 'list_stores')).result).toEqual([])
  })

  it('gives an agent all its configurations before it answers initialize_configs', async () => {
    const agent = connect('agent')
    await ask(connect('operator'), 'set_config', ['agent', 'config', '{"a": 1}', 'json', false, false])
    const initialized = agent.call(STORE, 'initialize_configs', ['agent'])
    await settled()
    expect(initialized()).toBeUndefined()
    const update = agent.request()!
    expect(update).toMatchObject({ method: 'config.initial_update', params: [{ config: { a: 1 } }] })
    update.answer(null)
    await settled()
    expect(initialized()).toMatchObject({ result: null })
  })

  it('tells a connected agent of each change before the call that made it returns', async () => {
    const agent = connect('agent')
    const operator = connect('operator')
    const change = async (method: string, args: unknown) => {
      const answer = operator.call(STORE, method, args)
      await settled()
      expect(answer()).toBeUndefined()
      const { method: called, params, answer: reply } = agent.request()!
      expect(called).toBe('config.update')
      reply(null)
      await settled()
      expect(answer()).toMatchObject({ result: null })
      return params
    }
    expect(await change('set_config', ['agent', 'Points', 'a\n1', 'csv'])).toEqual({
      '*args': ['NEW', 'Points'],
      '**kwargs': { contents: [{ a: '1' }], trigger_callback: true },
    })
    const quiet = { '*args': ['agent', 'points', 'text'], '**kwargs': { trigger_callback: false } }
    expect(await change('set_config', quiet)).toEqual({
      '*args': ['UPDATE', 'points'],
      '**kwargs': { contents: 'text', trigger_callback: false },
    })
    expect(await change('delete_config', ['agent', 'POINTS'])).toEqual({
      '*args': ['DELETE', 'points'],
      '**kwargs': { trigger_callback: true },
    })
    await ask(operator, 'set_config', ['agent', 'x', 'y', 'raw', true, false])
    expect(await change('delete_store', ['agent'])).toEqual({
      '*args': ['DELETE_ALL', null],
      '**kwargs': { trigger_callback: true },
    })
  })

  it('gives an agent every number as it was written, whichever way it comes', async () => {
    const { connection } = connect('agent')
    /** What the agent hears until its call is answered; what it is told it takes. */
    const heardAt = async (method: string, ...params: unknown[]): Promise<string[]> => {
      const texts: string[] = []
      connection.vip(STORE, 'RPC', 'q', JSON.stringify({ jsonrpc: '2.0', method, params, id: 'q' }))
      for (let isAnswered = false; !isAnswered; ) {
        await settled()
        for (const [peer, , , messageId, subsystem, text] of connection.heard()) {
          if (subsystem !== 'RPC') continue
          const { id, method: told } = JSON.parse(text!.replaceAll(/NaN|-?Infinity/g, '0'))
          texts.push(text!)
          isAnswered ||= id === 'q'
          if (told) connection.vip(peer!, 'RPC', messageId!, JSON.stringify({ jsonrpc: '2.0', id, result: null }))
        }
      }
      return texts
    }
    await fc.assert(
      fc.asyncProperty(jsonOfNumbers, async (document) => {
        const numbers = numbersIn(document)
        const [update] = await heardAt('set_config', 'agent', 'ids', document, 'json')
        const [initial] = await heardAt('initialize_configs', 'agent')
        const [parsed] = await heardAt('get_config', 'agent', 'ids', false)
        expect([update, initial, parsed].map((text) => numbersIn(text!))).toEqual([numbers, numbers, numbers])
        const [raw] = await heardAt('get_config', 'agent', 'ids')
        expect(JSON.parse(raw!).result).toBe(document)
        const file = JSON.stringify(keeper.stores.get('agent')!.document())
        expect(numbersIn(AgentConfigs.read(JSON.parse(file))!.configs.contents().text)).toEqual(numbers)
      }),
    )
    expect(warnings).toEqual([])
  })

  it('tells an agent one change after the other, and gives up with it when it goes', async () => {
    const agent = connect('agent')
    const operator = connect('operator')
    const first = operator.call(STORE, 'set_config', ['agent', 'one', '1'])
    const second = operator.call(STORE, 'set_config', ['agent', 'two', '2'])
    await settled()
    expect(agent.request()).toMatchObject({ params: { '*args': ['NEW', 'one'] } })
    expect(agent.request()).toBeUndefined()
    agent.connection.close('gone')
    await settled()
    expect([first(), second()]).toMatchObject([{ result: null }, { result: null }])
    expect(warnings).toEqual(['agent-not-told'])
  })

  it('does not wait for ever for an agent that does not answer, nor lets it fill the platform', async () => {
    connect('agent')
    const operator = connect('operator')
    const first = operator.call(STORE, 'set_config', ['agent', 'one', '1'])
    for (let count = 0; count < 199; count++) operator.call(STORE, 'set_config', ['agent', `more${count}`, '1'])
    // Counted from their arrival on, whatever the disk has taken by then.
    const refused = await ask(operator, 'set_config', ['agent', 'last', '1'])
    expect(reasonOf(refused)).toContain('too many changes of the configurations of agent are under way')
    expect((await ask(operator, 'set_config', ['other', 'config', '1'])).error).toBeUndefined()
    fixture.pass(30_000)
    await settled()
    expect(first()).toMatchObject({ result: null })
  })

  it('refuses changes that bring more text than may wait, and takes them again when that is stored', async () => {
    const operator = connect('operator')
    const text = 'x'.repeat(15 * 2 ** 20)
    const answers = [1, 2, 3, 4, 5].map((at) => operator.call(STORE, 'set_config', ['away', `c${at}`, text]))
    await settled()
    expect(answers.map((answer) => answer()?.error !== undefined)).toEqual([false, false, false, false, true])
    expect((await ask(operator, 'set_config', ['away', 'c5', text])).error).toBeUndefined()
  })

  it('lets an agent change its own store and no other, and read any', async () => {
    const agent = connect('agent')
    await ask(connect('operator'), 'set_config', ['other', 'config', 'theirs'])
    const own = agent.call(STORE, 'set_config', ['agent', 'config', 'mine'])
    await settled()
    agent.request()!.answer(null)
    await settled()
    expect(own()).toMatchObject({ result: null })
    for (const [method, params] of [
      ['set_config', ['other', 'config', 'mine']],
      ['set_config', { identity: 'other', config_name: 'config', raw_contents: 'mine' }],
      ['set_config', { '*args': ['other'], '**kwargs': { config_name: 'config', raw_contents: 'mine' } }],
      ['delete_config', ['other', 'config']],
      ['delete_store', ['other']],
      ['initialize_configs', ['other']],
    ] as const) {
      expect((await ask(agent, method, params)).error).toMatchObject({ code: -32001 })
    }
    expect((await ask(agent, 'get_config', ['other', 'config'])).result).toBe('theirs')
  })

  it('says what is wrong as Python does: KeyError for what is not there, ValueError for what cannot be', async () => {
    const operator = connect('operator')
    const missing = await ask(operator, 'get_config', ['driver', 'config'])
    expect(missing.error).toMatchObject({
      code: -32000,
      data: {
        detail: 'No configuration file "config" for VIP IDENTITY driver',
        'exception.py': { exc_type: 'builtins.KeyError' },
      },
    })
    expect((await ask(operator, 'delete_config', ['driver', 'config'])).error?.data).toMatchObject({
      'exception.py': { exc_type: 'builtins.KeyError' },
    })
    for (const args of [
      ['driver', 'config', '{', 'json'],
      ['driver', 'config', 'a', 'yaml'],
      ['driver', 'config', { a: 1 }],
      ['driver', '', 'a'],
      ['driver', 'config', '["config://CONFIG"]', 'json'],
    ]) {
      expect((await ask(operator, 'set_config', args)).error?.data).toMatchObject({
        'exception.py': { exc_type: 'builtins.ValueError' },
      })
    }
  })

  it('keeps the old contents when the new ones cannot be written', async () => {
    const operator = connect('operator')
    await ask(operator, 'set_config', ['driver', 'config', 'old'])
    keeper.isFull = true
    expect(reasonOf(await ask(operator, 'set_config', ['driver', 'config', 'new']))).toBe('the disk is full')
    expect((await ask(operator, 'get_config', ['driver', 'config'])).result).toBe('old')
  })

  it('loses no change of those that come at the same time', async () => {
    const operator = connect('operator')
    const answers = Array.from({ length: 50 }, (_, at) =>
      operator.call(STORE, 'set_config', ['driver', `config${at}`, '1']),
    )
    await settled()
    for (const answer of answers) expect(answer()).toMatchObject({ result: null })
    expect((await ask(operator, 'list_configs', ['driver'])).result).toHaveLength(50)
  })
})
