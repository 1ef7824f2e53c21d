import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { publicKeyOf } from '@volttron/vip'
import { type CredentialChange, FileCredentialStore, generateKeyPair } from './file-credential-store.ts'

let home: string
let store: FileCredentialStore
const file = (name: string) => join(store.folder, name)
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'volttron-credentials-'))
  store = new FileCredentialStore(join(home, 'credentials_store'))
  await store.prepare()
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('FileCredentialStore', () => {
  it('makes files that the Python platform reads, for the owner only', async () => {
    const { publicKey, secretKey } = await store.create('listener')
    expect(JSON.parse(readFileSync(file('listener.json'), 'utf8'))).toEqual({
      identity: 'listener',
      publickey: publicKey,
      secretkey: secretKey,
      domain: '',
      address: '',
    })
    expect(publicKeyOf(secretKey!)).toBe(publicKey)
    expect([mode(store.folder), mode(file('listener.json'))]).toEqual(['700', '600'])
    expect(await store.get('listener')).toMatchObject({ identity: 'listener', publicKey, secretKey, previous: [] })
    expect(await store.list()).toEqual(['listener'])
  })

  it('takes rights away from others that an open folder gave them', async () => {
    const open = new FileCredentialStore(join(home, 'open'))
    mkdirSync(open.folder, { mode: 0o755 })
    await open.prepare()
    expect(mode(open.folder)).toBe('700')
  })

  it.each(['../x', 'a/b', '', '.', '..', '123', 'a\u0000', 'x'.repeat(256)])(
    'never makes a file for %j',
    async (identity) => {
      await expect(store.create(identity)).rejects.toMatchObject({ code: 'usage' })
      await expect(store.get(identity)).rejects.toMatchObject({ code: 'usage' })
      await expect(store.remove(identity)).rejects.toMatchObject({ code: 'usage' })
      expect(await store.list()).toEqual([])
    },
  )

  it('overwrites nothing, be it good or damaged', async () => {
    await store.create('a')
    writeFileSync(file('b.json'), 'rubbish')
    for (const identity of ['a', 'b']) {
      const before = readFileSync(file(`${identity}.json`), 'utf8')
      await expect(store.create(identity)).rejects.toThrow(`'${identity}' has credentials already`)
      expect(readFileSync(file(`${identity}.json`), 'utf8')).toBe(before)
    }
  })

  it('makes one of two that are asked for at the same time, and leaves nothing else behind', async () => {
    const made = await Promise.allSettled([store.create('a'), store.create('a'), store.create('a')])
    const [first, ...others] = made.filter(({ status }) => status === 'fulfilled')
    expect(others).toEqual([])
    expect(await store.get('a')).toEqual((first as PromiseFulfilledResult<unknown>).value)
    expect(readdirSync(store.folder)).toEqual(['a.json'])
  })

  it('serves the good files and names the damaged ones, without their content', async () => {
    await store.create('good')
    const { publicKey, secretKey } = generateKeyPair()
    writeFileSync(file('public-only.json'), JSON.stringify({ identity: 'public-only', publickey: publicKey }))
    writeFileSync(
      file('dummy.json'),
      JSON.stringify({ identity: 'dummy', publickey: publicKey, secretkey: generateKeyPair().secretKey }),
    )
    const bad = {
      'broken.json': `{"identity": "broken", "secretkey": "${secretKey}`,
      'empty.json': '',
      'list.json': '[]',
      'nokey.json': '{"identity": "nokey", "publickey": "short"}',
      'other.json': JSON.stringify({ identity: 'platform', publickey: publicKey }),
      '123.json': JSON.stringify({ identity: '123', publickey: publicKey }),
      'large.json': 'x'.repeat(70_000),
    }
    for (const [name, text] of Object.entries(bad)) writeFileSync(file(name), text)
    mkdirSync(file('folder.json'))
    writeFileSync(file('notes.txt'), 'not ours')
    const { credentials, problems } = await store.load()
    expect(credentials.map(({ identity, secretKey }) => [identity, secretKey !== undefined])).toEqual([
      ['dummy', false],
      ['good', true],
      ['public-only', false],
    ])
    expect(problems.map(({ file }) => file)).toEqual([...Object.keys(bad), 'folder.json'].sort())
    for (const { message } of problems) {
      expect(message).toMatch(/credentials_store\/[a-z0-9]+\.json is damaged: /)
      expect(message).not.toContain(secretKey)
    }
  })

  it('keeps the old key beside the new one during a rotation', async () => {
    const old = await store.create('platform')
    const fresh = await store.rotate('platform')
    expect(fresh.publicKey).not.toBe(old.publicKey)
    expect(await store.get('platform')).toEqual({
      ...fresh,
      previous: [{ publicKey: old.publicKey, secretKey: old.secretKey }],
    })
    await store.forgetPrevious('platform')
    expect(await store.get('platform')).toEqual({ ...fresh, previous: [] })
  })

  it('removes an identity, and says when there is none', async () => {
    await store.create('a')
    await store.remove('a')
    expect(await store.get('a')).toBeUndefined()
    await expect(store.remove('a')).rejects.toMatchObject({ code: 'not-found' })
    await expect(store.rotate('a')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('tells what the file system says in one line', async () => {
    writeFileSync(join(home, 'file'), '')
    const blocked = new FileCredentialStore(join(home, 'file', 'credentials_store'))
    const line = 'a part of the path is a file, not a folder'
    await expect(blocked.prepare()).rejects.toThrow(`cannot make the folder ${blocked.folder}: ${line}`)
    await expect(blocked.create('a')).rejects.toMatchObject({ code: 'system', exitCode: 71 })
    await expect(blocked.load()).rejects.toThrow(`cannot read ${blocked.folder}: ${line}`)
  })
})

describe('watching the folder', () => {
  async function watched(options = { debounceMs: 1, pollMs: 60_000 }) {
    const changes: CredentialChange[] = []
    let wake = () => {}
    const seen = await store.load()
    const watch = store.watch(
      seen,
      (change) => {
        changes.push(change)
        wake()
      },
      options,
    )
    const next = () => (changes.length > 0 ? undefined : new Promise<void>((resolve) => (wake = resolve)))
    return { watch, changes, next }
  }

  it('notices a new file by itself', async () => {
    const { watch, changes, next } = await watched()
    try {
      await store.create('listener')
      await next()
      expect(changes[0]?.changed.map(({ identity }) => identity)).toEqual(['listener'])
    } finally {
      await watch.close()
    }
  })

  it('notices it by looking where the system sends no events', async () => {
    const { watch, changes, next } = await watched({ debounceMs: 60_000, pollMs: 10 })
    try {
      await store.create('listener')
      await next()
      expect(changes[0]?.changed).toHaveLength(1)
    } finally {
      await watch.close()
    }
  })

  it('reports changes and removals, each once', async () => {
    await store.create('a')
    await store.create('b')
    const { watch, changes } = await watched({ debounceMs: 60_000, pollMs: 60_000 })
    try {
      await watch.rescan()
      expect(changes).toEqual([])
      const { publicKey } = await store.rotate('a')
      await store.remove('b')
      await watch.rescan()
      await watch.rescan()
      expect(changes).toHaveLength(1)
      expect(changes[0]).toMatchObject({ changed: [{ identity: 'a', publicKey }], removed: ['b'], problems: [] })
    } finally {
      await watch.close()
    }
  })

  it('keeps the last good keys of a file that goes bad, and takes the new ones once it is mended', async () => {
    await store.create('a')
    const { watch, changes } = await watched({ debounceMs: 60_000, pollMs: 60_000 })
    try {
      writeFileSync(file('a.json'), '{')
      await watch.rescan()
      await watch.rescan()
      expect(changes).toMatchObject([{ changed: [], removed: [], problems: [{ file: 'a.json' }] }])
      rmSync(file('a.json'))
      await store.create('a')
      await watch.rescan()
      expect(changes[1]).toMatchObject({ changed: [{ identity: 'a' }], removed: [] })
    } finally {
      await watch.close()
    }
  })

  it('takes no keys away while the folder is gone', async () => {
    await store.create('a')
    const { watch, changes } = await watched({ debounceMs: 60_000, pollMs: 60_000 })
    try {
      rmSync(store.folder, { recursive: true })
      await watch.rescan()
      expect(changes).toMatchObject([{ changed: [], removed: [], problems: [{ file: '' }] }])
    } finally {
      await watch.close()
    }
  })
})
