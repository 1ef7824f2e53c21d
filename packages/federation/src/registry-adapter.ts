/** The registry's client as the engine wants it. */
import type {
  RegistryFailure as ClientFailure,
  Listed,
  Registered,
  RegistryClient,
  Removed,
} from '@volttron/registry-client'
import type { KeyPair, SecretKey } from '@volttron/vip'
import type { ListOutcome, RegistryFailure, RegistryPort } from './ports.ts'

export interface RegistryAdapterOptions {
  /** For status; without user and password. */
  readonly url: string
  /** Keys under which the registry may still hold us, after a rotation that was cut short. */
  readonly formerSecretKeys?: () => readonly SecretKey[]
  /** Entries the client reads of one list; default 10,000. */
  readonly maxEntries?: number
}

export function registryPort(
  client: Pick<RegistryClient, 'register' | 'list' | 'remove'>,
  options: RegistryAdapterOptions,
): RegistryPort {
  const { url, formerSecretKeys, maxEntries = 10_000 } = options
  const proof = (prover: KeyPair) => ({
    secretKey: prover.secretKey,
    ...(formerSecretKeys && { formerSecretKeys: formerSecretKeys() }),
  })
  return {
    url,
    async register(entry, prover) {
      const answer = await client.register(entry, proof(prover))
      return isRegistered(answer) ? { outcome: 'registered' } : failure(answer)
    },
    async list({ since, waitMs }, signal) {
      const answer = await client.list({ since, waitSeconds: waitMs / 1000, signal })
      if (answer.kind === 'unchanged') return { outcome: 'unchanged' }
      return answer.kind === 'list' ? listed(answer, maxEntries) : failure(answer)
    },
    async remove(id, prover) {
      const answer = await client.remove(id, proof(prover))
      return answer.kind === 'removed' || answer.kind === 'not-found' ? { outcome: 'removed' } : failure(answer)
    },
  }
}

type Refused =
  | Exclude<Registered, { kind: 'created' | 'unchanged' | 'updated' }>
  | Exclude<Removed, { kind: 'removed' | 'not-found' }>

const isRegistered = (
  answer: Registered,
): answer is Extract<Registered, { kind: 'created' | 'unchanged' | 'updated' }> =>
  answer.kind === 'created' || answer.kind === 'unchanged' || answer.kind === 'updated'

/** What the client could not read is handed on too: a name that is listed, however badly, has not been removed. */
function listed(answer: Extract<Listed, { kind: 'list' }>, maxEntries: number): ListOutcome {
  const { platforms, rejected, rejectedCount, revision } = answer
  return {
    outcome: 'listed',
    platforms: [
      ...platforms.map(({ details, ...entry }) => ({ ...details, ...entry })),
      ...rejected.map(({ id }) => ({ id })),
    ],
    isComplete: rejectedCount === rejected.length && platforms.length + rejectedCount <= maxEntries,
    revision,
  }
}

function failure(answer: Refused | ClientFailure): RegistryFailure {
  const message = answer.detail
  switch (answer.kind) {
    case 'taken':
      return { outcome: answer.reason === 'registry-holds-another-key' ? answer.reason : 'taken', message }
    case 'duplicate':
      return { outcome: 'taken', message }
    case 'invalid':
      return { outcome: 'rejected', message }
    case 'tls':
      return { outcome: 'tls-error', message }
    case 'rate-limited':
      return { outcome: 'busy', message }
    case 'unauthorized':
      return { outcome: answer.kind, message: `${message} (see --registration-password-file)` }
    default:
      return { outcome: answer.kind, message }
  }
}
