import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { PrivateFolder } from '../src/private-folder.ts'

const HOUR_S = 3_600

describe('the folder of inner sockets', () => {
  const age = (path: string) => utimesSync(path, Date.now() / 1000 - HOUR_S, Date.now() / 1000 - HOUR_S)

  it('is removed with what is in it', async () => {
    const folder = await PrivateFolder.make()
    mkdirSync(join(folder.path, 'left'))
    folder.remove()
    expect(readdirSync(dirname(folder.path))).not.toContain(folder.path.split('/').pop())
  })

  it('is removed by the next one when its owner was killed, never while its owner lives', async () => {
    const live = await PrivateFolder.make()
    const place = dirname(live.path)
    const [dead, fresh] = [mkdtempSync(join(place, 'vip-')), mkdtempSync(join(place, 'vip-'))]
    for (const path of [live.path, dead]) age(path)
    const next = await PrivateFolder.make()
    const names = readdirSync(place).map((name) => join(place, name))
    expect(names).toEqual(expect.arrayContaining([live.path, fresh, next.path]))
    expect(names).not.toContain(dead)
    for (const folder of [live, next]) folder.remove()
    rmSync(fresh, { recursive: true })
  })
})
