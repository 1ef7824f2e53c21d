/**
 * Client of a platform registry, ours or the Python one. Outcomes that a registry may have are values; only a wrong use of
 * this class throws.
 */
import {
  type Challenge,
  challengeSchema,
  MAX_WAIT_SECONDS,
  proofContext,
  RegistryHeader,
  registrationSchema,
} from '@volttron/contracts'
import { openChallenge, type SecretKey, VolttronError } from '@volttron/vip'
import { type Answer, HttpExchange, printable, type RegistryFailure } from './http-exchange.ts'
import { type PlatformEntry, type ReadEntries, readEntries, readEntry } from './platform-entry.ts'

export interface RegistryClientOptions {
  /** `http://host:8000` or `https://…`; a path is kept, what follows `#` is cut off. */
  readonly url: string
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string | readonly string[] | undefined
  /** The registration password. */
  readonly password?: string | undefined
  /** Our registered public credential: shown for reads when there is no password. */
  readonly platformCredentials?: string | undefined
  /** default 5,000: from the first byte sent to the last received */
  readonly timeoutMs?: number | undefined
  /** default 16 MiB: largest answer */
  readonly maxBytes?: number | undefined
  /** default 10,000: entries read from a list */
  readonly maxEntries?: number | undefined
}

/** What a platform registers. */
export interface OwnEntry {
  readonly id: string
  readonly address: string
  readonly public_credentials: string
  /** default `default` */
  readonly group?: string | undefined
  /** default false; the address is then `dialOnlyAddress(id)` */
  readonly dial_only?: boolean | undefined
}

/** Keys that may prove the registered entry: the present one, and those it may still be registered with. */
export interface KeyProof {
  readonly secretKey: SecretKey
  readonly formerSecretKeys?: readonly SecretKey[]
}

export type Registered =
  /** `updated`: the entry had other data, and we could prove it. (The Python registry does not tell it from `created`.) */
  | { readonly kind: 'created' }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'updated' }
  | Taken
  /** The address or the key is registered under another id. */
  | { readonly kind: 'duplicate'; readonly detail: string }
  /** The registry refuses the data itself. */
  | { readonly kind: 'invalid'; readonly detail: string }
  | RegistryFailure

/** The entry exists with other data and was not ours to change. */
export interface Taken {
  readonly kind: 'taken'
  readonly reason: 'registry-holds-another-key' | 'not-proven'
  readonly detail: string
}

export interface ListOptions {
  /** A revision from an earlier answer: then `unchanged` is a possible outcome. */
  readonly since?: string | undefined
  /** With `since`: hold the answer so long until something changes (at most 60). */
  readonly waitSeconds?: number | undefined
  readonly group?: string | undefined
  /** default `full`: with details, and dial-only platforms too; a Python registry gives four fields anyway */
  readonly view?: 'full' | 'brief' | undefined
  readonly signal?: AbortSignal | undefined
}

export type Listed =
  | ({ readonly kind: 'list'; readonly revision: string | undefined } & ReadEntries)
  | { readonly kind: 'unchanged'; readonly revision: string }
  | RegistryFailure

export type Found =
  | { readonly kind: 'found'; readonly platform: PlatformEntry }
  | { readonly kind: 'not-found' }
  | RegistryFailure

export type Removed = { readonly kind: 'removed' } | { readonly kind: 'not-found' } | Taken | RegistryFailure

type Change =
  | { readonly method: 'POST'; readonly path: '/platform'; readonly id: string; readonly platform: OwnEntry }
  | { readonly method: 'DELETE'; readonly path: string; readonly id: string; readonly platform?: undefined }

const DEFAULTS = { timeoutMs: 5_000, maxBytes: 16 * 1024 * 1024, maxEntries: 10_000 }
const MAX_REVISION = 200

export class RegistryClient {
  readonly #exchange: HttpExchange
  readonly #readHeaders: Readonly<Record<string, string>>
  readonly #writeHeaders: Readonly<Record<string, string>>
  readonly #maxEntries: number

  /** @throws VolttronError `usage` when the URL is none of a web service */
  constructor(options: RegistryClientOptions) {
    const { password, platformCredentials, ca } = options
    const timeoutMs = options.timeoutMs ?? DEFAULTS.timeoutMs
    const maxBytes = options.maxBytes ?? DEFAULTS.maxBytes
    this.#maxEntries = options.maxEntries ?? DEFAULTS.maxEntries
    this.#exchange = new HttpExchange({ url: parseRegistryUrl(options.url), ca, timeoutMs, maxBytes })
    this.#writeHeaders = password === undefined ? {} : { [RegistryHeader.password]: headerText(password) }
    this.#readHeaders =
      password === undefined && platformCredentials !== undefined
        ? { [RegistryHeader.credentials]: headerText(platformCredentials) }
        : this.#writeHeaders
  }

  /** Registers, or says again that we are here: the same data again only renews `last_seen`. */
  async register(entry: OwnEntry, proof?: KeyProof): Promise<Registered> {
    const { answer, failure, taken, isProven } = await this.#change(
      { method: 'POST', path: '/platform', id: entry.id, platform: entry },
      proof,
    )
    if (failure) return failure
    if (taken) return taken
    const { status } = answer
    if (status === 200) return { kind: 'unchanged' }
    if (status === 400) return { kind: 'duplicate', detail: detailOf(answer) }
    if (status === 422 || status === 413) return { kind: 'invalid', detail: detailOf(answer) }
    if (status < 200 || status > 299) return unexpected(answer)
    const isUpdate = isProven || answer.header('content-location') !== undefined
    return { kind: isUpdate ? 'updated' : 'created' }
  }

  /** Removes an entry. */
  async remove(id: string, proof?: KeyProof): Promise<Removed> {
    const path = `/platform/${encodeURIComponent(id)}`
    const { answer, failure, taken } = await this.#change({ method: 'DELETE', path, id }, proof)
    if (failure) return failure
    if (taken) return taken
    if (answer.status === 404) return { kind: 'not-found' }
    return answer.status === 200 ? { kind: 'removed' } : unexpected(answer)
  }

  /** The registered platforms, each read and judged on its own. */
  async list(options: ListOptions = {}): Promise<Listed> {
    const { since, group, view = 'full', signal } = options
    const waitSeconds = since === undefined ? 0 : Math.min(options.waitSeconds ?? 0, MAX_WAIT_SECONDS)
    const query = new URLSearchParams()
    if (view === 'full') query.set('view', 'full')
    if (group !== undefined) query.set('group', group)
    if (since !== undefined) query.set('since', since)
    if (waitSeconds > 0) query.set('wait', String(waitSeconds))
    const path = `/platforms${query.size > 0 ? `?${query}` : ''}`
    const sent = await this.#exchange.send({
      method: 'GET',
      path,
      headers: this.#readHeaders,
      holdMs: waitSeconds * 1000,
      signal,
    })
    if (sent.kind !== 'answer') return sent
    const { status, body, header } = sent.answer
    const revision = header(RegistryHeader.revision)?.slice(0, MAX_REVISION)
    if (status === 304 && revision !== undefined) return { kind: 'unchanged', revision }
    if (status === 401 || status === 403) return unauthorized(sent.answer)
    if (status !== 200 || !Array.isArray(body)) return unexpected(sent.answer)
    const read = readEntries(body, this.#maxEntries)
    // The Python registry knows no groups in the question.
    const platforms =
      group === undefined ? read.platforms : read.platforms.filter((platform) => platform.group === group)
    return { kind: 'list', revision, ...read, platforms }
  }

  /** One platform, with details where the registry has them. */
  async get(id: string): Promise<Found> {
    const path = `/platform/${encodeURIComponent(id)}?view=full`
    const sent = await this.#exchange.send({ method: 'GET', path, headers: this.#readHeaders })
    if (sent.kind !== 'answer') return sent
    const { status, body } = sent.answer
    if (status === 404) return { kind: 'not-found' }
    if (status === 401 || status === 403) return unauthorized(sent.answer)
    const entry = readEntry(body)
    if (status !== 200 || 'reason' in entry || entry.id !== id) return unexpected(sent.answer)
    return { kind: 'found', platform: entry }
  }

  /** Cuts requests that still run; they end as `unreachable`. */
  async close(): Promise<void> {
    await this.#exchange.close()
  }

  /** Sends a change; when the registry wants proof and we have keys, proves the registered one and sends it again. */
  async #change(change: Change, proof: KeyProof | undefined): Promise<Changed> {
    const first = await this.#send(change)
    if (first.failure || first.answer.status !== 403) return first
    const denied: Taken = { kind: 'taken', reason: 'not-proven', detail: detailOf(first.answer) }
    if (proof === undefined) return { taken: denied }
    const asked = await this.#exchange.send({
      method: 'POST',
      path: `/platform/${encodeURIComponent(change.id)}/challenge`,
      headers: this.#writeHeaders,
      body: { method: change.method, platform: change.platform },
    })
    if (asked.kind !== 'answer') return { failure: asked }
    const challenge = challengeSchema.safeParse(asked.answer.body)
    if (asked.answer.status !== 200 || !challenge.success) {
      const detail = asked.answer.status === 409 ? detailOf(asked.answer) : denied.detail
      return { taken: { ...denied, detail } }
    }
    const token = openWith(proof, change, challenge.data)
    if (token === undefined) {
      const detail = `the registry holds another key for '${printable(change.id)}'`
      return { taken: { kind: 'taken', reason: 'registry-holds-another-key', detail } }
    }
    const answered = `${challenge.data.challenge_id}:${token.toString('base64url')}`
    const second = await this.#send(change, { [RegistryHeader.proof]: answered })
    if (second.failure) return second
    if (second.answer.status === 403) return { taken: { ...denied, detail: detailOf(second.answer) } }
    return { ...second, isProven: true }
  }

  async #send({ method, path, platform }: Change, headers: Record<string, string> = {}): Promise<Sent> {
    const sent = await this.#exchange.send({
      method,
      path,
      headers: { ...this.#writeHeaders, ...headers },
      body: platform,
    })
    if (sent.kind !== 'answer') return { failure: sent }
    const { status } = sent.answer
    if (status === 401 || (status === 422 && isHeaderMissing(sent.answer)))
      return { failure: unauthorized(sent.answer) }
    return { answer: sent.answer }
  }
}

type Sent = { readonly answer: Answer; readonly failure?: undefined } | { readonly failure: RegistryFailure }
type Changed =
  | { readonly answer: Answer; readonly isProven?: boolean; readonly failure?: undefined; readonly taken?: undefined }
  | {
      readonly failure: RegistryFailure
      readonly answer?: undefined
      readonly taken?: undefined
      readonly isProven?: undefined
    }
  | { readonly taken: Taken; readonly answer?: undefined; readonly failure?: undefined; readonly isProven?: undefined }

/** @throws VolttronError `usage` */
function parseRegistryUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '') {
    throw new VolttronError('usage', `bad registry URL '${printable(text)}'`, {
      hint: 'use http://HOST:PORT or https://HOST:PORT, for example http://registry-service:8000',
    })
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

/** Header values are bytes; this is how node:http takes the bytes of UTF-8 text. */
const headerText = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

function openWith(proof: KeyProof, change: Change, challenge: Challenge): Buffer | undefined {
  const platform = change.platform && registrationSchema.safeParse(change.platform).data
  // Computed from what we want, never taken from the answer: a challenge for anything else cannot be opened.
  const subject = { challengeId: challenge.challenge_id, method: change.method, id: change.id, platform }
  const context = proofContext(subject)
  for (const secretKey of [proof.secretKey, ...(proof.formerSecretKeys ?? [])]) {
    const token = openChallenge(challenge.sealed, secretKey, context)
    if (token !== undefined) return token
  }
  return undefined
}

/** The words of an error answer: a text, or the messages of a list of problems. */
function detailOf({ body, status }: Answer): string {
  const detail: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'detail') : undefined
  if (typeof detail === 'string') return printable(detail)
  if (!Array.isArray(detail)) return `the registry answers ${status}`
  const messages = detail.slice(0, 5).map((item: unknown) => {
    const { loc, msg } = Object(item) as { loc?: unknown; msg?: unknown }
    return `${Array.isArray(loc) ? `${loc.slice(1).join('.')}: ` : ''}${String(msg).replace(/^Value error, /, '')}`
  })
  return printable(messages.join('; '))
}

/** Newer Python registries say with 422 that the password's header is missing. */
function isHeaderMissing({ body }: Answer): boolean {
  const detail: unknown = Object(body).detail
  return (
    Array.isArray(detail) &&
    detail.some((item: unknown) => Array.isArray(Object(item).loc) && Object(item).loc[0] === 'header')
  )
}

const unauthorized = (answer: Answer): RegistryFailure => ({ kind: 'unauthorized', detail: detailOf(answer) })

const unexpected = (answer: Answer): RegistryFailure => ({
  kind: 'not-a-registry',
  detail: printable(`unexpected answer ${answer.status}: ${detailOf(answer)}`),
})
