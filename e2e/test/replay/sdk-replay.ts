/**
 * Plays the router of a recording to an agent of the SDK. What the recorded agent asked for is asked of the SDK, what the
 * router sent is sent, and what the SDK says in the same place is compared with what was recorded.
 */
import type { Agent } from '@volttron/agent'
import { eventually } from '@volttron/testkit'
import { FrameAt } from '@volttron/vip'
import { type Difference, isListed, type ListedDifference } from './differences.ts'
import { differencesOf, kindOf, type Message, nameOf, shown, subsystemOf, textOf } from './messages.ts'
import type { RecordedRouter } from './recorded-router.ts'
import { asPythonForwards, isTruncated, type Recording } from './recording.ts'
import { longPublish } from './router-replay.ts'

interface Asked {
  /** The message id and, of a call, the id within, as recorded and as ours. */
  readonly recorded: Message
  readonly ours: Message
  readonly result: Promise<unknown>
}

export class SdkReplay {
  readonly differences: Difference[] = []
  /** What came of each request: the recorded answer, and what the SDK made of it. */
  readonly outcomes: { readonly answer: Message; readonly outcome: unknown }[] = []
  readonly #agent: Agent
  readonly #router: RecordedRouter
  readonly #listed: readonly ListedDifference[]
  #asked: Asked[] = []
  /** What the recorded agent has asked for and the SDK does not. */
  readonly #unasked: Message[] = []

  constructor(agent: Agent, router: RecordedRouter, listed: readonly ListedDifference[]) {
    this.#agent = agent
    this.#router = router
    this.#listed = listed
  }

  async play({ name, messages }: Recording): Promise<void> {
    const missing: Difference[] = []
    for (const { direction, identity, frames } of messages) {
      if (identity !== this.#agent.identity) continue
      if (direction === 'out') await this.#tell(frames)
      else if (direction === 'in') {
        const absent = this.#whole('missing', name, frames)
        if (this.#listed.some((entry) => isListed(absent, entry))) {
          missing.push(absent)
          this.#unasked.push(frames)
        } else await this.#compare(name, frames)
      }
    }
    await this.#router.settle()
    for (const message of this.#router.aside.splice(0)) this.differences.push(this.#whole('extra', name, message))
    this.differences.push(...missing)
    for (const message of this.#router.inbox.splice(0)) this.differences.push(this.#whole('extra', name, message))
  }

  /** What connecting has said, against the messages of the recording until the agent had connected. */
  compareGreeting({ name, messages }: Recording): void {
    const said = [...this.#router.greeting]
    for (const { direction, identity, frames } of messages) {
      if (identity !== this.#agent.identity || direction !== 'in') continue
      const at = said.findIndex((message) => kindOf(message) === kindOf(frames))
      if (at < 0) this.differences.push(this.#whole('missing', name, frames))
      else {
        const [ours] = said.splice(at, 1) as [Message]
        this.differences.push(...differencesOf(name, identity, underIdsOf({ recorded: frames, ours }, frames), ours))
      }
    }
    for (const message of said) this.differences.push(this.#whole('extra', name, message))
  }

  async #compare(name: string, recorded: Message): Promise<void> {
    this.#router.isAskedFor = textOf(recorded, FrameAt.args).includes('"get_protected_rpcs"')
    const result = perform(this.#agent, recorded)
    // Nobody waits for it before the answer has come.
    result?.catch(() => {})
    const ours = await eventually(() => this.#router.inbox.shift(), { what: nameOf(this.#agent.identity, recorded) })
    if (result) this.#asked.push({ recorded, ours, result })
    const whole = recorded.map((frame) => (isTruncated(frame) ? longPublish(frame.length) : frame))
    const same = result ? underIdsOf({ recorded, ours }, whole) : whole
    this.differences.push(...differencesOf(name, this.#agent.identity, same, ours))
  }

  async #tell(recorded: Message): Promise<void> {
    if (this.#unasked.some((request) => answers(recorded, request))) return
    const asked = this.#asked.find((one) => answers(recorded, one.recorded))
    if (!asked) return this.#router.send(recorded)
    this.#asked = this.#asked.filter((one) => one !== asked)
    this.#router.send(underIdsOf(asked, recorded))
    this.outcomes.push({ answer: recorded, outcome: await asked.result.catch((error: unknown) => error) })
  }

  #whole(kind: 'missing' | 'extra', recording: string, frames: Message): Difference {
    const text = frames.map(shown).join(' | ')
    const [recorded, ours] = kind === 'missing' ? [text, '(nothing)'] : ['(nothing)', text]
    return { recording, kind, message: nameOf(this.#agent.identity, frames), frame: 'message', recorded, ours }
  }
}

/** A Python router has changed the id on its way, where it reads as a number. */
const answers = (answer: Message, request: Message): boolean =>
  answer[FrameAt.id]!.equals(asPythonForwards(request[FrameAt.id]!)) &&
  !textOf(answer, FrameAt.args).includes('"method"') &&
  !(subsystemOf(answer) === 'pubsub' && textOf(answer, FrameAt.args) === 'publish')

const CALL_ID = /"id": ?"([^"]*)"/

/** A message of the recording with the ids of the SDK, which makes up its own. */
function underIdsOf({ recorded, ours }: Pick<Asked, 'recorded' | 'ours'>, answer: Message): Message {
  const [theirs, id] = [recorded, ours].map((message) => CALL_ID.exec(textOf(message, FrameAt.args))?.[1])
  const renamed = answer.map((frame, at) =>
    at < FrameAt.args || theirs === undefined || id === undefined
      ? frame
      : Buffer.from(frame.toString('latin1').replace(theirs, id), 'latin1'),
  )
  return renamed.with(FrameAt.id, ours[FrameAt.id]!)
}

/** Has the SDK say what the recorded agent has said; `undefined` when that is an answer, which nobody asks for. */
function perform({ vip }: Agent, message: Message): Promise<unknown> | undefined {
  const [operation = '', second = '', third = ''] = message
    .slice(FrameAt.args)
    .map((frame) => (isTruncated(frame) ? longPublish(frame.length) : frame).toString('latin1'))
  switch (subsystemOf(message)) {
    case 'hello':
      return vip.hello()
    case 'ping':
      return vip.ping.ping(second)
    case 'peerlist':
      return vip.peerlist.list()
    case 'query':
      return vip.query(operation)
    case 'pubsub':
      return performPubSub(vip, operation, second, third)
    case 'RPC':
      return performCall(vip, textOf(message, FrameAt.peer), JSON.parse(operation))
    default:
      throw new Error(`the SDK has no way to say ${operation}`)
  }
}

function performPubSub({ pubsub }: Agent['vip'], operation: string, second: string, third: string): Promise<unknown> {
  switch (operation) {
    case 'subscribe': {
      const { prefix, all_platforms: allPlatforms } = JSON.parse(second)
      return pubsub.subscribe({ prefix, allPlatforms, callback: () => {} })
    }
    case 'publish': {
      const { bus, headers, message } = parsePython(third)
      return pubsub.publish({ topic: second, bus, headers, message })
    }
    case 'list': {
      const { prefix, all_platforms: allPlatforms, subscribed, reverse } = JSON.parse(second)
      return pubsub.list({ prefix, allPlatforms, subscribed, reverse })
    }
    default:
      throw new Error(`the SDK has no way to say ${operation}`)
  }
}

interface Call {
  readonly method?: string
  readonly params?: unknown
  readonly id?: string
}

function performCall({ rpc }: Agent['vip'], peer: string, { method, params, id }: Call): Promise<unknown> | undefined {
  if (method === undefined) return undefined
  const named = params as Readonly<Record<string, unknown>>
  const args = (Array.isArray(params) ? params : (named?.['*args'] ?? [])) as unknown[]
  const kwargs = (Array.isArray(params) ? {} : (named?.['**kwargs'] ?? params ?? {})) as Record<string, unknown>
  if (id !== undefined) return rpc.callWith(peer, method, { args, kwargs })
  rpc.notify(peer, method, ...args)
  return Promise.resolve()
}

/** JSON with Python's words in it. */
const parsePython = (text: string) =>
  JSON.parse(
    text.replace(/(: )(NaN|Infinity)\b/g, (_all, start, word) => `${start}{"word": "${word}"}`),
    (_key, value) =>
      value?.word === 'NaN' ? Number.NaN : value?.word === 'Infinity' ? Number.POSITIVE_INFINITY : value,
  )
