import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { LogFiles } from './log-files.ts'

const MAX_BYTES = 1_000
let folder: string
let logs: LogFiles
const NAME = 'agents/listener.log'
const print = (text: string) => appendFileSync(logs.ofAgent('listener'), text)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'volttron-logs-'))
  logs = new LogFiles(join(folder, 'logs'), MAX_BYTES)
  logs.prepare()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('logs of agents', () => {
  it('empties a file that has grown too large in place, and keeps what was in it beside it', async () => {
    print('x'.repeat(MAX_BYTES))
    await logs.rotateAgent('listener')
    expect(readdirSync(join(logs.folder, 'agents'))).toEqual(['listener.log'])
    for (let age = 0; age < 8; age++) {
      print(`${age}${'x'.repeat(MAX_BYTES)}`)
      await logs.rotateAgent('listener')
    }
    const [current, ...kept] = readdirSync(join(logs.folder, 'agents'))
    expect([current, kept.length]).toEqual(['listener.log', 5])
    expect(readFileSync(logs.ofAgent('listener'), 'utf8')).toBe('')
    expect(kept.map((name) => readFileSync(join(logs.folder, 'agents', name), 'utf8')[0]).join('')).toBe('76543')
    await logs.removeAgent('listener')
    expect(readdirSync(join(logs.folder, 'agents'))).toEqual([])
  })

  it('keeps what was put aside when the next one cannot be', async () => {
    print(`a${'x'.repeat(MAX_BYTES)}`)
    await logs.rotateAgent('listener')
    print(`b${'x'.repeat(MAX_BYTES)}`)
    const path = logs.ofAgent('listener')
    mkdirSync(`${path}.unfinished`)
    for (let turn = 0; turn < 8; turn++) {
      await expect(logs.rotateAgent('listener')).rejects.toMatchObject({ code: 'system' })
    }
    rmSync(`${path}.unfinished`, { recursive: true })
    await logs.rotateAgent('listener')
    expect([`${path}.1`, `${path}.2`].map((name) => readFileSync(name, 'utf8')[0]).join('')).toBe('ba')
  })

  it('keeps all that is printed while the log of an agent that runs is put aside', async () => {
    let printed = `${'x'.repeat(MAX_BYTES)}\n`
    print(printed)
    let isOver = false
    const rotating = logs.rotateAgent('listener').finally(() => {
      isOver = true
    })
    for (let line = 0; !isOver; line++) {
      print(`${line}\n`)
      printed += `${line}\n`
      await new Promise((resolve) => setImmediate(resolve))
    }
    await rotating
    const path = logs.ofAgent('listener')
    expect(readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')).toBe(printed)
  })

  it('renames the log of an agent that does not run, and of installations: nobody has them open', async () => {
    const inode = () => statSync(logs.ofAgent('listener')).ino
    print('x'.repeat(MAX_BYTES))
    await logs.prepareAgent('listener')
    expect(readdirSync(join(logs.folder, 'agents'))).toEqual(['listener.log'])
    print('y')
    const before = inode()
    await logs.prepareAgent('listener')
    expect(statSync(`${logs.ofAgent('listener')}.1`).ino).toBe(before)
    await logs.prepareAgent('listener')
    expect(readdirSync(join(logs.folder, 'agents'))).toEqual(['listener.log.1'])
    const lines = Array.from({ length: 400 }, (_, index) => `line ${index}\n`)
    await Promise.all(lines.map((line) => logs.writeInstallation(line)))
    const kept = readdirSync(logs.folder).filter((name) => name.startsWith('install.log'))
    const sizes = kept.map((name) => statSync(join(logs.folder, name)).size)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(lines.join('').length)
  })

  it('lists them with what the Python platform tells of a log', async () => {
    print('one\n')
    await logs.writeInstallation('pip\n')
    expect(await logs.list()).toMatchObject([
      { name: NAME, size_bytes: 4, is_active: true, id: expect.stringMatching(/^[0-9a-f]{16}$/) },
      { name: 'install.log', size_bytes: 4 },
    ])
    expect(logs.retention).toEqual({ max_file_bytes: 1_000, backup_count: 5, max_total_bytes: 6_000 })
  })

  it('reads the last lines, then on from there', async () => {
    print('one\ntwo\nthree\n')
    const part = await logs.read(NAME, { tail: 2 })
    expect(part).toMatchObject({ lines: ['two', 'three'], next_offset: 14, total_bytes: 14, has_newer: false })
    expect((await logs.read(NAME, { offset: part.next_offset })).lines).toEqual([])
    print('four\n')
    expect(await logs.read(part.log_id, { offset: part.next_offset })).toMatchObject({
      lines: ['four'],
      next_offset: 19,
    })
  })

  it('gives whole lines only, forward and backward, and all of them in the end', async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index} é`)
    print(`${lines.join('\n')}\n`)
    const forward: string[] = []
    for (let offset = 0; ; ) {
      const part = await logs.read(NAME, { offset, maxBytes: 64 })
      forward.push(...part.lines)
      offset = part.next_offset
      if (!part.has_newer) break
    }
    expect(forward).toEqual(lines)
    const backward: string[] = []
    for (let before = Number.MAX_SAFE_INTEGER; ; ) {
      const part = await logs.read(NAME, { before, maxBytes: 64 })
      backward.unshift(...part.lines)
      before = part.previous_offset
      if (!part.has_older) break
    }
    expect(backward).toEqual(lines)
  })

  it('reads nothing outside of its folder', async () => {
    appendFileSync(join(folder, 'secret'), 'secret')
    for (const name of ['../secret', join(folder, 'secret'), '', 'agents', 'nothing.log']) {
      await expect(logs.read(name)).rejects.toMatchObject({ code: 'not-found' })
    }
  })
})
