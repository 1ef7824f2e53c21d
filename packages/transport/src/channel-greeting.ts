/**
 * The first words on a dialled connection: `hello` with our capabilities, then the router's `welcome`. Both the agent SDK
 * and a platform that opens a session begin so.
 */
import {
  FrameAt,
  frameText,
  helloArgument,
  isVipMessage,
  parseWelcome,
  Subsystem,
  VipErrno,
  VolttronError,
  vipMessage,
  type WelcomeCapabilities,
} from '@volttron/vip'
import type { Connection } from './connection.ts'
import { INITIAL_CREDIT } from './credit-window.ts'

export interface Greeting {
  /** Identity the router knows us by. */
  readonly identity: string
  /** What the router can do beyond VIP1; `undefined` for a classic router. */
  readonly capabilities: WelcomeCapabilities | undefined
}

/** The hello of a peer; `id` must not read as JSON. */
export const helloMessage = (id: string, features: readonly string[] = []): Uint8Array[] =>
  vipMessage({ peer: '', id, subsystem: Subsystem.hello }, ['hello', helloArgument(INITIAL_CREDIT, features)])

/**
 * Reads the router's answer to {@link helloMessage}.
 *
 * @returns `undefined` when the message is something else
 * @throws VolttronError `denied` when the router refuses us, for instance because the identity is in use
 */
export function readWelcome(frames: readonly Buffer[], id: string): Greeting | undefined {
  if (!isVipMessage(frames) || frameText(frames[FrameAt.id]!) !== id) return undefined
  const subsystem = frameText(frames[FrameAt.subsystem]!)
  const args = frames.slice(FrameAt.args).map(frameText)
  if (subsystem === Subsystem.error) throw refusal(args)
  if (subsystem !== Subsystem.hello || args[0] !== 'welcome') return undefined
  return { identity: args[3] ?? '', capabilities: args[4] === undefined ? undefined : parseWelcome(args[4]) }
}

function refusal([errno, text]: readonly string[]): VolttronError {
  const inUse = errno === String(VipErrno.addressInUse.code)
  const hint = inUse ? { hint: 'stop the other copy, or give this one an identity and credentials of its own' } : {}
  return new VolttronError('denied', `the platform refused the connection: ${text || `error ${errno}`}`, hint)
}

/**
 * Says hello and waits for the welcome. Until then nothing else is expected; messages that come earlier are dropped.
 *
 * @param withTimeout runs `onTimeout` unless the returned function is called first
 * @throws VolttronError `timeout` without an answer, `denied` when refused, `unavailable` when the connection closes
 */
export function greet(
  connection: Connection,
  options: {
    readonly id: string
    readonly features?: readonly string[]
    readonly withTimeout: (onTimeout: () => void) => () => void
    /** Called before any later message is handed over, so that nothing slips between the welcome and its consequences. */
    readonly onWelcome: (greeting: Greeting) => void
    /** Gets every message after the welcome. */
    readonly onMessage: (frames: Buffer[]) => void
    readonly onDrain?: () => void
    /** Called once when the connection closes after the welcome. */
    readonly onClose: (reason: string) => void
  },
): Promise<Greeting> {
  return new Promise((resolve, reject) => {
    let welcomed = false
    let failed = false
    const fail = (error: VolttronError) => {
      failed = true
      cancel()
      connection.close(error.message)
      reject(error)
    }
    const cancel = options.withTimeout(() =>
      fail(new VolttronError('timeout', `the platform at ${connection.remote} did not answer hello in time`)),
    )
    connection.start({
      onMessage(frames) {
        if (welcomed) return options.onMessage(frames)
        if (failed) return
        try {
          const greeting = readWelcome(frames, options.id)
          if (!greeting) return
          welcomed = true
          cancel()
          options.onWelcome(greeting)
          resolve(greeting)
        } catch (error) {
          fail(error as VolttronError)
        }
      },
      onDrain: () => options.onDrain?.(),
      onClose(reason) {
        if (welcomed) return options.onClose(reason)
        if (!failed) fail(new VolttronError('unavailable', `the connection closed before the welcome: ${reason}`))
      },
    })
    connection.send(helloMessage(options.id, options.features))
  })
}
