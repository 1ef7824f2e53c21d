/**
 * Topics have levels that are set apart by slashes; subjects and routing keys have dots. Each caller has one of its own,
 * which remembers the last topic: publishers repeat themselves, and should not pay for it.
 */
export function dottedTopics(): (topic: string) => string {
  let last = ''
  let dotted = ''
  return (topic) => {
    if (topic !== last) {
      last = topic
      dotted = topic.replaceAll('/', '.')
    }
    return dotted
  }
}
