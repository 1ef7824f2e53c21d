import { afterEach, describe, expect, it } from '@jest/globals'
import { call, cleanUp, dialOnlyEntry, entry, startTestRegistry } from './support.ts'

afterEach(cleanUp)

const mission1 = {
  id: 'platform1',
  address: 'tcp://192.168.1.10:22916',
  public_credentials: '7Dkj4a...vB3Mm==',
  group: 'default',
}
const mission2 = {
  ...mission1,
  id: 'platform2',
  address: 'tcp://192.168.1.11:22916',
  public_credentials: '9Zkr8b...xF5Nn==',
}

describe('the requests of the VOLTTRON document', () => {
  it('register and list two platforms, with exactly the bodies it shows', async () => {
    const registry = await startTestRegistry()
    const created = await call(registry, 'POST /platform', { body: mission1 })
    expect(created.status).toBe(201)
    expect(created.body).toEqual({
      ...mission1,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    })
    await call(registry, 'POST /platform', { body: mission2 })
    const listed = await call(registry, 'GET /platforms')
    expect([listed.status, listed.body]).toEqual([200, [mission1, mission2]])
  })
})

describe('the surface of the reference service', () => {
  it('names itself at the root', async () => {
    const registry = await startTestRegistry()
    expect((await call(registry, 'GET /')).body).toEqual({ message: 'Platform Management API', version: '1.0.0' })
  })

  it('answers the same data again with 200, and takes a body of any content type', async () => {
    const registry = await startTestRegistry()
    const first = await call(registry, 'POST /platform', { body: entry(1), headers: { 'Content-Type': 'text/plain' } })
    const again = await call(registry, 'POST /platform', { body: entry(1) })
    expect([first.status, again.status]).toEqual([201, 200])
    expect(again.body).toEqual(first.body)
  })

  it('gives one platform by id, and 404 for an unknown one', async () => {
    const registry = await startTestRegistry()
    await call(registry, 'POST /platform', { body: entry(1) })
    expect((await call(registry, 'GET /platform/platform1')).body).toEqual(entry(1))
    const unknown = await call(registry, 'GET /platform/nobody')
    expect([unknown.status, unknown.body]).toEqual([404, { detail: "Platform with ID 'nobody' not found" }])
  })

  it('refuses an address or key of another platform with 400, the address first', async () => {
    const registry = await startTestRegistry()
    await call(registry, 'POST /platform', { body: entry(1) })
    const both = await call(registry, 'POST /platform', { body: { ...entry(1), id: 'other' } })
    expect([both.status, both.body]).toEqual([
      400,
      { detail: "Platform with address 'tcp://10.0.0.1:22916' already exists" },
    ])
    const key = await call(registry, 'POST /platform', { body: { ...entry(1), id: 'other', address: 'tcp://b' } })
    const { public_credentials } = entry(1)
    expect([key.status, key.body]).toEqual([
      400,
      { detail: `Platform with public credential '${public_credentials}' already exists` },
    ])
  })

  it('checks a PUT in the order body, existence, id', async () => {
    const registry = await startTestRegistry()
    await call(registry, 'POST /platform', { body: entry(1) })
    expect((await call(registry, 'PUT /platform/nobody', { body: {} })).status).toBe(422)
    expect((await call(registry, 'PUT /platform/nobody', { body: entry(1) })).status).toBe(404)
    const changedId = await call(registry, 'PUT /platform/platform1', { body: entry(2) })
    expect([changedId.status, changedId.body]).toEqual([400, { detail: 'Cannot change platform ID' }])
    expect((await call(registry, 'PUT /platform/platform1', { body: entry(1) })).status).toBe(200)
  })

  it.each([
    ['DELETE /platforms', 405],
    ['POST /', 405],
    ['GET /platform', 405],
    ['PATCH /platform/x', 405],
    ['GET /platform/x/challenge', 405],
    ['GET /nowhere', 404],
    ['GET /%E0%A4%A', 404],
    ['GET /platform/%E0%A4%A', 400],
  ])('answers %s with %i and a detail', async (request, status) => {
    const registry = await startTestRegistry()
    const reply = await call(registry, request)
    const words: Record<number, string> = { 405: 'Method Not Allowed', 404: 'Not Found', 400: 'Bad Request' }
    expect([reply.status, reply.body]).toEqual([status, { detail: words[status] }])
  })

  it('answers bad bodies with 422 as FastAPI does, and stores nothing', async () => {
    const registry = await startTestRegistry()
    const bad = async (options: object) => (await call(registry, 'POST /platform', options)).body.detail[0].type
    expect(await bad({ text: '{' })).toBe('json_invalid')
    expect(await bad({})).toBe('missing')
    expect(await bad({ body: [] })).toBe('model_attributes_type')
    expect(await bad({ body: { ...entry(1), id: '../x' } })).toBe('value_error')
    expect(await bad({ body: { ...entry(1), group: null } })).toBe('string_type')
    expect(await bad({ text: `{"__proto__":{"id":"x"}}` })).toBe('missing')
    expect((await call(registry, 'GET /platforms')).body).toEqual([])
  })

  it('refuses a body over 64 kB with 413 and a compressed one with 415', async () => {
    const registry = await startTestRegistry()
    const large = await call(registry, 'POST /platform', { body: { ...entry(1), note: 'x'.repeat(70_000) } })
    expect([large.status, large.body]).toEqual([413, { detail: 'Request body too large' }])
    const packed = await call(registry, 'POST /platform', { text: 'x', headers: { 'Content-Encoding': 'gzip' } })
    expect(packed.status).toBe(415)
  })
})

describe('what the reference service does not have', () => {
  it('lists all fields and dial-only platforms under view=full only', async () => {
    const registry = await startTestRegistry()
    await call(registry, 'POST /platform', { body: dialOnlyEntry(1) })
    await call(registry, 'POST /platform', { body: entry(2) })
    expect((await call(registry, 'GET /platforms')).body).toEqual([entry(2)])
    const full = (await call(registry, 'GET /platforms?view=full')).body
    expect(full).toEqual([
      expect.objectContaining({ ...dialOnlyEntry(1), proven: 'none', previous_keys: [] }),
      expect.objectContaining({ ...entry(2), dial_only: false }),
    ])
    expect(Object.keys(full[0]).sort()).toEqual([
      'address',
      'created_at',
      'dial_only',
      'group',
      'id',
      'last_seen',
      'previous_keys',
      'proven',
      'public_credentials',
      'updated_at',
    ])
  })

  it('filters by group', async () => {
    const registry = await startTestRegistry()
    await call(registry, 'POST /platform', { body: { ...entry(1), group: 'west' } })
    await call(registry, 'POST /platform', { body: entry(2) })
    expect((await call(registry, 'GET /platforms?group=west')).body.map(({ id }: { id: string }) => id)).toEqual([
      'platform1',
    ])
    expect((await call(registry, 'GET /platforms?group=none')).body).toEqual([])
  })

  it('renews last_seen when the same data comes again, without a new revision', async () => {
    const registry = await startTestRegistry()
    await call(registry, 'POST /platform', { body: entry(1) })
    const before = await call(registry, 'GET /platforms?view=full')
    let after = before
    while (after.body[0].last_seen === before.body[0].last_seen) {
      await call(registry, 'POST /platform', { body: entry(1) })
      after = await call(registry, 'GET /platforms?view=full')
    }
    expect(after.body[0].last_seen > before.body[0].last_seen).toBe(true)
    expect(after.headers.get('Registry-Revision')).toBe(before.headers.get('Registry-Revision'))
  })

  it('keeps last_seen over a graceful restart', async () => {
    const first = await startTestRegistry()
    await call(first, 'POST /platform', { body: entry(1) })
    await call(first, 'POST /platform', { body: entry(1) })
    const seen = (await call(first, 'GET /platform/platform1?view=full')).body.last_seen
    await first.close()
    const second = await startTestRegistry({ home: first.home })
    expect((await call(second, 'GET /platform/platform1?view=full')).body.last_seen >= seen).toBe(true)
  })

  it('serves its document, its page and the files of the page under a policy that lets them work', async () => {
    const registry = await startTestRegistry()
    expect((await call(registry, 'GET /openapi.json')).body.openapi).toBe('3.1.0')
    const page = await call(registry, 'GET /docs')
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'")
    const links = [...String(page.body).matchAll(/(?:href|src)="([^"]+)"/g)].map((match) => match[1] ?? '')
    expect(links).toHaveLength(4)
    expect(links.some((link) => link.includes('//'))).toBe(false)
    for (const link of links) expect([link, (await call(registry, `GET /${link}`)).status]).toEqual([link, 200])
  })

  it('reports health, readiness and metrics', async () => {
    const registry = await startTestRegistry()
    await call(registry, 'POST /platform', { body: entry(1) })
    expect((await call(registry, 'GET /healthz')).body).toEqual({ status: 'ok' })
    expect((await call(registry, 'GET /readyz')).body).toEqual({ status: 'ok', database: 'ok' })
    const metrics = (await call(registry, 'GET /metrics')).body
    expect(metrics).toContain('volttron_registry_platforms 1')
    expect(metrics).toMatch(
      /volttron_registry_request_seconds_count\{method="POST",route="\/platform",status="201"\} 1/,
    )
  })

  it('answers 429 over the limit, but never on its health', async () => {
    const registry = await startTestRegistry({ rateLimitPerMinute: 2 })
    const statuses = []
    for (let n = 0; n < 3; n++) statuses.push((await call(registry, 'GET /platforms')).status)
    expect(statuses).toEqual([200, 200, 429])
    expect((await call(registry, 'GET /healthz')).status).toBe(200)
  })

  it('counts clients behind a trusted proxy one by one, and ignores X-Forwarded-For otherwise', async () => {
    const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } })
    const trusting = await startTestRegistry({ rateLimitPerMinute: 1, trustProxy: true })
    expect((await call(trusting, 'GET /', from('10.1.1.1'))).status).toBe(200)
    expect((await call(trusting, 'GET /', from('10.1.1.2'))).status).toBe(200)
    const other = await startTestRegistry({ rateLimitPerMinute: 1 })
    expect((await call(other, 'GET /', from('10.1.1.1'))).status).toBe(200)
    expect((await call(other, 'GET /', from('10.1.1.2'))).status).toBe(429)
  })
})

describe('registrations at the same time', () => {
  it('of one id with different data: exactly one wins', async () => {
    const registry = await startTestRegistry()
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        call(registry, 'POST /platform', { body: { ...entry(n + 1), id: 'wanted' } }),
      ),
    )
    expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(403)])
    expect((await call(registry, 'GET /platforms')).body).toHaveLength(1)
  })

  it('of one address by different ids: exactly one wins', async () => {
    const registry = await startTestRegistry()
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        call(registry, 'POST /platform', { body: { ...entry(n + 1), address: 'tcp://a' } }),
      ),
    )
    expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(400)])
  })

  it('of many platforms: all are stored, in the order of their revisions', async () => {
    const registry = await startTestRegistry()
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, n) => call(registry, 'POST /platform', { body: entry(n + 1) })),
    )
    expect(replies.every(({ status }) => status === 201)).toBe(true)
    expect((await call(registry, 'GET /platforms')).body).toHaveLength(50)
  })
})
