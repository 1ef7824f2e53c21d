import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { generateKeyPair, OWN_IDENTITIES } from '@volttron/auth'
import { openHome } from './home.ts'
import { rootWarning } from './root-warning.ts'

let parent: string
let path: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'vt-'))
  path = join(parent, 'site', 'home')
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

const mode = (name: string) => (statSync(join(path, name)).mode & 0o777).toString(8)

describe('openHome', () => {
  it('makes folders and keys at the first start, for the owner only', async () => {
    const home = await openHome(path)
    expect([...home.createdKeys].sort()).toEqual([...OWN_IDENTITIES].sort())
    expect(readdirSync(join(path, 'credentials_store'))).toEqual([...OWN_IDENTITIES].map((id) => `${id}.json`).sort())
    for (const folder of ['.', 'credentials_store', 'run', 'agents', 'configuration_store']) {
      expect([folder, mode(folder)]).toEqual([folder, '700'])
    }
    expect(mode('credentials_store/platform.json')).toBe('600')
    await home.close()
  })

  it('keeps its keys', async () => {
    const first = await openHome(path)
    await first.close()
    const second = await openHome(path)
    expect(second.platformKeys).toEqual(first.platformKeys)
    expect(second.createdKeys).toEqual([])
    await second.close()
  })

  it('says that it is ready by VOLTTRON_PID, and takes it away at the end', async () => {
    const home = await openHome(path)
    const file = home.paths.pidFile
    expect(existsSync(file)).toBe(false)
    await home.announceReady()
    expect(readFileSync(file, 'utf8')).toBe(String(process.pid))
    await home.close()
    await home.close()
    expect(existsSync(file)).toBe(false)
    expect(readdirSync(home.paths.run)).toEqual([])
  })

  it('removes a left-over PID file before anything else can see it, and leaves the one of somebody else at the end', async () => {
    await (await openHome(path)).close()
    const file = join(path, 'VOLTTRON_PID')
    writeFileSync(file, '999999999')
    const home = await openHome(path)
    expect(existsSync(file)).toBe(false)
    writeFileSync(file, '999999999')
    await home.close()
    expect(readFileSync(file, 'utf8')).toBe('999999999')
  })

  it.each([
    ['rubbish', 'is damaged: it holds no JSON object'],
    ['', 'is damaged: it holds no JSON object'],
    ['{"identity": "platform", "publickey": "x"}', 'is damaged: its publickey is no key'],
    [
      JSON.stringify({ identity: 'platform', publickey: generateKeyPair().publicKey }),
      'holds no secret key that fits its publickey',
    ],
    [
      JSON.stringify({
        identity: 'platform',
        publickey: generateKeyPair().publicKey,
        secretkey: generateKeyPair().secretKey,
      }),
      'holds no secret key that fits its publickey',
    ],
  ])('ends with 65 on an own key file that holds %j, leaves it as it is and frees the home', async (text, why) => {
    await (await openHome(path)).close()
    const file = join(path, 'credentials_store', 'platform.json')
    writeFileSync(file, text)
    await expect(openHome(path)).rejects.toMatchObject({ exitCode: 65, message: `${file} ${why}` })
    expect(readFileSync(file, 'utf8')).toBe(text)
    expect(readdirSync(join(path, 'run'))).toEqual([])
  })

  it('makes no key at all while another own key file is damaged', async () => {
    await (await openHome(path)).close()
    const store = join(path, 'credentials_store')
    rmSync(join(store, 'platform.json'))
    writeFileSync(join(store, 'platform.health.json'), '{')
    await expect(openHome(path)).rejects.toMatchObject({ exitCode: 65 })
    expect(existsSync(join(store, 'platform.json'))).toBe(false)
  })

  it.each([
    ['a file', '', 'it is a file'],
    ['below a file', 'home', 'a part of the path is a file, not a folder'],
  ])('ends with 71 when VOLTTRON_HOME is %s', async (_, rest, why) => {
    const file = join(parent, 'file')
    writeFileSync(file, '')
    const home = join(file, rest)
    await expect(openHome(home)).rejects.toMatchObject({ exitCode: 71, message: expect.stringContaining(why) })
  })
})

describe('running as root', () => {
  it('is worth one line, and nothing for anybody else', () => {
    expect(rootWarning(0)).toMatch(/^running as root: .*$/)
    expect(rootWarning(1000)).toBeUndefined()
  })
})
