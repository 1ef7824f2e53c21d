/**
 * What there still is of an agent whose key or whose rules were removed, and how to remove that too: the one does not take the
 * other along, and forgotten rights wait for whoever gets the name next.
 */
import type { AuthzJson } from '@volttron/auth'
import { describeError, parseRemotePeer } from '@volttron/vip'
import type { Invocation } from '../invocation.ts'
import { keysOf } from '../key-store.ts'
import { printable } from '../output/printable.ts'
import { readRules } from './rules-file.ts'

/** As it stands under `kept` in the result of `--json`. */
export interface Leftover {
  readonly what: 'key' | 'rules' | 'group'
  /** The command that removes it. */
  readonly command: string
}

/** The rules that name an agent, after its key was removed. */
export const leftoversOfKey = (invocation: Invocation, identity: string): Promise<Leftover[]> =>
  lookedFor(invocation, async () => {
    const rules = await readRules(invocation.home)
    const own = Object.hasOwn(sectionOf(rules, 'agents'), identity)
    const remove = `vctl authz remove agent ${word(identity)}`
    return [...(own ? [{ what: 'rules', command: remove } as const] : []), ...groupsOf(rules, identity)]
  })

/** The key of an agent and the groups it is in, after its rules were removed. */
export const leftoversOfRules = (invocation: Invocation, identity: string): Promise<Leftover[]> =>
  lookedFor(invocation, async () => {
    // Of agents elsewhere there are no keys here.
    const isLocal = parseRemotePeer(identity) === undefined
    const hasKey = isLocal && (await keysOf(invocation).get(identity)) !== undefined
    const remove = `vctl auth remove ${word(identity)}`
    const groups = groupsOf(await readRules(invocation.home), identity)
    return [...(hasKey ? [{ what: 'key', command: remove } as const] : []), ...groups]
  })

const WORDS: Readonly<Record<Leftover['what'], string>> = {
  key: 'its key stays',
  rules: 'its rules stay',
  group: 'it is still in a group',
}

/** One line each, behind what was done. */
export const withLeftovers = (done: string, kept: readonly Leftover[]): string =>
  [done, ...kept.map(({ what, command }) => `${WORDS[what]}; to remove: ${printable(command)}`)].join('\n')

/** The removal is done: that nobody can say what is left does not undo it. */
async function lookedFor({ log }: Invocation, look: () => Promise<Leftover[]>): Promise<Leftover[]> {
  try {
    return await look()
  } catch (error) {
    log('warning', `removed, but what is left of it is not known: ${describeError(error)}`)
    return []
  }
}

function groupsOf(rules: AuthzJson, identity: string): Leftover[] {
  const groups = Object.entries(sectionOf(rules, 'agent_groups')).filter(([, group]) => {
    const { identities } = Object(group) as { identities?: unknown }
    return Array.isArray(identities) && identities.includes(identity)
  })
  return groups.map(([name]) => ({
    what: 'group',
    command: `vctl authz remove group ${word(name)} ${word(identity)}`,
  }))
}

const sectionOf = (rules: AuthzJson, name: 'agents' | 'agent_groups'): Readonly<Record<string, unknown>> =>
  (rules[name] ?? {}) as Readonly<Record<string, unknown>>

/** As one word of a shell: `site-b/*` would be a pattern of file names. */
const word = (text: string): string => (/^[\w./@:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
