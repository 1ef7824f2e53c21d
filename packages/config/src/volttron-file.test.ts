import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { formatVolttronFile, readVolttronFile } from './volttron-file.ts'

const read = (text: string) => readVolttronFile(text, 'config')
const pairs = (text: string) => read(text).entries.map(({ key, values }) => [key, ...values])

describe('the reader of VOLTTRON_HOME/config', () => {
  it('reads the snippet of the federation guide as it stands there', () => {
    const guide = [
      'enable_federation = true,',
      'federation_url = http://registry-service:8000',
      'address = tcp://192.168.1.10:22916',
      'instance-name = volttron-instance-1',
    ]
    const expected = [
      ['enable-federation', 'true'],
      ['federation-url', 'http://registry-service:8000'],
      ['address', 'tcp://192.168.1.10:22916'],
      ['instance-name', 'volttron-instance-1'],
    ]
    expect(pairs(guide.join('\n'))).toEqual(expected)
    expect(pairs(['[volttron]', ...guide, ''].join('\r\n'))).toEqual(expected)
    expect(pairs(guide.map((line) => `    ${line}`).join('\n'))).toEqual(expected)
    expect(read(guide.join('\n')).problems).toEqual([])
  })

  it('reads what the Python platform writes', () => {
    const text =
      '[volttron]\ninstance-name = p1\naddress = tcp://127.0.0.1:22916\n\ttcp://10.0.0.1:22916\nauth-enabled = True\n' +
      'federation-url = None\n\n[web]\nport = 8080\n'
    expect(pairs(text)).toEqual([
      ['instance-name', 'p1'],
      ['address', 'tcp://127.0.0.1:22916', 'tcp://10.0.0.1:22916'],
      ['auth-enabled', 'True'],
      ['federation-url', 'None'],
    ])
    expect(read(text).sections.get('web')).toEqual([{ key: 'port', values: ['8080'], line: 9 }])
  })

  it.each([
    ['key=value', ['key', 'value']],
    ['key: value', ['key', 'value']],
    ['key value', ['key', 'value']],
    ['--key value', ['key', 'value']],
    ['KEY_NAME = Value', ['key-name', 'Value']],
    ['key', ['key']],
    ['--key', ['key']],
    ['key,', ['key']],
    ['key # said so', ['key']],
    ['key =', ['key', '']],
    ['key = a b  ', ['key', 'a b']],
    ['key = "a # b", # comment', ['key', 'a # b']],
    ["key = 'it''s'", ['key', "it's'"]],
    ["key = it's", ['key', "it's"]],
    ['key = "say \\"hi\\" \\\\"', ['key', 'say "hi" \\']],
    ['key = http://host/#part', ['key', 'http://host/#part']],
    ['key = "a,",', ['key', 'a,']],
    ['address tcp://[::1]:22916', ['address', 'tcp://[::1]:22916']],
    ['; a comment\n# another\n\nkey = v', ['key', 'v']],
    ['\uFEFFkey = v', ['key', 'v']],
  ])('reads %j', (text, expected) => {
    expect(read(text).problems).toEqual([])
    expect(pairs(text)).toEqual([expected])
  })

  it('keeps repeated keys in order, each with its line', () => {
    expect(read('address = a\naddress = b\n').entries).toEqual([
      { key: 'address', values: ['a'], line: 1 },
      { key: 'address', values: ['b'], line: 2 },
    ])
  })

  it('takes indented lines as further values, also after an empty first line, a blank line and a comment', () => {
    expect(pairs('address =\n  tcp://a:1,\n\n  # main\n  tcp://b:2\nnext = 1')).toEqual([
      ['address', 'tcp://a:1', 'tcp://b:2'],
      ['next', '1'],
    ])
  })

  it.each([
    ['= value', "config line 1: '= value' is no setting, which looks like 'option = value'"],
    ['ok = 1\n{"json": 1}', `config line 2: '{"json": 1}' is no setting, which looks like 'option = value'`],
    ['[volttron', "config line 1: '[volttron' is no section header, which looks like [volttron]"],
    ['key = "open', 'config line 1: the quote " is not closed'],
    ['\u0000\u0001\u001b[2J', "config line 1: '???[2J' is no setting, which looks like 'option = value'"],
  ])('names file and line for %j', (text, message) => {
    expect(read(text).problems.map((problem) => problem.message)).toEqual([message])
  })

  it('goes on after a bad line', () => {
    expect(pairs('???\nkey = 1')).toEqual([['key', '1']])
  })

  it('takes the separators of Unicode for characters of a value', () => {
    const entries = [{ key: 'a', values: ['\u2028 \u2029', 'x\u0085y'] }]
    const file = read(formatVolttronFile(entries))
    expect(file.problems).toEqual([])
    expect(file.entries.map(({ key, values }) => ({ key, values }))).toEqual(entries)
  })

  it('reads back every file it writes', () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/)
    const value = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text))
    fc.assert(
      fc.property(fc.array(fc.record({ key, values: fc.array(value, { maxLength: 4 }) })), (entries) => {
        const file = read(formatVolttronFile(entries))
        expect(file.problems).toEqual([])
        expect(file.entries.map(({ key, values }) => ({ key, values }))).toEqual(entries)
      }),
    )
  })

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        for (const { message } of read(text).problems) expect(message).toMatch(/^config line \d+: .*$/)
      }),
    )
  })
})
