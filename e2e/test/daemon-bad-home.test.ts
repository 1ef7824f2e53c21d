import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Output } from '@volttron/testkit'
import { ANY_PORT, Stage, stop } from './support/stage.ts'

let stage: Stage
beforeAll(() => {
  stage = new Stage()
})
afterAll(() => stage.cleanUp())

function expectOneLine({ code, stderr }: Output, exitCode: number, text: RegExp): void {
  expect(stderr).toMatch(/^volttron: error: [^\n]+\n$/)
  expect(stderr).toMatch(text)
  expect(code).toBe(exitCode)
}

/** Runs `use` in a file system of that size; needs the right to mount one. */
async function inTinyFileSystem(path: string, kib: number, use: () => Promise<void>): Promise<void> {
  mkdirSync(path)
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', path]).status).toBe(0)
  try {
    await use()
  } finally {
    spawnSync('umount', ['--lazy', path])
  }
}

/** Writes until the disk is full. */
function fill(path: string): void {
  try {
    writeFileSync(path, Buffer.alloc(1024 * 1024))
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' })
  }
}

/** True when this machine lets us mount: root outside of most containers. */
function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0
}

describe('a platform whose VOLTTRON_HOME is of no use', () => {
  it('says that it is a file', async () => {
    const home = join(stage.programs.folder, 'file')
    writeFileSync(home, 'precious')
    expectOneLine(await stage.volttron(home, [...ANY_PORT]), 71, /file/)
    expect(readFileSync(home, 'utf8')).toBe('precious')
  })

  it('refuses a damaged key of its own and leaves it untouched', async () => {
    const site = await stage.programs.startPlatform('keys', ANY_PORT)
    await stop(site)
    const { home } = site
    const path = join(home, 'credentials_store', 'platform.json')
    const damaged = readFileSync(path, 'utf8').slice(0, 40)
    writeFileSync(path, damaged)
    expectOneLine(await stage.volttron(home, [...ANY_PORT]), 65, /platform\.json/)
    expect(readFileSync(path, 'utf8')).toBe(damaged)
    expect(existsSync(join(home, 'VOLTTRON_PID'))).toBe(false)
  })

  if (canMount()) {
    it('says that the disk is full', async () => {
      const path = join(stage.programs.folder, 'tiny')
      await inTinyFileSystem(path, 64, async () => {
        fill(join(path, 'ballast'))
        expectOneLine(await stage.volttron(join(path, 'home'), [...ANY_PORT]), 71, /ENOSPC|full|space/i)
      })
    })
  }
})

describe('a platform that runs as root', () => {
  it('warns in one line and starts', async () => {
    const site = await stage.programs.startPlatform('root', ANY_PORT)
    await stop(site)
    const warnings = stage.programs
      .tail('root')
      .split('\n')
      .filter((line) => /as root/.test(line))
    expect(warnings).toHaveLength(process.getuid?.() === 0 ? 1 : 0)
  })
})
