import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { parseAddress } from '@volttron/vip'
import type { AddressOptions } from '../options/addresses.ts'
import { writeFirstConfig } from './first-config.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'first-config-'))
  path = join(folder, 'config')
})
afterEach(() => rmSync(folder, { recursive: true }))

const written = async (listen: readonly string[], advertise?: string): Promise<string> => {
  const addresses: AddressOptions = {
    local: { scheme: 'ipc', path: '/home/run/vip.socket' },
    listen: listen.map(parseAddress),
    advertise: advertise === undefined ? undefined : parseAddress(advertise),
  }
  await writeFirstConfig(path, { instanceName: 'site-1', addresses })
  return readFileSync(path, 'utf8')
}

const NAMED = '[volttron]\nmessagebus = zmq\ninstance-name = site-1\n'

describe('the first configuration file', () => {
  it('says how the platform is called and where it is dialled', async () => {
    expect(await written(['tcp://10.0.0.1:22916'])).toBe(`${NAMED}address = tcp://10.0.0.1:22916\n`)
    expect(readdirSync(folder)).toEqual(['config'])
  })

  it('quotes no IPv6 address, because Python would take the quotes for a part of it', async () => {
    expect(await written(['tcp://[::1]:22916'])).toBe(`${NAMED}address = tcp://[::1]:22916\n`)
  })

  it('keeps the advertised address, without which the next start would refuse "every interface"', async () => {
    expect(await written(['tcp://0.0.0.0:22916'], 'tcp://10.0.0.1:22916')).toBe(
      `${NAMED}address = tcp://0.0.0.0:22916\nadvertise-address = tcp://10.0.0.1:22916\n`,
    )
  })

  it.each([
    ['a port the system chose', ['tcp://127.0.0.1:0']],
    ['several addresses, which Python reads as one', ['tcp://127.0.0.1:1', 'tcp://127.0.0.1:2']],
    ['an interface name, which Python cannot read', ['tcp://[fe80::1%eth0]:22916']],
    ['every interface, which nobody can dial', ['tcp://*:22916']],
    ['no address at all', []],
  ])('names the local socket in place of %s', async (_why, listen) => {
    expect(await written(listen)).toBe(`${NAMED}address = ipc:///home/run/vip.socket\n`)
  })

  it('is written anew as long as nobody has edited it and it is no longer true', async () => {
    await written(['tcp://10.0.0.1:22916'])
    expect(await written(['tcp://10.0.0.2:22916'])).toBe(`${NAMED}address = tcp://10.0.0.2:22916\n`)
    expect(await written([])).toBe(`${NAMED}address = ipc:///home/run/vip.socket\n`)
    writeFileSync(path, `${NAMED.replace('site-1', 'former')}address = tcp://10.0.0.2:22916\n`)
    expect(await written(['tcp://10.0.0.2:22916'])).toBe(`${NAMED}address = tcp://10.0.0.2:22916\n`)
    expect(readdirSync(folder)).toEqual(['config'])
  })

  it('stays as it is while one of its addresses is the one that Python dials', async () => {
    const before = await written(['tcp://10.0.0.1:22916'])
    expect(await written(['tcp://10.0.0.1:22916', 'tcp://127.0.0.1:22916'])).toBe(before)
  })

  it.each(['# mine\n', 'log-level = debug\n', '\n', '[web]\nport = 1\n'])(
    'is left alone when somebody has added %j',
    async (line) => {
      writeFileSync(path, `${NAMED}address = tcp://10.0.0.1:22916\n${line}`)
      expect(await written(['tcp://10.0.0.2:22916'])).toContain('tcp://10.0.0.1:22916')
    },
  )

  it('is never written over one that is there', async () => {
    writeFileSync(path, 'mine')
    expect(await written(['tcp://10.0.0.1:22916'])).toBe('mine')
    expect(readdirSync(folder)).toEqual(['config'])
  })

  it('is reported in one line where it cannot be written', async () => {
    path = join(folder, 'no', 'config')
    await expect(written([])).rejects.toMatchObject({ code: 'system' })
  })
})
