/**
 * Recordings of a Python platform's sockets (see golden/README.md), and what a Python router makes of a frame that it
 * passes on (VIP specification, sections 3.1 and 3.2).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../golden/recordings', import.meta.url))
const EXTENSION = '.jsonl'

/** `failed`: ZeroMQ refused to send it, so nobody has seen it. */
export type Direction = 'in' | 'out' | 'failed'

export interface RecordedMessage {
  /** Line in the file, from 1. */
  readonly line: number
  readonly direction: Direction
  /** `ROUTER`, `DEALER-ext` or `ROUTER-zap`. */
  readonly socket: string
  /** The platform whose socket it is. */
  readonly platform: string
  /** Who has sent it (`in`) or is to get it (`out`): the first frame of a ROUTER's message. */
  readonly identity: string
  /** What that peer sees or sends: everything behind the first frame. */
  readonly frames: readonly Buffer[]
}

export interface Recording {
  readonly name: string
  /** What the Python code saw, by label. */
  readonly observed: ReadonlyMap<string, unknown>
  readonly messages: readonly RecordedMessage[]
}

interface Line {
  readonly proc: string
  readonly sock: string
  readonly dir: string
  readonly frames_b64: readonly string[]
}

export const recordingNames = (): string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(EXTENSION))
    .map((file) => file.slice(0, -EXTENSION.length))
    .sort()

export function readRecording(name: string): Recording {
  const [head = '', ...lines] = readFileSync(join(FOLDER, `${name}${EXTENSION}`), 'utf8')
    .trimEnd()
    .split('\n')
  // What was observed may hold Python's NaN; nobody compares those.
  const { observed_by_real_client: observed } = JSON.parse(head.replace(/\b(?:NaN|-?Infinity)\b/g, 'null'))
  return { name, observed: new Map(observed), messages: lines.map((line, index) => readMessage(line, index + 2)) }
}

function readMessage(text: string, line: number): RecordedMessage {
  // The frames stand in base64; what is decoded for the eye may hold NaN.
  const { proc, sock, dir, frames_b64 } = JSON.parse(text.replace(/, "decoded": .*$/, '}')) as Line
  const [identity, ...frames] = frames_b64.map(frameOf)
  const direction = dir === 'in' || dir === 'out' ? dir : 'failed'
  return { line, direction, socket: sock, platform: proc, identity: identity!.toString('latin1'), frames }
}

const TRUNCATED = /^TRUNCATED:(\d+)$/
/** Tells frames that were too long to be kept; they have the length of the original. */
const truncated = new WeakSet<Buffer>()

function frameOf(base64: string): Buffer {
  const length = TRUNCATED.exec(base64)?.[1]
  if (length === undefined) return Buffer.from(base64, 'base64')
  const frame = Buffer.alloc(Number(length))
  truncated.add(frame)
  return frame
}

export const isTruncated = (frame: Buffer): boolean => truncated.has(frame)

/** What a Python router sends on for a frame: it reads it as JSON, and writes single values as C structs. */
export function asPythonForwards(frame: Buffer): Buffer {
  const text = frame.toString('latin1')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return frame
  }
  switch (typeof value) {
    case 'boolean':
      return Buffer.from([Number(value)])
    case 'number':
      return asStruct(value, /^\s*\d+\s*$/.test(text))
    case 'string':
      return Buffer.from(value, 'latin1')
    default:
      return value === null ? Buffer.alloc(0) : frame
  }
}

function asStruct(value: number, isInteger: boolean): Buffer {
  const bytes = Buffer.alloc(isInteger ? 4 : 8)
  if (isInteger) bytes.writeUInt32LE(value)
  else bytes.writeDoubleLE(value)
  return bytes
}
