import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type FederationConfig, loadFederationConfig, loadFederationState } from './federation-files.ts'
import { JsonFile } from './json-file.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 16, 30, 5, 7)

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vt-'))
  path = join(folder, 'federation_config.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const load = () => loadFederationConfig(path, NOW_MS)
const platform = (id: string) => ({
  id,
  address: 'tcp://192.168.1.11:22916',
  public_credentials: '9Zkr8bxF5Nn',
  group: 'default',
  connected: true,
  last_heartbeat: 1687624821.456,
})

describe('federation_config.json', () => {
  it('is read in the shape of the federation guide', async () => {
    const guide = {
      platforms: [
        platform('platform2'),
        { ...platform('platform3'), connected: false, last_heartbeat: 1687624450.123 },
      ],
    }
    writeFileSync(path, JSON.stringify(guide))
    expect(await load()).toEqual({ value: guide, messages: [] })
  })

  it('keeps what it does not know, on top and in every platform', async () => {
    const config: FederationConfig = {
      note: 'by hand',
      registry_url: 'http://r:8000',
      platforms: [{ ...platform('p'), site: { floor: 3 } }],
    }
    await new JsonFile<FederationConfig>(path).save(config)
    expect((await load()).value).toEqual(config)
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600')
  })

  it('fills in what the Python platform may leave away', async () => {
    const { id, address, public_credentials } = platform('p')
    writeFileSync(path, JSON.stringify({ platforms: [{ id, address, public_credentials, connected: null }] }))
    expect((await load()).value.platforms).toEqual([
      { id, address, public_credentials, group: 'default', connected: false, last_heartbeat: null },
    ])
  })

  it.each([undefined, '', '\n'])('is empty without a word when the file holds %j', async (text) => {
    if (text !== undefined) writeFileSync(path, text)
    expect(await load()).toEqual({ value: { platforms: [] }, messages: [] })
  })

  it.each([
    ['{"platforms": [', 'it is no valid JSON'],
    ['<html>', 'it is no valid JSON'],
    ['[]', 'it holds no list of platforms'],
    ['{"platforms": {}}', 'it holds no list of platforms'],
    ['null', 'it holds no list of platforms'],
  ])('is set aside when it holds %j', async (text, why) => {
    writeFileSync(path, text)
    const aside = `${path}.corrupt-20261122T163005007Z`
    expect(await load()).toEqual({
      value: { platforms: [] },
      messages: [`${path} cannot be used: ${why}; it was set aside as ${aside}`],
    })
    expect(readFileSync(aside, 'utf8')).toBe(text)
    expect(readdirSync(folder)).toHaveLength(1)
  })

  it('leaves out entries that are no platforms, says so once and keeps the others', async () => {
    const hostile = ['../x', '123', 'true', '', 'a\nb', 'x'.repeat(1000)].map(platform)
    const entries = [...hostile, null, 7, [], { id: 'no-address' }, platform('good'), platform('good')]
    writeFileSync(path, JSON.stringify({ platforms: entries }))
    const { value, messages } = await load()
    expect(value.platforms.map(({ id }) => id)).toEqual(['good'])
    expect(messages).toEqual([`${path}: 11 of its platforms cannot be used and were left out, first number 1`])
  })

  it('never keeps the platform from starting', async () => {
    mkdirSync(path)
    expect(await load()).toEqual({
      value: { platforms: [] },
      messages: [`cannot read ${path}: it is a folder, not a file`],
    })
  })
})

describe('federation_state.json', () => {
  const state = { version: 1 as const, platforms: { p: { pinned_key: 'k' } } }

  it('is read back', async () => {
    await new JsonFile(path).save(state)
    expect(await loadFederationState(path, NOW_MS)).toEqual({ value: state, messages: [] })
  })

  it('is set aside when a newer version wrote it, or nobody did', async () => {
    writeFileSync(path, JSON.stringify({ ...state, version: 2 }))
    const newer = await loadFederationState(path, NOW_MS)
    expect(newer.value).toEqual({ version: 1, platforms: {} })
    expect(newer.messages[0]).toContain('written by a newer version (format 2); it was set aside as')
    writeFileSync(path, '{}')
    expect((await loadFederationState(path, NOW_MS)).messages[0]).toContain('it holds no platforms')
    expect(readdirSync(folder).map((name) => name.split('-')[0])).toEqual([
      'federation_config.json.corrupt',
      'federation_config.json.newer',
    ])
  })

  it('drops names that no platform has', async () => {
    writeFileSync(path, '{"version": 1, "platforms": {"../x": {}, "7": {}, "p": {}, "q": 1}}')
    expect((await loadFederationState(path, NOW_MS)).value.platforms).toEqual({ p: {} })
  })
})

describe('JsonFile', () => {
  it('writes the latest of many values, and nobody waits for more than his own', async () => {
    const file = new JsonFile<number>(path)
    await Promise.all(Array.from({ length: 50 }, (_, n) => file.save(n)))
    expect(readFileSync(path, 'utf8')).toBe('49\n')
    await file.save(50)
    expect(readFileSync(path, 'utf8')).toBe('50\n')
    expect(readdirSync(folder)).toEqual(['federation_config.json'])
  })

  it('leaves an unchanged file alone', async () => {
    const file = new JsonFile<number>(path)
    await file.save(1)
    const { ino } = statSync(path)
    await file.save(1)
    expect(statSync(path).ino).toBe(ino)
  })

  it('tells everybody whose value was not written, and tries again', async () => {
    const blocked = join(folder, 'missing', 'state.json')
    const file = new JsonFile<number>(blocked)
    const results = await Promise.allSettled([file.save(1), file.save(2), file.save(3)])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await expect(file.save(3)).rejects.toMatchObject({ code: 'system', message: expect.stringContaining(blocked) })
    mkdirSync(join(folder, 'missing'))
    await file.save(3)
    expect(readFileSync(blocked, 'utf8')).toBe('3\n')
  })
})
