/** JSON laid out for reading, with every number as it stands in the text: a value of this language would lose digits. */

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g

/**
 * The layout of `JSON.stringify(value, null, 2)`.
 *
 * @param text one JSON value
 */
export function indentedJson(text: string): string {
  let depth = 0
  let before = ''
  const line = () => `\n${'  '.repeat(depth)}`
  return (text.match(TOKEN) ?? []).map(laidOut).join('')

  function laidOut(token: string): string {
    const isFirst = before === '{' || before === '['
    before = token
    if (token === '}' || token === ']') {
      depth--
      return isFirst ? token : line() + token
    }
    const start = isFirst ? line() : ''
    if (token === '{' || token === '[') depth++
    if (token === ',') return `,${line()}`
    if (token === ':') return ': '
    return start + (token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : token)
  }
}
