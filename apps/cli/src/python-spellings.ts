/** Options Python's `vctl` spells in ways of its own (one dash, several letters), in our spelling. */

const SPELLINGS: Readonly<Record<string, string>> = {
  '-ps': '--pubsub-capabilities',
  '-rpc': '--rpc-capabilities',
  '-rns': '--role-names',
  '-pts': '--protected-rpcs',
}

/** The words of a command line up to `--`, respelled. `help config store` is `config store --help`, at any depth. */
export function respell(words: readonly string[]): string[] {
  const first = words.findIndex((word) => !word.startsWith('-'))
  if (words[first] === 'help') return [...words.slice(0, first), ...words.slice(first + 1), '--help']
  const end = words.indexOf('--')
  return words.map((word, position) => (end === -1 || position < end ? (SPELLINGS[word] ?? word) : word))
}
