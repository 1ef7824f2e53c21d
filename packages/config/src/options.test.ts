import { describe, expect, it } from '@jest/globals'
import { namesOf, type OptionInputs, option, resolveOptions, variableName } from './options.ts'
import {
  bytesValue,
  countValue,
  durationValue,
  flagValue,
  formatBytes,
  formatDuration,
  listValue,
  textValue,
} from './values.ts'
import { readVolttronFile } from './volttron-file.ts'

const catalogue = {
  federationUrl: option<string | undefined>({
    description: 'registry',
    kind: 'value',
    schema: textValue(),
    default: undefined,
  }),
  enableFederation: option({
    description: 'federate',
    kind: 'flag',
    schema: flagValue(),
    default: false,
    negations: ['disable-federation'],
  }),
  address: option<readonly string[]>({
    description: 'where to listen',
    kind: 'list',
    schema: listValue(textValue()),
    default: [],
    aliases: ['vip-address'],
  }),
  port: option({ description: 'port', kind: 'value', schema: countValue(1, 65535), default: 8000 }),
}

const resolve = (inputs: Partial<Omit<OptionInputs, 'file'>> & { file?: string }) =>
  resolveOptions(catalogue, {
    flags: inputs.flags ?? {},
    environment: inputs.environment ?? {},
    environmentPrefix: 'VOLTTRON_',
    ...(inputs.file === undefined ? {} : { file: readVolttronFile(inputs.file, 'config') }),
  })

describe('resolveOptions', () => {
  it('prefers flag over environment over file over default, and says which it was', () => {
    const file = 'port = 3'
    const environment = { VOLTTRON_PORT: '2' }
    const port = (inputs: Parameters<typeof resolve>[0]) => resolve(inputs).options.port
    expect(port({ flags: { port: ['1'] }, environment, file })).toEqual({
      value: 1,
      source: { kind: 'flag', where: '--port' },
    })
    expect(port({ environment, file })).toEqual({ value: 2, source: { kind: 'environment', where: 'VOLTTRON_PORT' } })
    expect(port({ file })).toEqual({ value: 3, source: { kind: 'file', where: 'config line 1, port' } })
    expect(port({})).toEqual({ value: 8000, source: { kind: 'default', where: 'default' } })
  })

  it('treats an empty variable and None in the file as not set', () => {
    const { options, problems } = resolve({ environment: { VOLTTRON_PORT: '' }, file: 'port = None' })
    expect(problems).toEqual([])
    expect(options.port.value).toBe(8000)
  })

  it('reads lists from repeated keys, several lines, commas and blanks', () => {
    const expected = ['a', 'b', 'c']
    for (const file of ['address = a\naddress = b\nvip_address = c', 'address = a\n  b\n  c', 'address = a, b c']) {
      expect(resolve({ file }).options.address.value).toEqual(expected)
    }
    expect(resolve({ environment: { VOLTTRON_VIP_ADDRESS: 'a,b,c' } }).options.address.value).toEqual(expected)
    expect(resolve({ flags: { address: ['a', 'b', 'c'] }, file: 'address = z' }).options.address.value).toEqual(
      expected,
    )
  })

  it.each([
    ['enable-federation', true],
    ['enable_federation = true,', true],
    ['enable-federation = False', false],
    ['disable-federation', false],
    ['disable-federation = False', true],
  ])('reads the flag %j as %j', (file, expected) => {
    const { options, problems } = resolve({ file })
    expect(problems).toEqual([])
    expect(options.enableFederation.value).toBe(expected)
  })

  it.each([
    ['federation-ulr = x', "config line 1: unknown option 'federation-ulr'", "did you mean 'federation-url'?"],
    ['zzz = x', "config line 1: unknown option 'zzz'", undefined],
    ['port = 1\n\nport = 2', "config line 3: 'port' was already set differently", undefined],
    ['port = no', "config line 1, port: 'no': expected a whole number from 1 to 65535", undefined],
    ['port = 1\n  2', 'config line 1, port: one value expected, several given', undefined],
    ['federation-url =', 'config line 1, federation-url: a value is missing', undefined],
    ['address', 'config line 1, address: a value is missing', undefined],
    ['enable-federation = perhaps', "config line 1, enable-federation: 'perhaps': expected true or false", undefined],
  ])('reports %j', (file, message, hint) => {
    expect(resolve({ file }).problems).toEqual([{ message, kind: 'file', ...(hint ? { hint } : {}) }])
  })

  it('allows a key twice when it says the same', () => {
    expect(resolve({ file: 'port = 1\nport = 1' }).problems).toEqual([])
  })

  it('names the variable of a bad value', () => {
    expect(resolve({ environment: { VOLTTRON_PORT: 'x' } }).problems[0]?.message).toMatch(
      /^VOLTTRON_PORT: 'x': expected/,
    )
  })

  it('knows every name of an option', () => {
    expect([...namesOf(catalogue).keys()]).toEqual([
      'federation-url',
      'enable-federation',
      'disable-federation',
      'address',
      'vip-address',
      'port',
    ])
    expect(variableName('VOLTTRON_', 'federationUrl')).toBe('VOLTTRON_FEDERATION_URL')
  })
})

describe('amounts and times', () => {
  it.each([
    ['65536', 65536],
    ['64KiB', 65536],
    ['16 MiB', 16777216],
    ['1.5k', 1536],
    ['1MB', 1000000],
  ])('reads %j as %d bytes', (text, bytes) => {
    expect(bytesValue(1, 2 ** 40).parse(text)).toBe(bytes)
  })

  it.each([
    ['5', 5000],
    ['5s', 5000],
    ['250ms', 250],
    ['0.5', 500],
    ['2 min', 120000],
    ['1h', 3600000],
  ])('reads %j as %d milliseconds', (text, ms) => {
    expect(durationValue(1, 1e9).parse(text)).toBe(ms)
  })

  it.each(['', '-1', '5 parsecs', '1e3', 'NaN', '99999999h'])('refuses %j', (text) => {
    expect(durationValue(1, 1e9).safeParse(text).success).toBe(false)
    expect(bytesValue(1, 1e9).safeParse(text).success).toBe(false)
  })

  it('writes them with the largest unit that fits', () => {
    expect([16777216, 65536, 1000, 3 * 2 ** 30].map(formatBytes)).toEqual(['16MiB', '64KiB', '1000', '3GiB'])
    expect([5000, 250, 120000, 7200000].map(formatDuration)).toEqual(['5s', '250ms', '2min', '2h'])
  })
})
