/** JSON as people write it into files, with comments, which VOLTTRON allows (VIP specification, section 7.1). */

/**
 * The text without `//`, `#` and block comments; what stands in a string is none, and the line break that ends a comment
 * stays. One pass and no expression over all of it, because the text is a stranger's, and may be long and never close a quote.
 */
export function withoutComments(text: string): string {
  const start = /"|#|\/[/*]/g
  let result = ''
  let kept = 0
  for (let found = start.exec(text); found !== null; found = start.exec(text)) {
    if (found[0] === '"') {
      start.lastIndex = endOfString(text, start.lastIndex)
      continue
    }
    const end = endOfComment(text, start.lastIndex, found[0])
    if (end < 0) break
    result += text.slice(kept, found.index)
    start.lastIndex = kept = end
  }
  return result + text.slice(kept)
}

/** Behind the quote that ends a string; the end of the text when there is none. */
function endOfString(text: string, from: number): number {
  const sign = /["\\]/g
  sign.lastIndex = from
  for (let found = sign.exec(text); found !== null; found = sign.exec(text)) {
    if (found[0] === '"') return sign.lastIndex
    sign.lastIndex++
  }
  return text.length
}

/** Negative for a block that is never closed: that is no comment. */
function endOfComment(text: string, from: number, opening: string): number {
  const end = text.indexOf(opening === '/*' ? '*/' : '\n', from)
  if (opening === '/*') return end < 0 ? end : end + 2
  return end < 0 ? text.length : end
}
