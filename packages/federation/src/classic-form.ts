/**
 * Records in the words of VIP1, for platforms that know no batches. One form serves all links of a platform: a record that
 * goes to several of them is put into words once.
 */
import type { Name } from '@volttron/transport'
import {
  classicBodyOfRecord,
  classicBodyStart,
  frame,
  isTextToPython,
  parseRoute,
  TailView,
  topicFrame,
} from '@volttron/vip'
import { externalPublish } from './classic-wire.ts'

interface Author {
  readonly user: Uint8Array
  readonly bodyStart: string
}

/** Not JSON, so that a Python hop leaves it alone. */
const ID_PREFIX = 'p'

export class ClassicForm {
  readonly #authors = new WeakMap<Name, Author | undefined>()
  readonly #topics = new WeakMap<Name, Uint8Array | undefined>()
  readonly #view = new TailView()
  #lastTopic: Name | undefined
  #lastRoute: Name | undefined
  #lastSequence = -1
  #lastFrames: readonly Uint8Array[] | undefined

  /**
   * The message for a record of ours.
   *
   * @param sequence of the record in our stream, which no two records share
   * @returns `undefined` for what VIP1 cannot say: a topic that Python would not read as text, a body or headers that are
   *   not the JSON they claim to be
   */
  frames(
    topic: Name,
    route: Name,
    flags: number,
    sequence: number,
    source: Uint8Array,
    tailStart: number,
    tailEnd: number,
  ): readonly Uint8Array[] | undefined {
    if (sequence !== this.#lastSequence || route !== this.#lastRoute || topic !== this.#lastTopic) {
      this.#view.flags = flags
      this.#view.buffer = Buffer.from(source.buffer, source.byteOffset, source.length)
      this.#view.tailStart = tailStart
      this.#view.tailEnd = tailEnd
      this.#lastFrames = this.#say(topic, route, sequence)
      this.#lastTopic = topic
      this.#lastRoute = route
      this.#lastSequence = sequence
    }
    return this.#lastFrames
  }

  #say(topic: Name, route: Name, sequence: number): readonly Uint8Array[] | undefined {
    const topicBytes = kept(this.#topics, topic, topicOf)
    const author = kept(this.#authors, route, authorOf)
    const body = topicBytes && author && classicBodyOfRecord(author.bodyStart, this.#view, '')
    return body && externalPublish(author.user, `${ID_PREFIX}${sequence}`, topicBytes, body)
  }
}

const topicOf = ({ text }: Name): Uint8Array | undefined => (isTextToPython(text) ? topicFrame(text) : undefined)

function authorOf({ text }: Name): Author | undefined {
  const sender = parseRoute(text)?.sender
  return sender === undefined ? undefined : { user: frame(sender), bodyStart: classicBodyStart(sender) }
}

function kept<V>(map: WeakMap<Name, V>, name: Name, make: (name: Name) => V): V {
  if (map.has(name)) return map.get(name) as V
  const made = make(name)
  map.set(name, made)
  return made
}
