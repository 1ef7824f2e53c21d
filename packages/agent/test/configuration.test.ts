import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { keyPairFromSecret } from '@volttron/vip'
import { type AgentOptions, resolveSettings } from '../src/agent-options.ts'

const platform = keyPairFromSecret(randomBytes(32))
const own = keyPairFromSecret(randomBytes(32))
let home = ''

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'agent-home-'))
  mkdirSync(join(home, 'credentials_store'))
  mkdirSync(join(home, 'run'))
  write('credentials_store/platform.json', { identity: 'platform', publickey: platform.publicKey })
  write('credentials_store/me.json', { identity: 'me', publickey: own.publicKey, secretkey: own.secretKey })
})
afterEach(() => rmSync(home, { recursive: true }))

const write = (path: string, content: unknown) =>
  writeFileSync(join(home, path), typeof content === 'string' ? content : JSON.stringify(content))

const target = (options: AgentOptions, env: Record<string, string> = {}, attempt = 0) =>
  resolveSettings(options, env).target(attempt)

describe('where an agent finds its platform', () => {
  it('is what the running platform has bound, then its configuration, then its local socket', () => {
    const options = { identity: 'me', volttronHome: home }
    expect(target(options)).toEqual({
      address: `ipc://${join(home, 'run', 'vip.socket')}`,
      serverKey: platform.publicKey,
      keys: own,
      routingId: 'me',
    })
    write('config', '[volttron]\ninstance-name = x\naddress = tcp://10.0.0.1:22916,\n')
    expect(target(options).address).toBe('tcp://10.0.0.1:22916')
    write('run/addresses.json', { addresses: ['tcp://0.0.0.0:4000', 'tcp://[::]:4000', 'nonsense://', 'ipc:///x'] })
    expect([0, 1, 2, 3].map((attempt) => target(options, {}, attempt).address)).toEqual([
      'ipc:///x',
      'tcp://127.0.0.1:4000',
      'tcp://[::1]:4000',
      'ipc:///x',
    ])
    write('run/addresses.json', 'half a fi')
    expect(target(options).address).toBe('tcp://10.0.0.1:22916')
  })

  it('is read from the environment where no option says otherwise', () => {
    const env = { VOLTTRON_HOME: home, AGENT_VIP_IDENTITY: 'me' }
    expect(target({}, env).keys).toEqual(own)
    const other = keyPairFromSecret(randomBytes(32))
    const credentials = { identity: 'me', publickey: other.publicKey, secretkey: other.secretKey }
    const more = { ...env, AGENT_CREDENTIALS: JSON.stringify(credentials), VOLTTRON_VIP_ADDR: 'tcp://h:1' }
    expect(target({}, more)).toMatchObject({ keys: other, address: 'tcp://h:1' })
    write('mine.json', credentials)
    expect(target({}, { ...env, AGENT_CREDENTIALS: join(home, 'mine.json') }).keys).toEqual(other)
    expect(target({ volttronHome: home }, more)).toMatchObject({ keys: own })
  })

  it('is taken from the options alone when they say everything', () => {
    const options = { identity: 'me', address: 'tcp://h:1', serverKey: platform.publicKey, secretKey: own.secretKey }
    expect(target(options)).toMatchObject({ address: 'tcp://h:1', keys: own, serverKey: platform.publicKey })
  })
})

describe('what is wrong is said', () => {
  it.each<[string, AgentOptions, string]>([
    ['no identity', {}, 'no identity'],
    ['an identity Python would misread', { identity: '123' }, 'JSON'],
    ['a bad address', { identity: 'me', address: 'http://x' }, 'scheme'],
    ['a bad key', { identity: 'me', serverKey: 'short' }, 'serverKey is no CURVE key'],
    ['a public key without the secret one', { identity: 'me', publicKey: own.publicKey }, 'without secretKey'],
    [
      'keys that do not belong together',
      { identity: 'me', publicKey: platform.publicKey, secretKey: own.secretKey },
      'do not belong together',
    ],
  ])('%s', (_what, options, message) => {
    expect(() => resolveSettings(options, {})).toThrow(message)
  })

  it('missing credentials, with the command that makes them', () => {
    expect(() => target({ identity: 'stranger', volttronHome: home })).toThrow(
      expect.objectContaining({ code: 'not-found', hint: 'vctl auth add stranger' }),
    )
  })

  it('credentials of somebody else, and files that hold none', () => {
    write('credentials_store/other.json', { identity: 'me', secretkey: own.secretKey })
    write('credentials_store/broken.json', '{"identity": "broken", "secretkey": ')
    expect(() => target({ identity: 'other', volttronHome: home })).toThrow("holds credentials of 'me'")
    expect(() => target({ identity: 'broken', volttronHome: home })).toThrow('no secretkey in it')
  })

  it('a home in which no platform has ever run, which may still come', () => {
    rmSync(join(home, 'credentials_store', 'platform.json'))
    expect(() => target({ identity: 'me', volttronHome: home })).toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    )
  })
})
