/**
 * The registry's HTTP bodies, as `volttron-platform-lookup` and its clients exchange them.
 *
 * The four fields of {@link platformSchema} and the codes of the reference service are fixed by Python platforms in the
 * field; everything else of ours stands in {@link platformDetailsSchema}, which is served under `view=full` only.
 */
import { dialOnlyAddress, instanceNameProblem } from '@volttron/vip'
import { z } from 'zod'

/** Limits of one registration, in characters. Both unique fields must fit into an index row of any database. */
export const RegistryLimit = {
  minCredentials: 16,
  maxCredentials: 512,
  maxAddress: 512,
  maxGroup: 128,
  /** Largest request body, in bytes. */
  maxBodyBytes: 65_536,
} as const

/** HTTP headers of the registry (names are case-insensitive). */
export const RegistryHeader = {
  /** Answer: opaque revision of the list; a service that sends none is no registry of ours. */
  revision: 'Registry-Revision',
  /** Request: `<challenge id>:<token, base64url>`, the answer to a challenge. */
  proof: 'Platform-Proof',
  /** Request: the registration password. */
  password: 'Registration-Password',
  /** Request, reads only: the public credential of a registered platform. */
  credentials: 'Platform-Credentials',
} as const

/** Longest time a `GET /platforms?since=…&wait=…` is held, in seconds. */
export const MAX_WAIT_SECONDS = 60

const ADDRESS_SCHEMES = ['http://', 'https://', 'tcp://', 'ipc://']
const BARE_IPV4 = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(:\d+)?$/

/** True for text that some database cannot hold: U+0000 and half surrogates. */
const isUnstorable = (text: string): boolean => text.includes('\u0000') || /\p{Surrogate}/u.test(text)

const characters = (text: string): number => [...text].length

const storable = (max: number) =>
  z
    .string()
    .refine((text) => text.length <= 2 * max && characters(text) <= max, {
      error: `Value error, at most ${max} characters`,
      abort: true,
    })
    .refine((text) => !isUnstorable(text), { error: 'Value error, U+0000 and half surrogates cannot be stored' })

const idSchema = z
  .string()
  .superRefine((id, context) => {
    const problem = instanceNameProblem(id)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: `Value error, ${problem}` })
  })
  .meta({ description: 'Instance name of the platform', example: 'platform1', pattern: '^[A-Za-z0-9_-]{1,64}$' })

const addressSchema = storable(RegistryLimit.maxAddress)
  .refine((text) => ADDRESS_SCHEMES.some((scheme) => text.startsWith(scheme)) || BARE_IPV4.test(text), {
    error: 'Value error, Address must be a valid URL, IP address, or protocol URI',
  })
  .meta({ description: 'VIP address other platforms connect to', example: 'tcp://192.168.1.10:22916' })

const credentialsSchema = storable(RegistryLimit.maxCredentials)
  .refine((text) => characters(text) >= RegistryLimit.minCredentials, {
    error: `Value error, Public credential must be at least ${RegistryLimit.minCredentials} characters long`,
  })
  .meta({
    description: 'Public CURVE key of the platform; any text of 16 or more characters is stored',
    example: '_nvKaPm8FPla3h-fvxdOA0ixC8txLcjkiqbI-hbfl0g',
  })

const groupSchema = storable(RegistryLimit.maxGroup).meta({ description: 'Group of the platform', example: 'default' })

/** Body of `POST /platform` and `PUT /platform/{id}`. Unknown keys are ignored. */
export const registrationSchema = z
  .object({
    id: idSchema,
    address: addressSchema,
    public_credentials: credentialsSchema,
    group: groupSchema.default('default'),
    dial_only: z
      .boolean()
      .default(false)
      .meta({ description: 'Nobody can dial this platform; its address is then tcp://<id>.invalid:22916' }),
  })
  .superRefine((platform, context) => {
    if (!platform.dial_only || platform.address === dialOnlyAddress(platform.id)) return
    context.addIssue({
      code: 'custom',
      path: ['address'],
      message: `Value error, the address of a dial-only platform is ${dialOnlyAddress(platform.id)}`,
    })
  })
  .meta({ id: 'Registration' })

/** A registration as it arrives at the registry, defaults filled in. */
export type Registration = z.output<typeof registrationSchema>

/** One platform as every client knows it: exactly these four fields. */
export const platformSchema = z
  .object({ id: z.string(), address: z.string(), public_credentials: z.string(), group: z.string() })
  .meta({ id: 'Platform' })
export type Platform = z.output<typeof platformSchema>

/** Answer to a registration. */
export const registeredPlatformSchema = platformSchema
  .extend({ created_at: z.string().meta({ example: '2023-06-24T15:30:22.123456Z' }) })
  .meta({ id: 'RegisteredPlatform' })
export type RegisteredPlatform = z.output<typeof registeredPlatformSchema>

/** How a key was vouched for when it entered the registry: by nobody, by the key before it, or by the password. */
export const provenSchema = z.enum(['none', 'old-key', 'password']).meta({ id: 'Proven' })
export type Proven = z.output<typeof provenSchema>

/** A key the platform had before, and how its replacement was vouched for. */
export const previousKeySchema = z
  .object({ public_credentials: z.string(), proven: provenSchema, replaced_at: z.string() })
  .meta({ id: 'PreviousKey' })
export type PreviousKey = z.output<typeof previousKeySchema>

/** One platform under `view=full`. */
export const platformDetailsSchema = registeredPlatformSchema
  .extend({
    updated_at: z.string(),
    last_seen: z.string(),
    dial_only: z.boolean(),
    proven: provenSchema.meta({ description: 'How the current key was vouched for' }),
    previous_keys: z.array(previousKeySchema).meta({
      description:
        'Keys of this entry before the current one, newest first. A key pinned elsewhere that is listed here was replaced with proof.',
    }),
  })
  .meta({ id: 'PlatformDetails' })
export type PlatformDetails = z.output<typeof platformDetailsSchema>

/** Methods that may change an existing entry. */
export const challengeMethodSchema = z.enum(['POST', 'PUT', 'DELETE'])
export type ChallengeMethod = z.output<typeof challengeMethodSchema>

/** Body of `POST /platform/{id}/challenge`: what the answer will be used for. `platform` is absent for DELETE. */
export const challengeRequestSchema = z
  .object({ method: challengeMethodSchema, platform: registrationSchema.optional() })
  .refine((request) => (request.method === 'DELETE') === (request.platform === undefined), {
    error: 'Value error, give the new registration for POST and PUT, and none for DELETE',
    path: ['platform'],
  })
  .meta({ id: 'ChallengeRequest' })

/** A token sealed to the registered key of a platform. */
export const challengeSchema = z
  .object({
    challenge_id: z.string().max(200),
    sealed: z.string().max(1000),
    expires_at: z.string(),
  })
  .meta({ id: 'Challenge' })
export type Challenge = z.output<typeof challengeSchema>

/** Body of `GET /` and of a deletion. */
export const messageSchema = z.object({ message: z.string(), version: z.string().optional() }).meta({ id: 'Message' })

/** Body of 400, 401, 403, 404, 405, 413, 429, 500 and 503. */
export const errorSchema = z.object({ detail: z.string() }).meta({ id: 'Error' })

/** Body of 422, in FastAPI's form. */
export const validationErrorSchema = z
  .object({
    detail: z.array(
      z.object({
        type: z.string(),
        loc: z.array(z.union([z.string(), z.number()])),
        msg: z.string(),
        input: z.unknown(),
        ctx: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
  })
  .meta({ id: 'ValidationError' })
export type ValidationError = z.output<typeof validationErrorSchema>
