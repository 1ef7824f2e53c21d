import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { replaceFile } from './replace-file.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vt-'))
  path = join(folder, 'file')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const mode = (of: string) => statSync(of).mode & 0o7777

describe('replacing a file', () => {
  it('makes one with the mode asked for, of text or of bytes, and leaves nothing else', async () => {
    await replaceFile(path, 'ä', { mode: 0o600 })
    expect([readFileSync(path, 'utf8'), mode(path)]).toEqual(['ä', 0o600])
    await replaceFile(path, Buffer.from([1, 2]), { mode: 0o644 })
    expect([[...readFileSync(path)], mode(path)]).toEqual([[1, 2], 0o644])
    expect(readdirSync(folder)).toEqual(['file'])
  })

  it('keeps the mode of the one that is there when none is asked for', async () => {
    writeFileSync(path, 'old')
    chmodSync(path, 0o640)
    await replaceFile(path, 'new')
    expect([readFileSync(path, 'utf8'), mode(path)]).toEqual(['new', 0o640])
  })

  it('replaces what a link leads to, and not the link', async () => {
    writeFileSync(path, 'old')
    symlinkSync(path, join(folder, 'link'))
    await replaceFile(join(folder, 'link'), 'new', { mode: 0o600 })
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe('new')
  })

  it('leaves one whole of many that are written at a time', async () => {
    const texts = Array.from({ length: 20 }, (_, at) => `${at}`.repeat(10_000))
    await Promise.all(texts.map((text) => replaceFile(path, text)))
    expect(texts).toContain(readFileSync(path, 'utf8'))
    expect(readdirSync(folder)).toEqual(['file'])
  })

  it('fails with the error of the file system, and leaves nothing behind', async () => {
    await expect(replaceFile(join(folder, 'missing', 'file'), 'x')).rejects.toMatchObject({ code: 'ENOENT' })
    mkdirSync(path)
    await expect(replaceFile(path, 'x')).rejects.toMatchObject({ code: 'EISDIR' })
    expect(readdirSync(folder)).toEqual(['file'])
  })
})
