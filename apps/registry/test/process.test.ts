/** The built command as a real process: what a kill, a signal and a bad start do. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { listening, run } from './process-support.ts'
import { call, cleanUp, entry, fixture, onEnd, temporaryFolder } from './support.ts'

jest.setTimeout(60_000)
afterEach(cleanUp)

describe('the registry process', () => {
  it('keeps every confirmed registration over kill -9', async () => {
    const home = await temporaryFolder()
    const first = run(['0', '--home', home])
    const registry = await listening(first)
    let confirmed = 0
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 1; n < 60; n++) {
        const body = {
          ...entry(n),
          id: `p${writer}-${n}`,
          address: `tcp://${writer}/${n}`,
          public_credentials: `key of 16 and more ${writer} ${n}`,
        }
        const reply = await call(registry, 'POST /platform', { body }).catch(() => undefined)
        if (reply?.status !== 201) return
        confirmed++
        if (confirmed === 40) first.child.kill('SIGKILL')
      }
    })
    await Promise.all(writers)
    expect(await first.ended).toBe('SIGKILL')
    const second = await listening(run(['0', '--home', home]))
    const { body } = await call(second, 'GET /platforms')
    expect(body.length).toBeGreaterThanOrEqual(confirmed)
    expect(confirmed).toBeGreaterThanOrEqual(40)
  })

  it('ends cleanly on SIGTERM and SIGINT, and takes its port file with it', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const home = await temporaryFolder()
      const file = join(home, 'port')
      const process = run(['0', '--home', home, '--port-file', file])
      const { port } = await listening(process)
      expect(Number(await readFile(file, 'utf8'))).toBe(port)
      process.child.kill(signal)
      expect(await process.ended).toBe(0)
      expect(existsSync(file)).toBe(false)
    }
  })

  it('keeps its files for its user only', async () => {
    const home = join(await temporaryFolder(), 'new', 'home')
    await listening(run(['0'], { VOLTTRON_REGISTRY_HOME: home }))
    expect((await stat(home)).mode & 0o777).toBe(0o700)
    expect((await stat(join(home, 'registry.db'))).mode & 0o777).toBe(0o600)
  })

  it('removes a platform for the operator, with a registry running or not', async () => {
    const home = await temporaryFolder()
    const server = run(['0', '--home', home])
    const registry = await listening(server)
    await call(registry, 'POST /platform', { body: entry(1) })
    await call(registry, 'POST /platform', { body: entry(2) })
    const removal = run(['remove', 'platform1', '--home', home])
    expect([await removal.ended, removal.output()]).toEqual([0, "Platform 'platform1' deleted successfully\n"])
    expect((await call(registry, 'GET /platforms')).body).toEqual([entry(2)])
    server.child.kill('SIGTERM')
    await server.ended
    expect(await run(['--home', home, 'remove', 'platform2']).ended).toBe(0)
    const unknown = run(['--home', home, 'remove', 'platform2'])
    expect([await unknown.ended, unknown.output()]).toEqual([67, expect.stringContaining("no platform 'platform2'")])
  })

  it('uses the default port, with a note, when the port is no number', async () => {
    const blocker = createServer().listen(8000, '0.0.0.0')
    // Another program may have the port already; then the refusal below comes from that one.
    await new Promise((resolve) => void blocker.once('listening', resolve).once('error', resolve))
    onEnd(async () => void blocker.close())
    const process = run(['eighty', '--home', await temporaryFolder()])
    expect(await process.ended).toBe(71)
    expect(process.output()).toContain("'eighty' is no port number; using the default port 8000")
    expect(process.output()).toContain('port 8000 on 0.0.0.0 is in use')
  })

  it('shows its usage with -h', async () => {
    const process = run(['-h'])
    expect(await process.ended).toBe(0)
    expect(process.output()).toMatch(/^Usage: volttron-platform-lookup \[options\]/)
  })
})

describe('a start that cannot succeed ends with one clear line', () => {
  const refuses = async (args: readonly string[], env: Record<string, string> = {}) => {
    const process = run(args, env)
    const code = await process.ended
    const lines = process.output().trimEnd().split('\n')
    expect(lines).toHaveLength(1)
    return [code, lines[0]]
  }

  it('for an unknown option or a bad port', async () => {
    expect(await refuses(['--wrong'])).toEqual([64, "volttron-platform-lookup: error: unknown option '--wrong'"])
    expect(await refuses(['70000'])).toEqual([64, expect.stringContaining('bad port 70000')])
    expect(await refuses(['8000', '8001'])).toEqual([64, expect.stringContaining('too many arguments')])
  })

  it('for a home that cannot be written', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    expect(await refuses(['0', '--home', join(file, 'home')])).toEqual([
      71,
      expect.stringContaining('cannot write to the home folder'),
    ])
  })

  it('for a corrupt database, which it leaves as it is', async () => {
    const home = await temporaryFolder()
    const text = 'this is no database\n'.repeat(500)
    await writeFile(join(home, 'registry.db'), text)
    expect(await refuses(['0', '--home', home])).toEqual([65, expect.stringContaining('is no usable database')])
    expect(await readFile(join(home, 'registry.db'), 'utf8')).toBe(text)
  })

  it('for a database with a damaged page, which it leaves as it is', async () => {
    const home = await temporaryFolder()
    const server = run(['0', '--home', home])
    await call(await listening(server), 'POST /platform', { body: entry(1) })
    server.child.kill('SIGTERM')
    await server.ended
    const bytes = await readFile(join(home, 'registry.db'))
    bytes.fill(0xff, 4096 * 2, 4096 * 5)
    await writeFile(join(home, 'registry.db'), bytes)
    expect(await refuses(['0', '--home', home])).toEqual([65, expect.stringContaining('is no usable database')])
    expect((await readFile(join(home, 'registry.db'))).equals(bytes)).toBe(true)
  })

  it('for a database that is a folder', async () => {
    const home = await temporaryFolder()
    await mkdir(join(home, 'registry.db'))
    expect((await refuses(['0', '--home', home]))[0]).toBe(71)
  })

  it('for a database that cannot be reached, or a URL that is none, without showing its password', async () => {
    const home = await temporaryFolder()
    const away = await refuses(['0', '--home', home], { DATABASE_URL: 'postgresql://user:hidden@127.0.0.1:1/x' })
    expect(away).toEqual([69, expect.stringContaining('cannot use PostgreSQL 127.0.0.1:1/x')])
    expect(away[1]).not.toContain('hidden')
    expect(await refuses(['0', '--home', home], { DATABASE_URL: 'mysql://user:hidden@host/x' })).toEqual([
      78,
      expect.not.stringContaining('hidden'),
    ])
  })

  it('for certificates that cannot be used', async () => {
    const home = await temporaryFolder()
    const [cert, key] = [fixture('tls-cert.pem'), fixture('tls-key.pem')]
    expect((await refuses(['0', '--home', home, '--tls-cert', cert]))[0]).toBe(64)
    expect((await refuses(['0', '--home', home, '--tls-cert', key, '--tls-key', cert]))[0]).toBe(78)
    expect((await refuses(['0', '--home', home, '--tls-cert', '/nowhere', '--tls-key', key]))[0]).toBe(78)
  })

  it('for a missing or empty password file', async () => {
    const home = await temporaryFolder()
    expect((await refuses(['0', '--home', home, '--registration-password-file', '/nowhere']))[0]).toBe(78)
    expect((await refuses(['0', '--home', home], { VOLTTRON_REGISTRATION_PASSWORD_FILE: '/nowhere' }))[0]).toBe(78)
  })
})
