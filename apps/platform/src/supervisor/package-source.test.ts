import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { findPackage } from './package-source.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'volttron-source-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const find = (source: string, data?: string) => findPackage(source, data, folder)

describe('findPackage', () => {
  it.each([
    ['volttron-listener', 'volttron-listener'],
    ['volttron-listener==2.0.0rc3', 'volttron-listener==2.0.0rc3'],
    ['volttron-listener>=2,<3', 'volttron-listener>=2,<3'],
    ['volttron-listener@latest', 'volttron-listener'],
    ['volttron-listener@2.0.0', 'volttron-listener==2.0.0'],
    ['agent[extra]~=1.0', 'agent[extra]~=1.0'],
  ])('takes %s for a Python package', async (source, requirement) => {
    expect(await find(source)).toEqual({ kind: 'python', requirement, isFolder: false })
  })

  it.each(['--index-url=http://evil', 'a b', 'a; rm', './x', 'a/b', '../x'])('takes %j for nothing', async (source) => {
    await expect(find(source)).rejects.toMatchObject({ code: 'usage' })
  })

  it('knows folders by what is in them', async () => {
    const path = join(folder, 'agent')
    mkdirSync(path)
    await expect(find(path)).rejects.toThrow('there is neither package.json nor pyproject.toml in it')
    writeFileSync(join(path, 'pyproject.toml'), '')
    expect(await find(path)).toEqual({ kind: 'python', requirement: path, isFolder: true })
    writeFileSync(join(path, 'package.json'), '')
    expect(await find(path)).toEqual({ kind: 'node', path, isFolder: true })
    await expect(find(join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' })
  })

  it('writes data into the staging folder and nowhere else', async () => {
    const data = Buffer.from('wheel').toString('base64')
    expect(await find('../../x-1.0-py3-none-any.whl', data)).toMatchObject({
      requirement: join(folder, 'x-1.0-py3-none-any.whl'),
    })
    expect(readFileSync(join(folder, 'x-1.0-py3-none-any.whl'), 'utf8')).toBe('wheel')
    await expect(find('x.exe', data)).rejects.toMatchObject({ code: 'usage' })
    await expect(find('x.whl', '')).rejects.toMatchObject({ code: 'bad-data' })
  })
})
