/**
 * JSON of which the text counts, not what this language makes of it: a number beyond 2^53 or with more digits than a double
 * has keeps them all, and names of members keep their order. It is sent as it was written.
 */
import { isOneJsonValue } from './json-members.ts'
import { asciiJson, parseJson, toAsciiJson } from './json-text.ts'
import { isReadableInPython } from './python-hazards.ts'

/** As deep a value stands in what is sent, at most: message, parameters, list of those by place, and an object there. */
const ENVELOPE = '[[[['

export class WrittenJson {
  /** One JSON value, of ASCII characters only: safe to be put between others. */
  readonly text: string

  private constructor(text: string) {
    this.text = text
  }

  /** @returns `undefined` when the text is not exactly one JSON value, or one that would end a Python agent */
  static read(text: string): WrittenJson | undefined {
    if (!isOneJsonValue(text)) return undefined
    const ascii = asciiJson(text)
    return isReadableInPython(Buffer.from(ENVELOPE + ascii, 'latin1')) ? new WrittenJson(ascii) : undefined
  }

  /** A value of this language. @throws VolttronError `bad-data` when it cannot be written as JSON */
  static of(value: unknown): WrittenJson {
    return new WrittenJson(toAsciiJson(value))
  }

  /** One object of the members, in their order. */
  static object(members: Iterable<readonly [name: string, value: WrittenJson]>): WrittenJson {
    const texts = Array.from(members, ([name, { text }]) => `${toAsciiJson(name)}:${text}`)
    return new WrittenJson(`{${texts.join(',')}}`)
  }

  /** Within something else that is written as JSON it is the value this language makes of it. */
  toJSON(): unknown {
    return parseJson(this.text)
  }
}
