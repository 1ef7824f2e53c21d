import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { JsonFile } from './json-file.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vt-'))
  path = join(folder, 'federation_config.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

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
