import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { typescriptProcess } from './home-process.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vt-'))
  path = join(folder, 'authz.json')
  writeFileSync(path, 'good')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a disk that fills up in the middle of a file', () => {
  const replace = (blocks: string) => {
    const command = ['-c', `ulimit -f ${blocks}; exec "$@"`, 'sh', ...typescriptProcess('./replace-file.ts', path)]
    return execFileSync('sh', command, { encoding: 'utf8' }).trim()
  }

  it('leaves the file that was there whole, and is told', () => {
    expect(replace('16')).toBe('EFBIG')
    expect(readFileSync(path, 'utf8')).toBe('good')
    expect(readdirSync(folder)).toEqual(['authz.json'])
    expect(replace('unlimited')).toBe('done')
    expect(readFileSync(path, 'utf8')).toHaveLength(200_000)
  })
})
