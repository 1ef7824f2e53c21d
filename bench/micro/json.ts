/** What a classic message costs in JSON: the checks of the router, and what an agent encodes and decodes. */
import { isOneJsonValue, jsonMembers, parseJson, toAsciiJson } from '@volttron/vip'
import { type Subject, subject } from './subject.ts'

/** Readings of a device, about `bytes` long as JSON text. */
function readings(bytes: number): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (let each = 0; JSON.stringify(values).length < bytes - 20; each++) values[`point_${each}`] = 20.5 + each
  return values
}

export const jsonSubjects = (): Subject[] => [100, 1_024].flatMap((bytes) => ofSize(bytes))

function ofSize(bytes: number): Subject[] {
  const payload = bytes === 100 ? '100 B' : '1 KiB'
  const value = readings(bytes)
  const object = JSON.stringify(value)
  const text = `"${'x'.repeat(bytes - 2)}"`
  const umlauts = { text: 'ü'.repeat(bytes / 2) }
  const notANumber = object.replace('20.5', 'NaN')
  const classic = `{"bus": "", "headers": {"Date": "2026-01-01T00:00:00Z"}, "message": ${object}}`
  const count = 200
  return [
    subject('json: is one value, an object', payload, count, () => Number(isOneJsonValue(object))),
    subject('json: is one value, a string', payload, count, () => Number(isOneJsonValue(text))),
    subject('json: cut a classic publish into members', payload, count, () => jsonMembers(classic)!.size),
    subject('json: write an object', payload, count, () => toAsciiJson(value).length),
    subject('json: write what is not ASCII', payload, count, () => toAsciiJson(umlauts).length),
    subject('json: read an object', payload, count, () => Object.keys(parseJson(object) as object).length),
    subject(
      'json: read an object with a NaN',
      payload,
      count,
      () => Object.keys(parseJson(notANumber) as object).length,
    ),
  ]
}
