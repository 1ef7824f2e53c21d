import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { call, cleanUp, entry, startTestRegistry, type TestRegistry, temporaryFolder } from './support.ts'

afterEach(cleanUp)

const PASSWORD = 'pass wörd 🔑'
const header = (password: string) => ({ 'Registration-Password': Buffer.from(password).toString('latin1') })
const right = { headers: header(PASSWORD) }

async function startLocked(): Promise<TestRegistry> {
  const file = join(await temporaryFolder(), 'password')
  await writeFile(file, `${PASSWORD}\n`)
  return startTestRegistry({ registrationPasswordFile: file })
}

describe('a registry with a password', () => {
  it.each([
    'POST /platform',
    'PUT /platform/platform1',
    'DELETE /platform/platform1',
    'POST /platform/platform1/challenge',
  ])('refuses %s without it and with a wrong one', async (request) => {
    const registry = await startLocked()
    const missing = await call(registry, request, { body: entry(1) })
    expect([missing.status, missing.body.detail]).toEqual([401, expect.stringContaining('Registration-Password')])
    const wrong = await call(registry, request, { body: entry(1), headers: header('guess') })
    expect([wrong.status, wrong.body.detail]).toEqual([401, expect.stringContaining('Wrong password')])
  })

  it.each(['GET /platforms', 'GET /platform/platform1'])(
    'answers %s with it, or with the key of a platform',
    async (request) => {
      const registry = await startLocked()
      expect((await call(registry, 'POST /platform', { body: entry(1), ...right })).status).toBe(201)
      expect((await call(registry, request)).status).toBe(401)
      expect((await call(registry, request, right)).status).toBe(200)
      const key = { 'Platform-Credentials': entry(1).public_credentials }
      expect((await call(registry, request, { headers: key })).status).toBe(200)
      expect((await call(registry, request, { headers: { 'Platform-Credentials': 'x'.repeat(43) } })).status).toBe(401)
      expect(
        (await call(registry, request, { headers: { 'Platform-Credentials': PASSWORD.slice(0, 4) } })).status,
      ).toBe(401)
    },
  )

  it('takes no write for the key of a platform', async () => {
    const registry = await startLocked()
    await call(registry, 'POST /platform', { body: entry(1), ...right })
    const headers = { 'Platform-Credentials': entry(1).public_credentials }
    expect((await call(registry, 'DELETE /platform/platform1', { headers })).status).toBe(401)
  })

  it('lets who has it change and remove any entry, and marks a new key so', async () => {
    const registry = await startLocked()
    await call(registry, 'POST /platform', { body: entry(1), ...right })
    const changed = { ...entry(1), public_credentials: entry(2).public_credentials }
    expect((await call(registry, 'POST /platform', { body: changed, ...right })).status).toBe(201)
    const { body } = await call(registry, 'GET /platform/platform1?view=full', right)
    expect(body).toMatchObject({
      proven: 'password',
      previous_keys: [{ public_credentials: entry(1).public_credentials, proven: 'password' }],
    })
    expect((await call(registry, 'DELETE /platform/platform1', right)).status).toBe(200)
  })

  it('leaves its root, health and document open', async () => {
    const registry = await startLocked()
    for (const path of ['/', '/healthz', '/readyz', '/openapi.json', '/docs']) {
      expect([path, (await call(registry, `GET ${path}`)).status]).toEqual([path, 200])
    }
  })

  it.each(['', '\n', 'two\nlines'])('does not start with the password file %p', async (text) => {
    const file = join(await temporaryFolder(), 'password')
    await writeFile(file, text)
    await expect(startTestRegistry({ registrationPasswordFile: file })).rejects.toMatchObject({ code: 'config' })
  })

  it('does not start without its password file', async () => {
    await expect(startTestRegistry({ registrationPasswordFile: '/nonexistent/file' })).rejects.toMatchObject({
      code: 'config',
    })
  })
})
