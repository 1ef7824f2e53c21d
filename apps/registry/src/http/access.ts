/** Who may read and write: the optional registration password, and the proof of a registered key. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { RegistryHeader } from '@volttron/contracts'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { parseProof } from '../key-challenge.ts'
import type { Credentials, PlatformStore } from '../platform-store.ts'
import { problem } from './problems.ts'

const digest = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()

export class Access {
  readonly #password: Buffer | undefined
  readonly #store: PlatformStore

  /** @param password `undefined` = the registry is open */
  constructor(password: string | undefined, store: PlatformStore) {
    this.#password = password === undefined ? undefined : digest(Buffer.from(password, 'utf8'))
    this.#store = store
  }

  /** What the request brought to change an entry. */
  credentials(request: Request): Credentials {
    const proof = parseProof(request.get(RegistryHeader.proof))
    return { password: this.#isPassword(request), ...(proof && { proof }) }
  }

  /** Lets a write pass when no password is required, or it is right. */
  readonly write: RequestHandler = (request, response, next) => {
    if (this.#password === undefined || this.#isPassword(request)) return next()
    this.#refuse(request, response, `send it in the header ${RegistryHeader.password}`)
  }

  /** As {@link write}; the public credential of a registered platform will do as well. */
  readonly read = async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    if (this.#password === undefined || this.#isPassword(request)) return next()
    const credentials = headerBytes(request, RegistryHeader.credentials)?.toString('utf8')
    if (credentials !== undefined && (await this.#store.hasCredentials(credentials))) return next()
    this.#refuse(
      request,
      response,
      `send it in the header ${RegistryHeader.password}, or the public credential of a registered platform in ${RegistryHeader.credentials}`,
    )
  }

  #isPassword(request: Request): boolean {
    const given = headerBytes(request, RegistryHeader.password)
    return this.#password !== undefined && given !== undefined && timingSafeEqual(digest(given), this.#password)
  }

  #refuse(request: Request, response: Response, how: string): void {
    const given = request.get(RegistryHeader.password) ?? request.get(RegistryHeader.credentials)
    const what = given === undefined ? 'This registry requires a password' : 'Wrong password or credential'
    problem(response, 401, `${what}: ${how}`)
  }
}

/** The bytes of a header as they were sent: Node reads them as Latin-1, clients mean UTF-8. */
function headerBytes(request: Request, name: string): Buffer | undefined {
  const text = request.get(name)
  return text === undefined || text === '' ? undefined : Buffer.from(text, 'latin1')
}
