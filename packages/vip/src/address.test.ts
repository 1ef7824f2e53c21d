import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  dialOnlyAddress,
  formatAddress,
  isDialOnlyAddress,
  isWildcard,
  parseAddress,
  type VipAddress,
} from './address.ts'
import { VolttronError } from './errors.ts'

const label = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9_-]{0,10}[A-Za-z0-9])?$/)
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
const tcp = fc.record({
  scheme: fc.constant('tcp' as const),
  host: fc.oneof(name, fc.ipV4(), fc.ipV6(), fc.constantFrom('*', 'fe80::1%eth0', '::', '::ffff:1.2.3.4')),
  port: fc.nat(65_535),
})
const ipc = fc.record({
  scheme: fc.constant('ipc' as const),
  path: fc.stringMatching(/^@?\/?[A-Za-z0-9_. /-]{1,40}$/),
})

describe('an address', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(fc.oneof(tcp, ipc), (address: VipAddress) => {
        expect(parseAddress(formatAddress(address))).toEqual(address)
      }),
    )
  })

  it.each<[string, VipAddress]>([
    ['tcp://127.0.0.1:22916', { scheme: 'tcp', host: '127.0.0.1', port: 22916 }],
    ['tcp://host', { scheme: 'tcp', host: 'host', port: 22916 }],
    ['host:1', { scheme: 'tcp', host: 'host', port: 1 }],
    ['tcp://host:0/', { scheme: 'tcp', host: 'host', port: 0 }],
    ['tcp://[::1]:5', { scheme: 'tcp', host: '::1', port: 5 }],
    ['[fe80::1%eth0]', { scheme: 'tcp', host: 'fe80::1%eth0', port: 22916 }],
    ['tcp://*:22916', { scheme: 'tcp', host: '*', port: 22916 }],
    ['tcp://h:1?serverkey=abc&publickey=d#x', { scheme: 'tcp', host: 'h', port: 1 }],
    ['ipc:///run/vip.socket', { scheme: 'ipc', path: '/run/vip.socket' }],
    ['ipc://@/home/v/run/vip.socket?serverkey=a', { scheme: 'ipc', path: '@/home/v/run/vip.socket' }],
  ])('may be %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  it.each([
    '',
    'tcp://',
    'ipc://',
    'tcp://:22916',
    'tcp://host:65536',
    'tcp://host:-1',
    'tcp://host:',
    'tcp://host:1:2',
    'tcp://::1:22916',
    'tcp://[::1',
    'tcp://[1.2.3.4]:1',
    'tcp://[::1%]:1',
    'tcp://[::1%a b]:1',
    'tcp://[g::1]:1',
    'tcp://a b:1',
    'tcp://a%b:1',
    'tcp://*.org:1',
    'tcp://a/b:1',
    'tcp://höst:1',
    'tcp://host:1\n',
    'http://host:1',
    'inproc://x',
    'tcp://tcp://host:1',
  ])('must not be %j', (text) => {
    expect(() => parseAddress(text)).toThrow(VolttronError)
  })

  it('is refused in one printable line, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string().map((text) => `tcp://${text}`),
        ),
        (text) => {
          try {
            parseAddress(text)
          } catch (error) {
            expect(error).toMatchObject({
              code: 'usage',
              message: expect.stringMatching(/^bad address '[\x20-\x7e]*$/),
            })
          }
        },
      ),
    )
    expect(() => parseAddress('\u001b[2J\r\nx')).toThrow("bad address '?[2J??x': expected HOST:PORT")
    expect(() => parseAddress('x '.repeat(100_000))).toThrow(/^.{1,200}$/)
  })

  it('means every interface only where it says so', () => {
    for (const host of ['*', '0.0.0.0', '[::]']) expect(isWildcard(parseAddress(`tcp://${host}:1`))).toBe(true)
    for (const text of ['tcp://127.0.0.1', 'tcp://[::1]:1', 'ipc://*']) {
      expect(isWildcard(parseAddress(text))).toBe(false)
    }
  })
})

describe('the address of a platform that only dials', () => {
  it('is known by its form, and is an address', () => {
    expect(dialOnlyAddress('site-b')).toBe('tcp://site-b.invalid:22916')
    expect(isDialOnlyAddress(dialOnlyAddress('site-b'))).toBe(true)
    expect(parseAddress(dialOnlyAddress('site_b'))).toMatchObject({ host: 'site_b.invalid' })
    for (const text of ['tcp://invalid:1', 'tcp://a.invalid.org:1', 'ipc://a.invalid', 'tcp://a/x.invalid:1']) {
      expect(isDialOnlyAddress(text)).toBe(false)
    }
  })
})
