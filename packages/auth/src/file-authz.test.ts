import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { addProtectedTopics, mergeAgent } from './authz-changes.ts'
import { type AuthzFile, type AuthzReport, openAuthzFile } from './file-authz.ts'

let home: string
let path: string
let reports: AuthzReport[]
let open: AuthzFile | undefined

const start = async (): Promise<AuthzFile> => {
  open = await openAuthzFile(path, (report) => reports.push(report), { debounceMs: 1, pollMs: 60_000 })
  return open
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'volttron-authz-'))
  path = join(home, 'authz.json')
  reports = []
  open = undefined
})
afterEach(async () => {
  await open?.close()
  rmSync(home, { recursive: true, force: true })
})

describe('openAuthzFile', () => {
  it('writes the default rules when there is no file', async () => {
    const { authorization } = await start()
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      protected_topics: [],
      agent_groups: { admin_users: { agent_roles: ['admin'] } },
    })
    expect(authorization.mayPublish('listener', 'any/topic')).toBe(true)
    expect(authorization.mayCallRpc('control.connection', 'platform.control', 'stop_platform')).toBe(true)
    expect(reports).toEqual([])
  })

  it('puts changed rules in force', async () => {
    const { authorization, rescan } = await start()
    const { version } = authorization
    writeFileSync(path, JSON.stringify({ protected_topics: ['devices'], agents: { a: { agent_roles: ['r'] } } }))
    await rescan()
    expect(authorization.mayPublish('listener', 'devices/a')).toBe(false)
    expect(authorization.version).toBeGreaterThan(version)
    expect(reports.map(({ level }) => level)).toEqual(['info', 'warn'])
  })

  it.each([
    ['{', 'authz.json is no valid JSON'],
    ['{"agents": []}', 'authz.json: agents: an object expected'],
    ['{"protected_topics": ["/(/"]}', "authz.json: '/(/' is no usable regular expression"],
  ])(
    'locks the platform when the file holds %j at start, leaves it as it is, and unlocks when it is mended',
    async (text, why) => {
      writeFileSync(path, text)
      const { authorization, rescan } = await start()
      expect(reports).toHaveLength(1)
      expect(reports[0]).toMatchObject({ level: 'error', message: expect.stringContaining(why) })
      expect(reports[0]?.message).toContain('only the platform itself may do anything')
      expect(authorization.mayPublish('listener', 'any')).toBe(false)
      await rescan()
      expect(reports).toHaveLength(1)
      expect(readFileSync(path, 'utf8')).toBe(text)
      writeFileSync(path, '{}')
      await rescan()
      expect(authorization.mayPublish('listener', 'any')).toBe(true)
    },
  )

  it('keeps the last good rules when the file goes bad or away', async () => {
    writeFileSync(path, JSON.stringify({ protected_topics: ['devices'] }))
    const { authorization, rescan } = await start()
    writeFileSync(path, '{"protected_topics": []')
    await rescan()
    rmSync(path)
    await rescan()
    expect(authorization.mayPublish('listener', 'devices')).toBe(false)
    expect(authorization.mayPublish('listener', 'other')).toBe(true)
    expect(
      reports.map(({ message }) => message.endsWith('the last good rules stay in force until the file is mended')),
    ).toEqual([true, true])
  })

  it('changes the file and the rules in force in one step, other keys stay', async () => {
    writeFileSync(path, JSON.stringify({ note: 'mine', agents: { a: { color: 'red' } } }))
    const { authorization, edit } = await start()
    const changes = ['a', 'b', 'c'].map((identity) => edit(mergeAgent(identity, { protectedRpcs: ['m'] })))
    expect(await Promise.all(changes)).toEqual([true, true, true])
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      note: 'mine',
      agents: {
        a: { color: 'red', protected_rpcs: ['m'] },
        b: { protected_rpcs: ['m'] },
        c: { protected_rpcs: ['m'] },
      },
    })
    expect(authorization.mayCallRpc('x', 'c', 'm')).toBe(false)
    expect(await edit(addProtectedTopics([]))).toBe(false)
    expect(existsSync(`${path}.lock`)).toBe(false)
  })

  it('refuses a change to rules that nobody would understand, and one of a file that is bad already', async () => {
    const { authorization, edit } = await start()
    const before = readFileSync(path, 'utf8')
    await expect(edit(addProtectedTopics(['/(/']))).rejects.toMatchObject({ code: 'bad-data' })
    expect(readFileSync(path, 'utf8')).toBe(before)
    expect(authorization.mayPublish('listener', 'any')).toBe(true)
    writeFileSync(path, '{')
    await expect(edit(addProtectedTopics(['a']))).rejects.toMatchObject({ code: 'bad-data' })
    expect(readFileSync(path, 'utf8')).toBe('{')
  })

  it('keeps the rules in force when it changes a file that has gone', async () => {
    writeFileSync(path, JSON.stringify({ protected_topics: ['devices'] }))
    const { authorization, edit } = await start()
    rmSync(path)
    expect(await edit(mergeAgent('a', { protectedRpcs: ['m'] }))).toBe(true)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ protected_topics: ['devices'] })
    expect(authorization.mayPublish('listener', 'devices')).toBe(false)
  })

  it.each([
    ['a process that has died', '999999999'],
    ['a power failure', ''],
  ])('takes away the lock that %s has left', async (_who, text) => {
    const { edit } = await start()
    writeFileSync(`${path}.lock`, text)
    expect(await edit(addProtectedTopics(['a']))).toBe(true)
    expect(readdirSync(home)).toEqual(['authz.json'])
  })

  it('leaves no lock behind when it cannot write one', async () => {
    const { edit } = await start()
    mkdirSync(`${path}.lock.${process.pid}`)
    await expect(edit(addProtectedTopics(['a']))).rejects.toMatchObject({ code: 'system' })
    expect(existsSync(`${path}.lock`)).toBe(false)
  })

  it('says so when the file cannot be written', async () => {
    writeFileSync(join(home, 'file'), '')
    await expect(openAuthzFile(join(home, 'file', 'authz.json'), () => {})).rejects.toMatchObject({ code: 'system' })
  })
})
