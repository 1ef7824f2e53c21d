import { prefixProblem } from '@volttron/topics'

/** Why a change was refused; nothing of it was applied. `message` is one line for the asker. */
export interface Refusal {
  readonly code: 'bad-prefix' | 'too-many-prefixes'
  readonly message: string
}

/** The first thing wrong with the prefixes themselves. They come from the network, so they may be anything. */
export function badPrefix(prefixes: Iterable<string>): Refusal | undefined {
  for (const prefix of prefixes) {
    const problem = prefixProblem(prefix)
    if (problem !== undefined) return { code: 'bad-prefix', message: problem }
  }
  return undefined
}

export const tooManyPrefixes = (wanted: number, limit: number): Refusal => ({
  code: 'too-many-prefixes',
  message: `${wanted} subscriptions exceed the limit of ${limit}; subscribe to fewer, shorter prefixes`,
})
