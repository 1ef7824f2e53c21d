import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { proofContext } from './proof-context.ts'
import { registrationSchema, validationErrorSchema } from './registry.ts'
import { registryOpenApi } from './registry-openapi.ts'
import { validationError } from './validation-detail.ts'

const good = {
  id: 'platform1',
  address: 'tcp://192.168.1.10:22916',
  public_credentials: '7Dkj4a...vB3Mm==',
  group: 'default',
}

function problems(body: unknown) {
  const parsed = registrationSchema.safeParse(body)
  return parsed.success ? [] : validationError(parsed.error, body).detail
}

describe('a registration', () => {
  it('is accepted as the mission document writes it, and unknown keys are ignored', () => {
    expect(registrationSchema.parse({ ...good, colour: 'blue' })).toEqual({ ...good, dial_only: false })
  })

  it('belongs to the group default unless it says otherwise', () => {
    const { group: _, ...rest } = good
    expect(registrationSchema.parse(rest).group).toBe('default')
  })

  it.each(['http://a', 'https://a', 'tcp://a', 'ipc:///tmp/x', '10.0.0.1', '999.1.1.1:22916'])(
    'takes the address %s as the reference service does',
    (address) => expect(problems({ ...good, address })).toEqual([]),
  )

  it.each(['inproc://x', 'localhost:22916', '', '10.0.0.1/x'])('refuses the address %p', (address) => {
    expect(problems({ ...good, address })).toEqual([
      {
        type: 'value_error',
        loc: ['body', 'address'],
        msg: 'Value error, Address must be a valid URL, IP address, or protocol URI',
        input: address,
        ctx: { error: {} },
      },
    ])
  })

  it.each(['../x', 'platform.auth', '123', 'true', '', 'a b', 'x'.repeat(65), 'ä'])('refuses the id %p', (id) => {
    expect(problems({ ...good, id })[0]?.loc).toEqual(['body', 'id'])
  })

  it('refuses a credential of 15 characters and takes 16 of any kind', () => {
    expect(problems({ ...good, public_credentials: 'x'.repeat(15) })[0]?.msg).toContain('at least 16 characters')
    expect(problems({ ...good, public_credentials: '🔑'.repeat(16) })).toEqual([])
    expect(problems({ ...good, public_credentials: '🔑'.repeat(15) })).toHaveLength(1)
  })

  it.each(['\u0000'.repeat(16), '\ud800'.repeat(16), 'x'.repeat(513)])('refuses text no database stores', (text) => {
    expect(problems({ ...good, public_credentials: text })[0]?.loc).toEqual(['body', 'public_credentials'])
  })

  it('that is dial-only has the pseudo-address of its id', () => {
    expect(problems({ ...good, dial_only: true })[0]?.msg).toContain('tcp://platform1.invalid:22916')
    expect(problems({ ...good, dial_only: true, address: 'tcp://platform1.invalid:22916' })).toEqual([])
  })

  it('names a missing field and a wrong type as FastAPI does', () => {
    expect(problems({ id: 5, group: null, public_credentials: good.public_credentials })).toEqual([
      { type: 'string_type', loc: ['body', 'id'], msg: 'Input should be a valid string', input: 5 },
      { type: 'missing', loc: ['body', 'address'], msg: 'Field required', input: expect.anything() },
      { type: 'string_type', loc: ['body', 'group'], msg: 'Input should be a valid string', input: null },
    ])
    expect(problems('text')[0]).toMatchObject({ type: 'model_attributes_type', loc: ['body'], input: 'text' })
  })

  it('gives any wrong body a well-formed 422 answer of bounded size', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ id: fc.jsonValue(), address: fc.string() })), (body) => {
        const parsed = registrationSchema.safeParse(body)
        if (parsed.success) return
        const answer = validationError(parsed.error, body)
        expect(validationErrorSchema.safeParse(answer).success).toBe(true)
        expect(JSON.stringify(answer).length).toBeLessThan(20_000)
      }),
    )
  })
})

describe('the context of a proof', () => {
  const subject = { challengeId: 'c', method: 'PUT', id: 'platform1', platform: { ...good, dial_only: false } } as const

  it('differs with challenge, method, id and each field of the new data', () => {
    const contexts = [
      subject,
      { ...subject, challengeId: 'd' },
      { ...subject, method: 'POST' as const },
      { ...subject, id: 'platform2' },
      { ...subject, platform: undefined },
      ...(['id', 'address', 'public_credentials', 'group'] as const).map((key) => ({
        ...subject,
        platform: { ...subject.platform, [key]: 'other' },
      })),
      { ...subject, platform: { ...subject.platform, dial_only: true } },
    ].map(proofContext)
    expect(new Set(contexts).size).toBe(contexts.length)
  })
})

describe('the OpenAPI document', () => {
  it('describes every path of the registry', () => {
    const document = registryOpenApi('1.0.0') as { openapi: string; paths: Record<string, object> }
    expect(document.openapi).toBe('3.1.0')
    expect(Object.entries(document.paths).map(([path, item]) => [path, Object.keys(item)])).toEqual([
      ['/', ['get']],
      ['/platform', ['post']],
      ['/platforms', ['get']],
      ['/platform/{id}', ['get', 'put', 'delete']],
      ['/platform/{id}/challenge', ['post']],
    ])
    expect(JSON.stringify(document)).toContain('"$ref":"#/components/schemas/Registration"')
  })
})
