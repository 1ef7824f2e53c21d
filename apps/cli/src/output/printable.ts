/** Text from the network on a terminal: names, reasons and bodies of others must not move the cursor or fake a line. */

const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** `value` as one printable line: control characters and text-direction marks become `\xNN` or `\uNNNN`. */
export const printable = (value: unknown): string => asText(value).replace(UNPRINTABLE, escapeCharacter)

function asText(value: unknown): string {
  if (value === null || value === undefined) return '-'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0)
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
