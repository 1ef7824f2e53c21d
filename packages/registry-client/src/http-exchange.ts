/**
 * One HTTP request to a registry that may be anything: away, slow, behind a login page, or hostile. Every expected failure
 * is a value; time and size of an answer are bounded; redirects are not followed.
 *
 * It stands on node:http, which is there already: a client library beside it, or the global fetch, takes 10 MB of memory of
 * every platform for two requests a minute.
 */
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { request as requestByTls, Agent as TlsAgent } from 'node:https'

/** What can go wrong with any request. `detail` is one printable line. */
export interface RegistryFailure {
  readonly kind: /** No connection, no answer in time, or the service says that it cannot work now (5xx). */
    | 'unreachable'
    /** The certificate or the TLS handshake is not acceptable. */
    | 'tls'
    /** Something answers that is no registry: HTML, a redirect, too much text. */
    | 'not-a-registry'
    /** The registry wants a password, or another one. */
    | 'unauthorized'
    | 'rate-limited'
  readonly detail: string
  /** What the service asked for, if it did, in seconds. */
  readonly retryAfterSeconds?: number
}

export interface Answer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  /** The JSON of the body; `undefined` for an empty one. */
  readonly body: unknown
}

export type Exchanged = { readonly kind: 'answer'; readonly answer: Answer } | RegistryFailure

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Time the registry may hold the answer on purpose, in milliseconds, added to the time-out. */
  readonly holdMs?: number
  readonly signal?: AbortSignal | undefined
}

export interface ExchangeOptions {
  /** Base URL without a slash at its end. */
  readonly url: string
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string | readonly string[] | undefined
  /** From the first byte sent to the last received. */
  readonly timeoutMs: number
  readonly maxBytes: number
}

const MAX_DETAIL = 300

/** Foreign text made fit for one line of a log or a status. */
export function printable(text: string): string {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return line.length > MAX_DETAIL ? `${line.slice(0, MAX_DETAIL)}…` : line
}

export class HttpExchange {
  readonly #options: ExchangeOptions
  readonly #agent: Agent
  readonly #request: typeof request

  constructor(options: ExchangeOptions) {
    this.#options = options
    const isTls = options.url.startsWith('https:')
    const ca = options.ca === undefined ? {} : { ca: [options.ca].flat() }
    // No kept connections: a registry is asked twice a minute, and a kept one that just died would fail a registration.
    const keepAlive = false
    this.#agent = isTls ? new TlsAgent({ ...ca, keepAlive }) : new Agent({ keepAlive })
    this.#request = isTls ? requestByTls : request
  }

  async send({ method, path, headers = {}, body, holdMs = 0, signal }: ExchangeRequest): Promise<Exchanged> {
    const limitMs = this.#options.timeoutMs + holdMs
    const deadline = AbortSignal.timeout(limitMs)
    try {
      // Bytes, because Node would write the headers in the encoding of a body that is text; they are Latin-1.
      const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
      const asking = this.#request(`${this.#options.url}${path}`, {
        method,
        agent: this.#agent,
        headers: {
          accept: 'application/json',
          ...(bytes && { 'content-type': 'application/json', 'content-length': bytes.length }),
          ...headers,
        },
        signal: signal ? AbortSignal.any([deadline, signal]) : deadline,
      })
      asking.end(bytes)
      // Rejects with the error of the request, if that comes instead.
      const [response] = (await once(asking, 'response')) as [IncomingMessage]
      // What goes wrong from here on comes out of the reading.
      asking.on('error', () => {})
      return await this.#receive(response)
    } catch (error) {
      if (deadline.aborted) return { kind: 'unreachable', detail: `no answer within ${limitMs} ms` }
      return failureOf(error)
    }
  }

  async #receive(response: IncomingMessage): Promise<Exchanged> {
    const text = await readBounded(response, this.#options.maxBytes)
    if (text === undefined) return notARegistry(`the answer is larger than ${this.#options.maxBytes} bytes`)
    const header = (name: string) => [response.headers[name.toLowerCase()]].flat()[0]
    return judge(response.statusCode ?? 0, header, text)
  }

  /** Cuts requests that still run. */
  async close(): Promise<void> {
    this.#agent.destroy()
  }
}

const notARegistry = (detail: string): RegistryFailure => ({ kind: 'not-a-registry', detail })

async function readBounded(body: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) {
      body.destroy()
      return undefined
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Sorts out answers that no registry gives, or that mean the same whatever was asked. */
function judge(status: number, header: Answer['header'], text: string): Exchanged {
  if (status >= 500)
    return { kind: 'unreachable', detail: printable(`the registry answers ${status}: ${detailIn(text)}`) }
  if (status === 429) {
    const seconds = Number(header('retry-after'))
    const retry = Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: Math.min(seconds, 3600) } : {}
    return { kind: 'rate-limited', detail: printable(detailIn(text)), ...retry }
  }
  if (status === 304) return { kind: 'answer', answer: { status, header, body: undefined } }
  if (status >= 300 && status < 400) return notARegistry(`it redirects elsewhere (${status}); give the final URL`)
  try {
    return { kind: 'answer', answer: { status, header, body: text === '' ? undefined : JSON.parse(text) } }
  } catch {
    return notARegistry(`it answers ${status} with something that is no JSON`)
  }
}

/** The `detail` of an error body, or its beginning. */
function detailIn(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown }
    return typeof detail === 'string' ? detail : text.slice(0, MAX_DETAIL)
  } catch {
    return text.slice(0, MAX_DETAIL)
  }
}

const TLS_ERROR =
  /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|ERR_OSSL)/
const NOT_HTTP = /^HPE_/

function failureOf(error: unknown): RegistryFailure {
  const { code, cause, message } = Object(error) as { code?: unknown; cause?: unknown; message?: unknown }
  const name = typeof code === 'string' ? code : ''
  if (name === '' && cause instanceof Error) return failureOf(cause)
  const detail = printable(
    `${typeof message === 'string' && message !== '' ? message : String(error)}${name ? ` (${name})` : ''}`,
  )
  if (TLS_ERROR.test(name)) return { kind: 'tls', detail }
  if (NOT_HTTP.test(name)) return notARegistry(`it does not answer as a web service does: ${detail}`)
  return { kind: 'unreachable', detail }
}
