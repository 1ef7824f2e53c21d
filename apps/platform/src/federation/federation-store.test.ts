import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { homePaths } from '../home/home-paths.ts'
import { federationStore } from './federation-store.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 16, 30, 5, 7)
const ASIDE = 'corrupt-20261122T163005007Z'

let folder: string
let warnings: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vt-'))
  warnings = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const store = () =>
  federationStore(
    homePaths(folder),
    () => NOW_MS,
    (message) => warnings.push(message),
  )
const config = {
  registry_url: 'http://r:8000',
  platforms: [
    {
      id: 'platform2',
      address: 'tcp://192.168.1.11:22916',
      public_credentials: 'k',
      group: 'default',
      connected: true,
      last_heartbeat: 1687624821.456,
    },
  ],
}
const memory = {
  registry_generation: 'g',
  removed: [],
  platforms: { platform2: { dial_only: false, generation: 'g' } },
}
const inFolder = (name: string) => join(folder, name)

describe('the memory of the federation', () => {
  it('is read back as it was saved, for its owner only', async () => {
    await store().save({ config, memory })
    expect(await store().load()).toMatchObject({ config, memory })
    expect(JSON.parse(readFileSync(inFolder('federation_config.json'), 'utf8'))).toEqual(config)
    expect(statSync(inFolder('federation_config.json')).mode & 0o777).toBe(0o600)
    expect(warnings).toEqual([])
  })

  it('is empty without a word when there is none, or a file the Python platform has only touched', async () => {
    writeFileSync(inFolder('federation_config.json'), '')
    expect(await store().load()).toEqual({ config: undefined, memory: undefined })
    expect(warnings).toEqual([])
  })

  it('never keeps the platform from starting: what is no JSON is set aside under its name', async () => {
    writeFileSync(inFolder('federation_config.json'), '{"platforms": [')
    expect((await store().load()).config).toBeUndefined()
    expect(readFileSync(inFolder(`federation_config.json.${ASIDE}`), 'utf8')).toBe('{"platforms": [')
    expect(warnings).toEqual([expect.stringContaining('it is no valid JSON; it was set aside as')])
  })

  it('says in one line when a folder stands in its place', async () => {
    mkdirSync(inFolder('federation_config.json'))
    expect((await store().load()).config).toBeUndefined()
    expect(warnings).toEqual([expect.stringContaining('it is a folder, not a file')])
  })

  it('sets aside what makes no sense to the engine', async () => {
    writeFileSync(inFolder('federation_config.json'), '[]')
    await store().setAside('it is no JSON object')
    expect(readdirSync(folder)).toEqual([`federation_config.json.${ASIDE}`])
  })

  it('does not read what a newer version wrote, and keeps it', async () => {
    writeFileSync(inFolder('federation_state.json'), '{"version": 2, "platforms": {}}')
    expect((await store().load()).memory).toBeUndefined()
    expect(warnings).toEqual([expect.stringContaining('written by a newer version (format 2)')])
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^federation_state.json.newer-/)])
  })
})
