/**
 * A publish as a classic peer said it. Its texts were cut out of a JSON object, so each is known to be exactly one JSON
 * value, and needs no second look before it goes into another object.
 */
import { buildTail, parseJson, type TailView } from '@volttron/vip'

export interface ClassicPublish {
  /** The message id of its author, which classic subscribers see again. */
  readonly id: Uint8Array
  /** JSON text, of a string or of anything else. */
  readonly bus: string
  /** JSON text of an object. */
  readonly headers: string
  /** JSON text of any value. */
  readonly message: string
}

/** The VIP bus field. */
export function busOf({ bus }: ClassicPublish): string {
  if (bus === '""') return ''
  const name = parseJson(bus)
  return typeof name === 'string' ? name : ''
}

/** Shows the publish in `view` as those see it who speak the batched form. */
export function showAsRecord(publish: ClassicPublish, view: TailView): TailView {
  const { message, headers } = publish
  view.show(buildTail(message, headers === '{}' ? '' : headers, busOf(publish)))
  return view
}
