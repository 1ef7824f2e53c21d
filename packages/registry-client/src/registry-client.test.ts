import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { keyPairFromSecret } from '@volttron/vip'
import { RegistryClient, type RegistryClientOptions } from './registry-client.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function listenOn(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function clientOf(
  listener: RequestListener,
  options: Partial<RegistryClientOptions> = {},
): Promise<RegistryClient> {
  const server = createServer(listener)
  const client = new RegistryClient({ url: `http://127.0.0.1:${await listenOn(server)}`, ...options })
  closers.push(async () => {
    await client.close()
    server.closeAllConnections()
    server.close()
  })
  return client
}

const answer = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) => {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

const always =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    answer(response, status, body, headers)

const keys = keyPairFromSecret(Buffer.alloc(32, 1))
const good = {
  id: 'platform1',
  address: 'tcp://10.0.0.1:22916',
  public_credentials: keys.publicKey as string,
  group: 'default',
}

async function listOf(body: unknown, options: Partial<RegistryClientOptions> = {}) {
  const listed = await (await clientOf(always(200, body), options)).list()
  if (listed.kind !== 'list') throw new Error(`${listed.kind}`)
  return listed
}

describe('a list with bad entries', () => {
  it.each([
    ['an id that leaves its folder', { ...good, id: '../x' }],
    ['an id of a service', { ...good, id: 'platform.auth' }],
    ['an id that reads as a number', { ...good, id: '123' }],
    ['a line end in the id', { ...good, id: 'a\nb' }],
    ['10 MB of address', { ...good, id: 'p9', address: `tcp://${'x'.repeat(10_000_000)}` }],
    ['10 MB of key', { ...good, id: 'p9', public_credentials: 'k'.repeat(10_000_000) }],
    ['an address nobody can dial', { ...good, id: 'p9', address: 'http://example.org/x' }],
    ['no address', { ...good, id: 'p9', address: undefined }],
    ['a number for a key', { ...good, id: 'p9', public_credentials: 5 }],
    ['null', null],
    ['a list', [good]],
    ['text', 'platform1'],
    ['a prototype', JSON.parse('{"__proto__":{"id":"x","address":"tcp://a","public_credentials":"0123456789abcdef"}}')],
  ])('with %s gives the good ones and says why', async (_what, bad) => {
    const { platforms, rejected, rejectedCount } = await listOf([good, bad])
    expect(platforms).toEqual([{ ...good, details: undefined }])
    expect(rejectedCount).toBe(1)
    expect(rejected[0]?.reason.length).toBeGreaterThan(5)
    expect(JSON.stringify(rejected).length).toBeLessThan(1000)
    expect(rejected[0]?.reason).not.toMatch(/\p{Cc}/u)
    expect([undefined, 'p9']).toContain(rejected[0]?.id)
  })

  it('delivers a key that is none as it is', async () => {
    const odd = { ...good, public_credentials: '7Dkj4a...vB3Mm==' }
    expect((await listOf([odd])).platforms).toEqual([{ ...odd, details: undefined }])
  })

  it('reads ten thousand entries of a hundred thousand', async () => {
    const many = Array.from({ length: 100_000 }, (_, n) => ({ ...good, id: `p${n}` }))
    const { platforms, rejectedCount } = await listOf(many)
    expect([platforms.length, rejectedCount]).toEqual([10_000, 90_000])
  })

  it('reports at most a hundred rejected ones, and counts them all', async () => {
    const { rejected, rejectedCount } = await listOf(Array.from({ length: 5000 }, () => null))
    expect([rejected.length, rejectedCount]).toEqual([100, 5000])
  })

  it('takes the first of two entries with one id', async () => {
    const { platforms, rejected } = await listOf([good, { ...good, address: 'tcp://other' }])
    expect(platforms).toEqual([{ ...good, details: undefined }])
    expect(rejected).toEqual([{ id: 'platform1', reason: 'the id appears twice; the first entry counts' }])
  })

  it('gives an entry without details when its details are hostile', async () => {
    const details = { created_at: 'x'.repeat(1_000_000), dial_only: false }
    expect((await listOf([{ ...good, ...details }])).platforms).toEqual([{ ...good, details: undefined }])
  })
})

describe('something that is no registry', () => {
  it.each([
    ['a web page', 200, '<html>Welcome</html>', {}],
    ['a redirect', 302, '', { Location: 'http://127.0.0.1:1/evil' }],
    ['an object instead of a list', 200, { platforms: [] }, {}],
    ['nothing', 200, '', {}],
    ['another service', 404, { error: 'no route' }, {}],
    ['packed text', 200, 'x', { 'Content-Encoding': 'gzip' }],
    ['an unasked 304', 304, '', {}],
  ] as const)('(%s) is said to be none', async (_what, status, body, headers) => {
    const client = await clientOf(always(status, body, headers))
    expect((await client.list()).kind).toBe('not-a-registry')
    expect((await client.get('platform1')).kind).toMatch(/not-a-registry|not-found/)
  })

  it('that answers without end is cut off at the byte limit', async () => {
    const endless: RequestListener = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' })
      const more = () => {
        while (response.write('[1,'.repeat(10_000)));
      }
      response.on('drain', more).on('error', () => {})
      more()
    }
    const client = await clientOf(endless, { maxBytes: 1_000_000 })
    expect(await client.list()).toEqual({ kind: 'not-a-registry', detail: 'the answer is larger than 1000000 bytes' })
  })

  it('that nests a million lists does no harm', async () => {
    expect((await listOf(`[${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}]`)).rejectedCount).toBe(1)
  })

  it('that speaks no HTTP, or endless headers, is said to be none', async () => {
    for (const text of ['SSH-2.0-OpenSSH_9.2\r\n', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(100_000)}`]) {
      const server = createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(text)))
      closers.push(async () => void server.close())
      const client = new RegistryClient({ url: `http://127.0.0.1:${await listenOn(server)}` })
      closers.push(() => client.close())
      expect((await client.list()).kind).toBe('not-a-registry')
    }
  })
})

describe('a registry that cannot work', () => {
  it('and says so is unreachable, with its words in one line', async () => {
    const client = await clientOf(always(503, { detail: 'line\none\u001b[31m' }))
    expect(await client.list()).toEqual({ kind: 'unreachable', detail: 'the registry answers 503: line one [31m' })
  })

  it('that never answers, or drips its answer, is unreachable after the time-out', async () => {
    const client = await clientOf(() => {}, { timeoutMs: 50 })
    expect(await client.list()).toEqual({ kind: 'unreachable', detail: 'no answer within 50 ms' })
    const drips: RequestListener = (_request, response) => {
      const timer = setInterval(() => response.write(' '), 5)
      response.on('close', () => clearInterval(timer))
    }
    expect(await (await clientOf(drips, { timeoutMs: 100 })).list()).toEqual({
      kind: 'unreachable',
      detail: 'no answer within 100 ms',
    })
  })

  it('or hangs up is unreachable, and so is a request that was cut', async () => {
    const client = await clientOf((request) => void request.socket.destroy())
    expect((await client.list()).kind).toBe('unreachable')
    const abort = new AbortController()
    const waiting = (await clientOf(() => abort.abort())).list({ signal: abort.signal })
    expect((await waiting).kind).toBe('unreachable')
  })
})

describe('the Python registry', () => {
  /** Four fields, no revision, no challenge; it knows no query parameters. */
  const platforms = new Map<string, object>()
  const python: RequestListener = (request, response) => {
    const path = request.url?.split('?')[0] ?? ''
    if (request.method === 'GET')
      return answer(response, 200, path === '/platforms' ? [...platforms.values()] : platforms.get(path.slice(10)))
    if (request.method === 'DELETE') {
      const known = platforms.delete(path.slice(10))
      return answer(response, known ? 200 : 404, known ? { message: 'deleted' } : { detail: 'not found' })
    }
    let text = ''
    request.on('data', (chunk) => (text += chunk))
    request.on('end', () => {
      const { id, address, public_credentials, group } = JSON.parse(text)
      const same = JSON.stringify(platforms.get(id)) === JSON.stringify({ id, address, public_credentials, group })
      platforms.set(id, { id, address, public_credentials, group })
      answer(response, same ? 200 : 201, platforms.get(id))
    })
  }

  it('serves registration, list, lookup and removal', async () => {
    const client = await clientOf(python)
    expect(await client.register(good)).toEqual({ kind: 'created' })
    expect(await client.register(good)).toEqual({ kind: 'unchanged' })
    const list = {
      kind: 'list',
      revision: undefined,
      platforms: [{ ...good, details: undefined }],
      rejected: [],
      rejectedCount: 0,
    }
    expect(await client.list()).toEqual(list)
    expect(await client.list({ group: 'other' })).toEqual({ ...list, platforms: [] })
    expect(await client.get('platform1')).toEqual({ kind: 'found', platform: { ...good, details: undefined } })
    expect(await client.remove('platform1')).toEqual({ kind: 'removed' })
    expect(await client.remove('platform1')).toEqual({ kind: 'not-found' })
  })

  it('that wants a password is unauthorized, in both its ways to say so', async () => {
    const missing = { detail: [{ type: 'missing', loc: ['header', 'registration-password'], msg: 'Field required' }] }
    expect((await (await clientOf(always(422, missing))).register(good)).kind).toBe('unauthorized')
    expect((await (await clientOf(always(403, { detail: 'Invalid authentication' }))).list()).kind).toBe('unauthorized')
  })
})

describe('a registry that asks for proof of our key', () => {
  it('gets no answer to a challenge it made for something else', async () => {
    const seen: string[] = []
    const client = await clientOf((request, response) => {
      seen.push(`${request.method} ${request.url}`)
      if (request.url?.endsWith('/challenge')) {
        return answer(response, 200, {
          challenge_id: 'x',
          sealed: `${'A'.repeat(43)}.${'A'.repeat(64)}`,
          expires_at: '',
        })
      }
      answer(response, 403, { detail: 'taken' })
    })
    expect(await client.register(good, { secretKey: keys.secretKey })).toMatchObject({
      kind: 'taken',
      reason: 'registry-holds-another-key',
    })
    expect(seen).toEqual(['POST /platform', 'POST /platform/platform1/challenge'])
  })

  it.each([404, 405, 409])('but knows no challenge (%i) has taken our name', async (status) => {
    const client = await clientOf((request, response) =>
      answer(response, request.url?.endsWith('/challenge') ? status : 403, { detail: 'words' }),
    )
    expect(await client.register(good, { secretKey: keys.secretKey })).toEqual({
      kind: 'taken',
      reason: 'not-proven',
      detail: 'words',
    })
  })
})

describe('the URL of a registry', () => {
  it.each(['', 'registry:8000', 'ftp://registry', 'http://user:secret@registry', 'http://registry/?x=1'])(
    'is refused when it is %p',
    (url) => {
      expect(() => new RegistryClient({ url })).toThrow(/bad registry URL/)
    },
  )

  it('may have a path and a fragment, which Python cuts off too', async () => {
    const paths: (string | undefined)[] = []
    const server = createServer((request, response) => {
      paths.push(request.url)
      answer(response, 200, [])
    })
    const client = new RegistryClient({ url: `http://127.0.0.1:${await listenOn(server)}/lookup/#note` })
    closers.push(
      async () => void server.close(),
      () => client.close(),
    )
    await client.list({ view: 'brief' })
    expect(paths).toEqual(['/lookup/platforms'])
  })
})
