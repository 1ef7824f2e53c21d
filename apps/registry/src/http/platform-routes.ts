/** `/platform` and `/platforms`: the reference service's surface, and what we add to it. */
import {
  challengeRequestSchema,
  MAX_WAIT_SECONDS,
  type Platform,
  type PlatformDetails,
  RegistryHeader,
  registrationSchema,
  validationError,
} from '@volttron/contracts'
import { type Request, type Response, Router } from 'express'
import type { z } from 'zod'
import type { ChangeOutcome, PlatformStore } from '../platform-store.ts'
import type { RevisionWatch } from '../revision-watch.ts'
import type { Access } from './access.ts'
import { onlyMethods, problem, requireBody } from './problems.ts'

export interface PlatformServices {
  readonly store: PlatformStore
  readonly watch: RevisionWatch
  readonly access: Access
}

const fourFields = ({ id, address, public_credentials, group }: PlatformDetails): Platform => ({
  id,
  address,
  public_credentials,
  group,
})

/** The body as `schema` reads it; `undefined` when it was refused and answered. */
function parseBody<T extends z.ZodType>(schema: T, request: Request, response: Response): z.output<T> | undefined {
  const parsed = schema.safeParse(request.body)
  if (parsed.success) return parsed.data
  response.status(422).json(validationError(parsed.error, request.body))
  return undefined
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const isFull = (request: Request): boolean => request.query.view === 'full'
const unknownPlatform = (response: Response, id: string) => problem(response, 404, `Platform with ID '${id}' not found`)

const denied = (response: Response, id: string) =>
  problem(
    response,
    403,
    `Platform '${id}' is registered already: only the holder of its registered key may change or remove it ` +
      `(POST /platform/${id}/challenge), or who has the registration password, or the operator of this registry`,
  )

function answerChange(
  response: Response,
  id: string,
  outcome: ChangeOutcome,
  view: (platform: PlatformDetails) => object,
) {
  if (outcome.kind === 'denied') denied(response, id)
  else if (outcome.kind === 'duplicate') problem(response, 400, outcome.detail)
  else if (outcome.kind === 'not-found') unknownPlatform(response, id)
  else {
    // 201 means created or changed, as in the reference service; the header tells which.
    if (outcome.kind === 'created') response.location(`/platform/${id}`)
    if (outcome.kind === 'updated') response.set('Content-Location', `/platform/${id}`)
    response.status(outcome.kind === 'unchanged' ? 200 : 201).json(view(outcome.platform))
  }
}

function register({ store, access }: PlatformServices) {
  return async (request: Request, response: Response): Promise<void> => {
    const wanted = parseBody(registrationSchema, request, response)
    if (wanted === undefined) return
    const outcome = await store.put('POST', wanted, access.credentials(request))
    answerChange(response, wanted.id, outcome, (platform) => ({
      ...fourFields(platform),
      created_at: platform.created_at,
    }))
  }
}

function change({ store, access }: PlatformServices) {
  return async (request: Request<{ id: string }>, response: Response): Promise<void> => {
    const { id } = request.params
    const wanted = parseBody(registrationSchema, request, response)
    if (wanted === undefined) return
    if ((await store.get(id)) === undefined) return unknownPlatform(response, id)
    if (wanted.id !== id) return problem(response, 400, 'Cannot change platform ID')
    answerChange(response, id, await store.put('PUT', wanted, access.credentials(request)), fourFields)
  }
}

function list({ store, watch }: PlatformServices) {
  return async (request: Request, response: Response): Promise<void> => {
    const since = text(request.query.since)
    const waitSeconds = Math.min(Number(text(request.query.wait) ?? 0), MAX_WAIT_SECONDS)
    if (since !== undefined && waitSeconds > 0) {
      const gone = new AbortController()
      response.once('close', () => gone.abort())
      await watch.changedFrom(since, waitSeconds * 1000, gone.signal)
      if (gone.signal.aborted) return
    }
    const group = text(request.query.group)
    const { revision, platforms } = isFull(request) ? await store.listDetails() : await store.list()
    response.set(RegistryHeader.revision, revision).set('Cache-Control', 'no-store')
    if (since === revision) {
      response.status(304).end()
      return
    }
    const inGroup = group === undefined ? platforms : platforms.filter((platform) => platform.group === group)
    response.json(isFull(request) ? inGroup : inGroup.filter(({ dial_only }) => !dial_only).map(fourFields))
  }
}

function get({ store }: PlatformServices) {
  return async (request: Request<{ id: string }>, response: Response): Promise<void> => {
    const platform = await store.get(request.params.id)
    if (platform === undefined) return unknownPlatform(response, request.params.id)
    response.json(isFull(request) ? platform : fourFields(platform))
  }
}

function remove({ store, access }: PlatformServices) {
  return async (request: Request<{ id: string }>, response: Response): Promise<void> => {
    const { id } = request.params
    const outcome = await store.remove(id, access.credentials(request))
    if (outcome === 'denied') return denied(response, id)
    if (outcome === 'not-found') return unknownPlatform(response, id)
    response.json({ message: `Platform '${id}' deleted successfully` })
  }
}

function challenge({ store }: PlatformServices) {
  return async (request: Request<{ id: string }>, response: Response): Promise<void> => {
    const { id } = request.params
    const wanted = parseBody(challengeRequestSchema, request, response)
    if (wanted === undefined) return
    const made = await store.challenge(id, wanted.method, wanted.platform)
    if (made === 'not-found') return unknownPlatform(response, id)
    if (made === 'no-key') {
      return problem(response, 409, `The registered credential of '${id}' is no CURVE key, so nobody can prove it`)
    }
    response.json(made)
  }
}

export function platformRoutes(services: PlatformServices): Router {
  const { access } = services
  const router = Router({ strict: false, caseSensitive: true })
  router.route('/platform').post(access.write, requireBody, register(services)).all(onlyMethods('POST'))
  router
    .route('/platform/:id')
    .get(access.read, get(services))
    .put(access.write, requireBody, change(services))
    .delete(access.write, remove(services))
    .all(onlyMethods('GET', 'PUT', 'DELETE'))
  router.route('/platform/:id/challenge').post(access.write, requireBody, challenge(services)).all(onlyMethods('POST'))
  router.route('/platforms').get(access.read, list(services)).all(onlyMethods('GET'))
  return router
}
