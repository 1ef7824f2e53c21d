/**
 * What the main process tells a client process to do, and what it answers. Plain data, so that a client in another
 * language can take it as JSON. A client carries out one order after the other, except that `heard` waits while others
 * come. Times are of CLOCK_MONOTONIC, which all processes of a machine share.
 */

export type Order =
  /** Opens connections, all at once, until there are so many; a client starts with one. Each is as good as the first. */
  | { readonly do: 'connect'; readonly connections: number }
  /** On every connection that is open. */
  | { readonly do: 'subscribe'; readonly topic: string; readonly json: boolean }
  /**
   * Forgets what has come and counts from zero, over all connections. `stamped`: the first eight bytes of a body are the
   * time of sending in milliseconds, a double in little endian.
   */
  | { readonly do: 'listen'; readonly stamped: boolean }
  /**
   * Answers once so many messages have come since `listen`, or none has for `silenceMs` (counted from this order until the
   * first one comes).
   */
  | { readonly do: 'heard'; readonly messages: number; readonly silenceMs: number }
  /** As fast as the system takes them, on the first connection. */
  | {
      readonly do: 'publish'
      readonly topic: string
      /** With more than one, `-<number>` with six digits is added to the topic, from 0 up and around. Default 1. */
      readonly topics?: number
      readonly messages: number
      readonly bytes: number
      /** The body is a reading of about so many bytes, encoded by the client. */
      readonly json: boolean
      /** Each waits for the answer to the one before, where the client is a Python agent. Default false. */
      readonly awaited?: boolean
    }
  /** At a steady rate, stamped; looks at the clock each millisecond and sends what is due. */
  | {
      readonly do: 'pace'
      readonly topic: string
      readonly messages: number
      readonly perSecond: number
      readonly bytes: number
    }
  /** Answers every request made to this name with what it carried; `<broker>/<role>`. */
  | { readonly do: 'serve'; readonly name: string }
  /** Round trips for so long, with so many on the way at a time. */
  | {
      readonly do: 'request'
      readonly name: string
      readonly durationMs: number
      readonly inFlight: number
      readonly bytes: number
    }
  /**
   * Opens connections until there are so many, all at once; each is usable when its first request is answered. One that
   * cannot be opened is tried again, up to 60 s.
   */
  | { readonly do: 'storm'; readonly connections: number; readonly name: string }
  /** So many subscriptions on the first connection, to `prefix` and a number of `digits` digits. */
  | {
      readonly do: 'subscribe-many'
      readonly prefix: string
      readonly subscriptions: number
      readonly digits: number
    }

export type Answer =
  /** Given unasked when the first connection stands. */
  | { readonly did: 'start' }
  | { readonly did: 'connect' | 'subscribe' | 'listen' | 'publish' | 'pace' | 'serve' | 'subscribe-many' }
  | {
      readonly did: 'heard'
      readonly messages: number
      /** From the first to the last. */
      readonly seconds: number
      /** When the first came. */
      readonly firstAtMs: number
      /** Empty unless they are stamped. */
      readonly latenciesMs: readonly number[]
    }
  | { readonly did: 'request'; readonly requests: number; readonly seconds: number }
  | {
      readonly did: 'storm'
      /** When the last connection was usable. */
      readonly usableAtMs: number
      /** Connections that were taken for somebody else, where the system names the sender to the receiver. */
      readonly misattributed: number
      /** Attempts the client library gave up. */
      readonly failedStarts: number
    }
  /** The order could not be carried out; the client lives on. */
  | { readonly did: 'fail'; readonly order: string; readonly message: string }

/** Now, as every process of this machine sees it. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6
