/**
 * What may differ between a recording and a replay. Every difference that is found must be listed, and every one that is
 * listed must be found: in each of the recordings it names.
 */

/** One thing that is not as it was recorded. */
export interface Difference {
  readonly recording: string
  /** `changed`: one frame differs. `missing`: a recorded message did not come. `extra`: one came that is not recorded. */
  readonly kind: 'changed' | 'missing' | 'extra'
  /** Subsystem and operation, with the peer on our side: `golden.a pubsub request_response`. */
  readonly message: string
  /** Name of the frame that differs, or `message` for the whole of it. */
  readonly frame: string
  /** As text; `hex:…` when it is not printable. */
  readonly recorded: string
  readonly ours: string
}

/** A difference that is wanted, or lived with. */
export interface ListedDifference {
  /** Gap number, or section of the VIP specification. */
  readonly source: string
  /** One sentence. */
  readonly why: string
  /** The recordings in which it occurs, each at least once. */
  readonly recordings: readonly string[]
  readonly kind: Difference['kind']
  readonly message: RegExp
  readonly frame?: RegExp
  readonly recorded?: RegExp
  /** As it is shown, or how it follows from what was recorded. */
  readonly ours?: RegExp | ((ours: string, recorded: string) => boolean)
}

export const isListed = (difference: Difference, listed: ListedDifference): boolean =>
  listed.recordings.includes(difference.recording) &&
  listed.kind === difference.kind &&
  listed.message.test(difference.message) &&
  (listed.frame?.test(difference.frame) ?? true) &&
  (listed.recorded?.test(difference.recorded) ?? true) &&
  isAsTold(difference, listed.ours)

const isAsTold = ({ ours, recorded }: Difference, told: ListedDifference['ours']): boolean =>
  typeof told === 'function' ? told(ours, recorded) : (told?.test(ours) ?? true)

/** What is wrong with a replay, one line for each thing; nothing when the list tells the whole truth. */
export function complaints(
  recordings: readonly string[],
  differences: readonly Difference[],
  listed: readonly ListedDifference[],
): string[] {
  const unlisted = differences
    .filter((difference) => !listed.some((entry) => isListed(difference, entry)))
    .map(
      ({ recording, kind, message, frame, recorded, ours }) =>
        `${recording}: ${kind} ${frame} of ${message}: recorded ${short(recorded)}, ours ${short(ours)}`,
    )
  const untrue = listed.flatMap((entry) =>
    entry.recordings
      .filter((recording) => recordings.includes(recording))
      .filter((recording) => !differences.some((found) => found.recording === recording && isListed(found, entry)))
      .map(
        (recording) =>
          `${recording}: listed and not found: ${entry.source} ${entry.kind} ${entry.message} (${entry.why})`,
      ),
  )
  return [...new Set([...unlisted, ...untrue])]
}

const MAX_SHOWN = 3000
const short = (text: string): string => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text)
