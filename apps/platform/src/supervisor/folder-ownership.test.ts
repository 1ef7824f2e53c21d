import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { lend, removeTree, takeBack } from './folder-ownership.ts'

const self = { uid: process.getuid!(), gid: process.getgid!() }
/** Only root can give anything to somebody else. */
const borrower = self.uid === 0 ? { uid: 65_534, gid: 65_534 } : self

let root: string
let folder: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'volttron-ownership-'))
  folder = join(root, 'lent')
  mkdirSync(join(folder, 'deep'), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const put = (path: string, mode = 0o644) => {
  writeFileSync(path, path)
  chmodSync(path, mode)
  return path
}
const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8)

describe('a folder that is lent', () => {
  it('is the other user’s with all that is in it, and ours again afterwards, for nobody else to change', async () => {
    const tool = put(join(folder, 'deep', 'tool'), 0o4777)
    const secret = put(join(root, 'secret'), 0o600)
    symlinkSync(secret, join(folder, 'link'))
    await lend(folder, borrower)
    const inside = [folder, join(folder, 'deep'), tool, join(folder, 'link')]
    expect(inside.map((path) => lstatSync(path).uid)).toEqual(Array(4).fill(borrower.uid))
    chmodSync(tool, 0o4777)
    chmodSync(join(folder, 'deep'), 0o777)
    await takeBack(folder, borrower)
    expect(inside.map((path) => lstatSync(path).uid)).toEqual(Array(4).fill(self.uid))
    expect([modeOf(join(folder, 'deep')), modeOf(tool)]).toEqual(['755', '755'])
    expect([lstatSync(secret).uid, modeOf(secret)]).toEqual([self.uid, '600'])
  })

  it('gets a copy of a file that has a second name elsewhere', async () => {
    const elsewhere = put(join(root, 'elsewhere'), 0o666)
    await lend(elsewhere, borrower)
    linkSync(elsewhere, join(folder, 'file'))
    await lend(folder, borrower)
    await takeBack(folder, borrower)
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe(elsewhere)
    expect(statSync(join(folder, 'file')).ino).not.toBe(statSync(elsewhere).ino)
    expect([statSync(elsewhere).uid, modeOf(elsewhere), modeOf(join(folder, 'file'))]).toEqual([
      borrower.uid,
      '666',
      '644',
    ])
  })

  it('is refused when there is a second name of a file in it that was never the other user’s', async () => {
    linkSync(put(join(root, 'shadow'), 0o600), join(folder, 'shadow'))
    const stranger = { uid: self.uid + 1, gid: self.gid }
    await expect(takeBack(folder, stranger)).rejects.toMatchObject({ code: 'bad-data' })
    expect(modeOf(join(root, 'shadow'))).toBe('600')
  })

  it('can be removed, even what nobody may enter, and nothing that it has links to', async () => {
    const precious = put(join(root, 'precious'))
    symlinkSync(root, join(folder, 'deep', 'out'))
    put(join(folder, 'deep', 'file'))
    await lend(folder, borrower)
    chmodSync(join(folder, 'deep'), 0)
    await removeTree(folder)
    expect([existsSync(folder), existsSync(precious)]).toEqual([false, true])
    await removeTree(folder)
  })
})
