/** The OpenAPI document of the registry, made from the schemas that check its requests. */
import { OpenAPIRegistry, OpenApiGeneratorV31, type ResponseConfig } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import {
  challengeRequestSchema,
  challengeSchema,
  errorSchema,
  MAX_WAIT_SECONDS,
  messageSchema,
  platformDetailsSchema,
  platformSchema,
  RegistryHeader,
  registeredPlatformSchema,
  registrationSchema,
  validationErrorSchema,
} from './registry.ts'

const json = (description: string, schema: z.ZodType): ResponseConfig => ({
  description,
  content: { 'application/json': { schema } },
})

const body = (schema: z.ZodType) => ({ required: true, content: { 'application/json': { schema } } })

const read = {
  401: json('A password is required and missing or wrong', errorSchema),
  429: json('Too many requests', errorSchema),
}
const write = {
  ...read,
  403: json('The entry exists, and the request does not prove its registered key', errorSchema),
  413: json('The body is too large', errorSchema),
  422: json('The body is no registration', validationErrorSchema),
}
const unknown = { 404: json('No such platform', errorSchema) }
const duplicate = { 400: json('The address or the key belongs to another platform', errorSchema) }

const params = z.object({ id: z.string().meta({ example: 'platform1' }) })
const view = z.enum(['full']).optional().meta({ description: 'full = all fields, and dial-only platforms too' })
const readHeaders = z.object({
  [RegistryHeader.password]: z.string().optional(),
  [RegistryHeader.credentials]: z.string().optional(),
})
const writeHeaders = z.object({
  [RegistryHeader.password]: z.string().optional(),
  [RegistryHeader.proof]: z
    .string()
    .optional()
    .meta({ description: '<challenge_id>:<token, base64url>, the opened challenge' }),
})

function describePaths(registry: OpenAPIRegistry): void {
  registry.registerPath({ method: 'get', path: '/', responses: { 200: json('What this is', messageSchema) } })
  registry.registerPath({
    method: 'post',
    path: '/platform',
    summary: 'Register a platform, or change its entry',
    request: { headers: writeHeaders, body: body(registrationSchema) },
    responses: {
      200: json('The same data again: noted as seen', registeredPlatformSchema),
      201: json('Registered or changed', registeredPlatformSchema),
      ...duplicate,
      ...write,
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/platforms',
    summary: 'List the platforms in the order of their registration',
    request: {
      headers: readHeaders,
      query: z.object({
        view,
        group: z.string().optional().meta({ description: 'Only this group' }),
        since: z
          .string()
          .optional()
          .meta({ description: `A ${RegistryHeader.revision} seen before` }),
        wait: z.coerce
          .number()
          .optional()
          .meta({
            description: `Hold the answer up to so many seconds (at most ${MAX_WAIT_SECONDS}) for a change after since`,
          }),
      }),
    },
    responses: {
      200: json(
        `The list; the header ${RegistryHeader.revision} names its state`,
        z.array(z.union([platformSchema, platformDetailsSchema])),
      ),
      304: { description: 'Nothing changed after since' },
      ...read,
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/platform/{id}',
    request: { headers: readHeaders, params, query: z.object({ view }) },
    responses: { 200: json('The platform', z.union([platformSchema, platformDetailsSchema])), ...unknown, ...read },
  })
  registry.registerPath({
    method: 'put',
    path: '/platform/{id}',
    summary: 'Change an entry',
    request: { headers: writeHeaders, params, body: body(registrationSchema) },
    responses: {
      200: json('The same data again', platformSchema),
      201: json('Changed', platformSchema),
      ...duplicate,
      ...unknown,
      ...write,
    },
  })
  registry.registerPath({
    method: 'delete',
    path: '/platform/{id}',
    summary: 'Remove an entry',
    request: { headers: writeHeaders, params },
    responses: { 200: json('Removed', messageSchema), ...unknown, ...read, 403: write[403] },
  })
  registry.registerPath({
    method: 'post',
    path: '/platform/{id}/challenge',
    summary: 'Ask for a challenge sealed to the registered key',
    request: { headers: writeHeaders, params, body: body(challengeRequestSchema) },
    responses: {
      200: json('The challenge', challengeSchema),
      409: json('The registered credential is no CURVE key: nobody can prove it', errorSchema),
      ...unknown,
      ...read,
      413: write[413],
      422: write[422],
    },
  })
}

/** The OpenAPI 3.1 document, as plain data. */
export function registryOpenApi(version: string): object {
  const registry = new OpenAPIRegistry()
  describePaths(registry)
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Platform Management API',
      version,
      description: 'Registry in which the platforms of a VOLTTRON federation find each other',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
  })
}
