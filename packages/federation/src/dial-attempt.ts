/** One try to reach another platform: connect, say hello, and learn from the welcome what it speaks. */
import { type Connection, type Greeting, greet } from '@volttron/transport'
import { VolttronError } from '@volttron/vip'
import type { ClassicLink } from './classic-link.ts'
import type { Dial, DialTarget } from './ports.ts'
import type { Session } from './session.ts'

/** Announced in `hello`: the connection is to become a session between platforms. */
export const FEDERATION_FEATURE = 'federation'

const GREETING_MS = 10_000
/** Never valid JSON. */
const HELLO_ID = 'federation-hello'

export interface DialAttemptOptions<T, R> {
  readonly dial: Dial
  readonly target: DialTarget
  readonly setTimer: (delayMs: number, run: () => void) => () => void
  /** Takes over the connection: a session, or a link to a platform that speaks VIP1 only. */
  readonly makeSession: (connection: Connection, welcome: NonNullable<Greeting['capabilities']>) => Session<T, R>
  readonly makeLink: (connection: Connection) => ClassicLink
  /** The other side answered; what came of it is in {@link DialAttempt.link}. */
  readonly onReached: (attempt: DialAttempt<T, R>) => void
  /** Nothing came of it. Also called for an attempt that was aborted. */
  readonly onFailed: (attempt: DialAttempt<T, R>, error: unknown) => void
}

export class DialAttempt<T, R> {
  /** What has come of it. */
  link: Session<T, R> | ClassicLink | undefined
  readonly #options: DialAttemptOptions<T, R>
  readonly #controller = new AbortController()

  /** Begins at once. */
  constructor(options: DialAttemptOptions<T, R>) {
    this.#options = options
    this.#run().catch((error: unknown) => options.onFailed(this, error))
  }

  /** Ends it, whatever has come of it so far. */
  abort(): void {
    this.#controller.abort()
    this.link?.close('overtaken')
  }

  async #run(): Promise<void> {
    const { dial, target } = this.#options
    const { signal } = this.#controller
    const connection = await dial(target, signal)
    if (signal.aborted) return connection.close('no longer wanted')
    await this.#greet(connection)
  }

  /** Says hello; what follows the welcome belongs to the session or link. */
  async #greet(connection: Connection): Promise<void> {
    const { setTimer, onReached } = this.#options
    const { signal } = this.#controller
    const close = () => connection.close('no longer wanted')
    signal.addEventListener('abort', close, { once: true })
    await greet(connection, {
      id: HELLO_ID,
      features: [FEDERATION_FEATURE],
      withTimeout: (onTimeout) => setTimer(GREETING_MS, onTimeout),
      onWelcome: (greeting) => {
        if (signal.aborted) return close()
        signal.removeEventListener('abort', close)
        this.link = this.#welcomed(connection, greeting)
        onReached(this)
      },
      onMessage: (frames) => this.link?.onMessage(frames),
      onClose: (reason) => this.link?.onConnectionClosed(reason),
    })
  }

  /** The other side has proven its key, so nobody else can make us speak VIP1 to it. */
  #welcomed(connection: Connection, { capabilities: welcome }: Greeting): Session<T, R> | ClassicLink {
    const { target, makeSession, makeLink } = this.#options
    if (!welcome) return makeLink(connection)
    if (!welcome.features.includes(FEDERATION_FEATURE))
      throw new VolttronError('denied', `the platform at ${target.address} does not speak our federation`)
    if (welcome.instanceName !== target.platform)
      throw new VolttronError('denied', `the platform at ${target.address} has another name than ${target.platform}`)
    return makeSession(connection, welcome)
  }
}
