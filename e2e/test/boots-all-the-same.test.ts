import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { publicKeyFromBytes } from '@volttron/vip'
import { ANY_PORT, type FederationState, type Operator, PATIENCE_MS, type Site, Stage } from './support/stage.ts'
import { registryWith, webServer } from './support/web-server.ts'

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})
afterEach(() => stage.cleanUp())

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../apps/registry/test/fixtures/${name}`, import.meta.url))

const entry = (id: string, more: object = {}) => ({
  id,
  address: 'tcp://127.0.0.1:9',
  public_credentials: publicKeyFromBytes(randomBytes(32)),
  group: 'default',
  ...more,
})

const registryState = (operator: Operator, isSo: (state: NonNullable<FederationState['registry']>) => boolean) =>
  eventually(
    async () => {
      const { registry } = await operator.federation()
      return registry && isSo(registry) && registry
    },
    { timeoutMs: PATIENCE_MS, what: 'the state of the registry' },
  )

/** The platform serves its agents, whatever the registry does. */
async function expectWorking(site: Site): Promise<void> {
  const agent = await stage.agent(site.home, 'worker')
  const heard = new Promise((resolve, reject) => {
    agent.vip.pubsub
      .subscribe({ prefix: 'alive', callback: (_peer, _sender, _bus, topic) => resolve(topic) })
      .then(() => agent.vip.pubsub.publish({ topic: 'alive/now', message: 1 }))
      .catch(reject)
  })
  expect(await heard).toBe('alive/now')
}

describe('a platform boots, says what is wrong and serves its agents', () => {
  it('when nobody listens at the URL of the registry', async () => {
    const site = await stage.federated('site-a', 'http://127.0.0.1:9')
    const operator = await stage.operator(site.home)
    expect((await registryState(operator, ({ status }) => status === 'unreachable')).reason).toContain('127.0.0.1:9')
    const text = await stage.vctl(site.home, 'federation', 'status')
    expect(text).toContain('unreachable')
    expect(stage.programs.tail('site-a')).toContain('registry-trouble')
    await expectWorking(site)
  })

  it('when the registry takes the connection and never answers', async () => {
    const server = await webServer(stage, () => {})
    const site = await stage.federated('site-a', server.url)
    await registryState(await stage.operator(site.home), ({ status }) => status === 'unreachable')
    await expectWorking(site)
  })

  it('when nobody vouches for the certificate of the registry; --federation-ca mends that', async () => {
    const tls = ['--tls-cert', fixture('tls-cert.pem'), '--tls-key', fixture('tls-key.pem')]
    const registry = await stage.programs.startRegistry(tls)
    const url = registry.url.replace('http:', 'https:')
    const [site, trusting] = await Promise.all([
      stage.federated('site-a', url),
      stage.federated('site-b', url, [...ANY_PORT, '--federation-ca', fixture('tls-cert.pem')]),
    ])
    const operator = await stage.operator(site.home)
    expect((await registryState(operator, ({ status }) => status === 'tls-error')).reason).toMatch(/certificate/i)
    await expectWorking(site)
    await registryState(await stage.operator(trusting.home), ({ status }) => status === 'registered')
  })

  it('when a web page answers instead of a registry', async () => {
    const server = await webServer(stage, (_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<!doctype html><html><body>Welcome to nginx!</body></html>')
    })
    const site = await stage.federated('site-a', server.url)
    const operator = await stage.operator(site.home)
    await registryState(operator, ({ status }) => status === 'not-a-registry')
    await expectWorking(site)
  })

  it('when the registry answers with texts of 10 MB', async () => {
    const long = 'x'.repeat(10_000_000)
    const list = JSON.stringify([entry(long), entry('site-b', { group: long }), entry('site-c', { address: long })])
    const server = await webServer(
      stage,
      registryWith(() => list),
    )
    const site = await stage.federated('site-a', server.url)
    const operator = await stage.operator(site.home)
    await eventually(() => server.requests.some((request) => request.startsWith('GET')), { timeoutMs: PATIENCE_MS })
    const state = await registryState(operator, ({ status, refused }) => status !== 'connecting' || refused !== 0)
    expect(JSON.stringify(state).length).toBeLessThan(10_000)
    await expectWorking(site)
    expect((await operator.federation()).platforms).toEqual([])
    const config = join(site.home, 'federation_config.json')
    expect((await eventually(() => readFileSync(config, 'utf8'))).length).toBeLessThan(1_000)
  })

  it('when ids in the list are paths, services of a platform, numbers or not there at all', async () => {
    const ids = ['../x', 'platform.auth', '123', 'a/b', '', 'true', '__proto__', '\u001b[31mred']
    const list = JSON.stringify([...ids.map((id) => entry(id)), {}, null, 7, [], { id: 'no-more' }, entry('good-one')])
    const server = await webServer(
      stage,
      registryWith(() => list),
    )
    const site = await stage.federated('site-a', server.url)
    const operator = await stage.operator(site.home)
    const row = await operator.rowOf('good-one', ({ status }) => status === 'down')
    expect(row.reason).toContain('127.0.0.1:9')
    const { registry, platforms } = await operator.federation()
    expect(registry).toMatchObject({ listed: 14, refused: 13 })
    expect(platforms.map(({ platform }) => platform)).toEqual(['good-one'])
    expect(readdirSync(join(site.home, 'credentials_store')).join()).not.toMatch(/x\.json|123/)
    await expectWorking(site)
  })

  it('when the registry lists 100,000 platforms that do not exist', async () => {
    const list = JSON.stringify(Array.from({ length: 100_000 }, (_, at) => entry(`ghost-${at}`)))
    const server = await webServer(
      stage,
      registryWith(() => list),
    )
    const site = await stage.federated('site-a', server.url)
    const operator = await stage.operator(site.home)
    const listed = () => stage.vctl(site.home, 'federation', 'status', '--json')
    // As many as one platform keeps; the rest is counted.
    await eventually(async () => JSON.parse(await listed()).length === 10_000, { timeoutMs: PATIENCE_MS })
    const info = (await operator.control('platform_info')) as { memory_mb: number }
    expect(info.memory_mb).toBeLessThan(1_000)
    await expectWorking(site)
  })

  it('when its name belongs to another platform', async () => {
    const registry = await stage.programs.startRegistry()
    const first = await stage.federated('site-a', registry.url)
    const firstOperator = await stage.operator(first.home)
    await registryState(firstOperator, ({ status }) => status === 'registered')
    const twin = await stage.federated('twin', registry.url, [...ANY_PORT, '--instance-name', 'site-a'])
    const operator = await stage.operator(twin.home)
    const state = await registryState(operator, ({ status }) => !['connecting', 'registered'].includes(status))
    expect(state.status).toMatch(/taken|registry-holds-another-key/)
    expect(state.reason).toContain('site-a')
    await expectWorking(twin)
    await registryState(firstOperator, ({ status }) => status === 'registered')
  })

  it('when federation_config.json is damaged, which is set aside', async () => {
    const home = stage.programs.makeFolder('site-a')
    writeFileSync(join(home, 'federation_config.json'), '{"platforms": [')
    const registry = await stage.programs.startRegistry()
    const site = await stage.federated('site-a', registry.url)
    await registryState(await stage.operator(site.home), ({ status }) => status === 'registered')
    const aside = readdirSync(home).find((name) => name.startsWith('federation_config.json.corrupt'))
    expect(readFileSync(join(home, aside!), 'utf8')).toBe('{"platforms": [')
    expect(stage.programs.tail('site-a')).toMatch(/federation_config\.json/)
    await expectWorking(site)
  })
})
