/** Time stamps and headers as Python agents write and read them (VIP specification, sections 4.11 and 5.2). */
import type { MessageHeaders } from './subscriptions.ts'

/** Names of headers that agents agree on. They are case-sensitive. */
export const HeaderName = {
  /** When a value was measured. */
  timestamp: 'TimeStamp',
  /** When a message was made. */
  date: 'Date',
  contentType: 'Content-Type',
  from: 'From',
  to: 'To',
  requesterId: 'requesterID',
  cookie: 'Cookie',
  minCompatibleVersion: 'min_compatible_version',
  maxCompatibleVersion: 'max_compatible_version',
} as const

/** A time as Python agents write it: `2029-01-01T12:00:00.250000+00:00`. */
export const formatTimestamp = (time: Date): string => time.toISOString().replace('Z', '000+00:00')

/**
 * The headers Python agents put on every message, with the time of this one.
 *
 * @example
 * await agent.vip.pubsub.publish({ topic: 'devices/meter/all', headers: timestampHeaders(), message: values })
 */
export const timestampHeaders = (time: Date = new Date()): MessageHeaders => ({
  [HeaderName.timestamp]: formatTimestamp(time),
  ...COMPATIBLE_VERSIONS,
})

/** What the VOLTTRON 2.0 client adds to each publish. */
export const COMPATIBLE_VERSIONS: MessageHeaders = {
  [HeaderName.minCompatibleVersion]: '3.0',
  [HeaderName.maxCompatibleVersion]: '',
}
