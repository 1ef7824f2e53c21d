import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { AgentConfigs } from './agent-configs.ts'
import { StoreFiles } from './store-files.ts'

let folder: string
let warnings: string[]
let files: StoreFiles
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-files-'))
  warnings = []
  files = new StoreFiles({ folder, unixMs: () => 0, warn: (message) => warnings.push(message) })
})
afterEach(() => rmSync(folder, { recursive: true }))

const configs = AgentConfigs.none.with({ name: 'config', type: 'json', text: '{"a": 1}', modified: 'now' })

describe('the files of the configuration store', () => {
  it('have the form that the Python platform writes, for their owner only', async () => {
    await files.save('driver', configs)
    const path = join(folder, 'driver.store')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      config: { type: 'json', modified: 'now', data: '{"a": 1}' },
    })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect((await files.load('driver')).contents().toJSON()).toEqual({ config: { a: 1 } })
    expect(await files.identities()).toEqual(['driver'])
  })

  it('go when nothing is left in a store', async () => {
    await files.save('driver', configs)
    await files.save('driver', AgentConfigs.none)
    await files.save('driver', AgentConfigs.none)
    expect(readdirSync(folder)).toEqual([])
    expect((await files.load('driver')).isEmpty).toBe(true)
  })

  it.each(['{"config": ', '[]', '{"config": 5}', '\u0080\u0002pickle'])(
    'are set aside when they hold no store: %j',
    async (text) => {
      writeFileSync(join(folder, 'driver.store'), text)
      expect((await files.load('driver')).isEmpty).toBe(true)
      expect(readdirSync(folder)).toEqual([expect.stringMatching(/^driver\.store\.corrupt-/)])
      expect(warnings).toEqual([expect.stringMatching(/driver\.store cannot be used: .*set aside as /)])
      expect(await files.identities()).toEqual([])
    },
  )

  it('are kept when a single configuration is no good, which is named', async () => {
    const bad = { type: 'json', modified: null, data: '{"password": hush}' }
    writeFileSync(join(folder, 'driver.store'), JSON.stringify({ ...configs.document(), bad }))
    expect((await files.load('driver')).names).toEqual(['bad', 'config'])
    // What it holds may be a secret, and a log is read by many.
    expect(warnings).toEqual([expect.stringMatching(/driver\.store: 'bad' cannot be used: its text is no json$/)])
    expect((await files.load('driver')).get('bad')?.problem).toContain('the configuration is no JSON')
  })

  it('are never overwritten when they cannot be read', async () => {
    rmSync(folder, { recursive: true })
    writeFileSync(folder, 'a file in place of the folder')
    await expect(files.load('driver')).rejects.toMatchObject({ code: 'system' })
    await expect(files.save('driver', configs)).rejects.toMatchObject({ code: 'system' })
    await expect(files.identities()).rejects.toMatchObject({ code: 'system' })
  })

  it.each(['../driver', 'a/b', '', '..', 'true', '__proto__', 'x'.repeat(300), 'x'.repeat(255)])(
    'are only for what can be an identity: %j',
    async (identity) => {
      await expect(files.load(identity)).rejects.toMatchObject({ code: 'bad-data' })
      await expect(files.save(identity, configs)).rejects.toMatchObject({ code: 'bad-data' })
      expect(warnings).toEqual([])
    },
  )
})
