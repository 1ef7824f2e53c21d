import * as fs from 'node:fs'
import * as files from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'

/** Tests run as root, whom no mode stops: the errors of the file system are made here. */
let failWith: string | undefined
const fail = async <T>(otherwise: () => Promise<T>): Promise<T> => {
  if (failWith === undefined) return await otherwise()
  throw Object.assign(new Error(`${failWith}: made up`), { code: failWith })
}
jest.unstable_mockModule('node:fs/promises', () => ({
  ...files,
  writeFile: (...given: Parameters<typeof files.writeFile>) => fail(() => files.writeFile(...given)),
}))
jest.unstable_mockModule('node:fs', () => ({
  ...fs,
  mkdirSync: (...given: Parameters<typeof fs.mkdirSync>) => {
    if (failWith === 'EACCES') throw Object.assign(new Error('EACCES: made up'), { code: 'EACCES' })
    return fs.mkdirSync(...given)
  },
}))
const { openHome } = await import('./home.ts')

let path: string
beforeEach(() => {
  path = fs.mkdtempSync(join(tmpdir(), 'vt-'))
})
afterEach(() => {
  failWith = undefined
  fs.rmSync(path, { recursive: true, force: true })
})

describe('a disk that fails', () => {
  it.each([
    ['ENOSPC', 'cannot write into VOLTTRON_HOME', 'the disk is full'],
    ['EDQUOT', 'cannot write into VOLTTRON_HOME', 'the disk quota is used up'],
    ['EROFS', 'cannot write into VOLTTRON_HOME', 'the file system is read-only'],
    ['EACCES', 'cannot make the folder', 'permission denied'],
  ])('%s ends the start with 71 and one line', async (code, what, why) => {
    failWith = code
    const error = await openHome(path).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ exitCode: 71 })
    expect((error as Error).message).toMatch(new RegExp(`^${what} ${path}.*: ${why}$`))
    failWith = undefined
    if (code !== 'EACCES') expect(fs.readdirSync(join(path, 'run'))).toEqual([])
    await (await openHome(path)).close()
  })
})
