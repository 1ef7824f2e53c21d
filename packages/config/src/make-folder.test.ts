import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { makeFolder } from './make-folder.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vt-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('making a folder', () => {
  it('makes the ones above it too, all with the mode', () => {
    makeFolder(join(folder, 'a', 'b', 'c'), 0o700)
    for (const part of ['a', 'a/b', 'a/b/c']) expect(statSync(join(folder, part)).mode & 0o777).toBe(0o700)
  })

  it('leaves one that is there as it is, behind a link too', () => {
    makeFolder(join(folder, 'a'), 0o755)
    symlinkSync(join(folder, 'a'), join(folder, 'link'))
    makeFolder(join(folder, 'a'), 0o700)
    makeFolder(join(folder, 'link'), 0o700)
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o755)
  })

  it('fails where a file is in the way', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => makeFolder(join(folder, 'file'), 0o700)).toThrow('EEXIST')
    expect(() => makeFolder(join(folder, 'file', 'below'), 0o700)).toThrow('ENOTDIR')
  })

  it('fails, and comes back, where there are no folders to have', () => {
    expect(() => makeFolder('/proc/nowhere', 0o700)).toThrow()
    expect(() => makeFolder('/proc/nowhere/below', 0o700)).toThrow()
  })
})
