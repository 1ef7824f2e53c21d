import { describe, expect, it } from '@jest/globals'
import type { RegistryClient } from '@volttron/registry-client'
import { keyPairFromSecret } from '@volttron/vip'
import { registryPort } from './registry-adapter.ts'

const keys = keyPairFromSecret(Buffer.alloc(32, 1))
const entry = { id: 'a', address: 'tcp://a:1', public_credentials: keys.publicKey, group: 'default', dial_only: false }
const { signal } = new AbortController()

/** A client whose calls all answer the same. */
function adapted(answer: object, maxEntries?: number) {
  const asked: unknown[][] = []
  const call = (...args: unknown[]) => {
    asked.push(args)
    return Promise.resolve(answer)
  }
  const client = { register: call, list: call, remove: call } as unknown as RegistryClient
  const options = { url: 'http://r', formerSecretKeys: () => [keys.secretKey], ...(maxEntries && { maxEntries }) }
  return { port: registryPort(client, options), asked }
}

describe('the registry port', () => {
  it.each(['created', 'unchanged', 'updated'])('takes %s as registered', async (kind) => {
    const { port, asked } = adapted({ kind })
    expect(await port.register(entry, keys, signal)).toEqual({ outcome: 'registered' })
    expect(asked).toEqual([[entry, { secretKey: keys.secretKey, formerSecretKeys: [keys.secretKey] }]])
  })

  it.each([
    [{ kind: 'taken', reason: 'registry-holds-another-key' }, 'registry-holds-another-key'],
    [{ kind: 'taken', reason: 'not-proven' }, 'taken'],
    [{ kind: 'duplicate' }, 'taken'],
    [{ kind: 'invalid' }, 'rejected'],
    [{ kind: 'tls' }, 'tls-error'],
    [{ kind: 'rate-limited' }, 'busy'],
    [{ kind: 'unreachable' }, 'unreachable'],
    [{ kind: 'not-a-registry' }, 'not-a-registry'],
    [{ kind: 'unauthorized' }, 'unauthorized', 'why (see --registration-password-file)'],
  ])('names the failure %j', async (answer, outcome, message = 'why') => {
    const { port } = adapted({ ...answer, detail: 'why' })
    expect(await port.register(entry, keys, signal)).toEqual({ outcome, message })
  })

  it('hands on details, and the names of entries that could not be read', async () => {
    const details = { dial_only: true, created_at: 't', proven: 'old-key', previous_keys: [] }
    const { dial_only: _, ...fields } = entry
    const platforms = [{ ...fields, details }]
    const rejected = [{ id: 'odd', reason: 'bad' }]
    const { port, asked } = adapted({ kind: 'list', revision: '7', platforms, rejected, rejectedCount: 1 })
    expect(await port.list({ since: '6', waitMs: 30_000 }, signal)).toEqual({
      outcome: 'listed',
      platforms: [{ ...fields, ...details }, { id: 'odd' }],
      isComplete: true,
      revision: '7',
    })
    expect(asked).toEqual([[{ since: '6', waitSeconds: 30, signal }]])
  })

  it('says when entries were left unread', async () => {
    const list = { kind: 'list', revision: undefined, platforms: [entry], rejected: [], rejectedCount: 0 }
    const isComplete = async (answer: object, maxEntries?: number) => {
      const outcome = await adapted(answer, maxEntries).port.list({ since: undefined, waitMs: 0 }, signal)
      return outcome.outcome === 'listed' && outcome.isComplete
    }
    expect(await isComplete(list)).toBe(true)
    expect(await isComplete({ ...list, rejectedCount: 200 })).toBe(false)
    expect(await isComplete({ ...list, rejected: [{}], rejectedCount: 1 }, 1)).toBe(false)
  })
})
