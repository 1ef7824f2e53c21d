/** A registry on a free port with its own temporary home, and a bare HTTP client. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLogger } from '@volttron/observe'
import { dialOnlyAddress, type KeyPair, keyPairFromSecret } from '@volttron/vip'
import type { RegistryOptions } from '../src/options.ts'
import { type RunningRegistry, startRegistry } from '../src/registry.ts'

export const silent = createLogger({ name: 'test', level: 'silent', destination: { write: () => {} } })

export const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))

export interface TestRegistry extends RunningRegistry {
  readonly home: string
}

const cleanups: (() => Promise<void>)[] = []

/** Runs `work` when the test has ended, latest first. */
export const onEnd = (work: () => Promise<void>): void => void cleanups.push(work)

/** For `afterEach`: closes what the test started. */
export async function cleanUp(): Promise<void> {
  for (let work = cleanups.pop(); work; work = cleanups.pop()) await work()
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-test-'))
  onEnd(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export async function startTestRegistry(options: Partial<RegistryOptions> = {}): Promise<TestRegistry> {
  const home = options.home ?? (await temporaryFolder())
  const registry = await startRegistry({
    port: 0,
    host: '127.0.0.1',
    databaseUrl: '',
    logger: silent,
    ...options,
    home,
  })
  onEnd(() => registry.close())
  return { ...registry, home }
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any
}

export interface CallOptions {
  readonly body?: unknown
  /** Sent as it is. */
  readonly text?: string
  readonly headers?: Record<string, string>
}

/** `call(registry, 'POST /platform', { body })` */
export async function call({ url }: { url: string }, request: string, options: CallOptions = {}): Promise<Reply> {
  const [method = 'GET', path = '/'] = request.split(' ')
  const body = options.text ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: { 'Content-Type': 'application/json', ...options.headers },
    redirect: 'manual',
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

/** Key pair number `n`; the same in every run. */
export const keyPair = (n: number): KeyPair => keyPairFromSecret(Buffer.alloc(32, n))

/** Registration number `n`, with the key of {@link keyPair}. */
export const entry = (n: number) => ({
  id: `platform${n}`,
  address: `tcp://10.0.0.${n}:22916`,
  public_credentials: keyPair(n).publicKey as string,
  group: 'default',
})

export const dialOnlyEntry = (n: number) => {
  const { id, ...rest } = entry(n)
  return { ...rest, id, address: dialOnlyAddress(id), dial_only: true }
}
