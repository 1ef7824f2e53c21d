/** Which agents a command is about: patterns and options as Python's `vctl` has them (VIP specification, section 7.3). */
import type { AgentRow } from '@volttron/contracts'
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import type { PlatformConnection } from '../../platform-connection.ts'

export interface SelectionOptions {
  readonly name?: true
  readonly tag?: true
  readonly uuid?: true
  readonly allTagged?: true
}

/** A pattern, and the agents it means. */
export interface Match {
  readonly pattern: string
  readonly agents: readonly AgentRow[]
}

export const PATTERN_HELP = 'identity, UUID or how it begins, or name of an agent; * and ? stand for any text'

export const addSelectionOptions = (command: Command): Command =>
  command
    .option('--name', 'patterns are names of packages')
    .option('--tag', 'patterns are tags')
    .option('--uuid', 'patterns are UUIDs')
    .option('--all-tagged', 'only agents with a tag; all of them when there is no pattern')

export const readAgents = async (platform: PlatformConnection): Promise<readonly AgentRow[]> =>
  (await platform.call(ReservedIdentity.control, 'agents')) as readonly AgentRow[]

/** What each pattern means; a pattern that means nothing has no agents. */
export function select(agents: readonly AgentRow[], patterns: readonly string[], options: SelectionOptions): Match[] {
  const candidates = options.allTagged ? agents.filter(({ tag }) => tag !== null) : agents
  if (patterns.length === 0) return options.allTagged ? [{ pattern: '*', agents: candidates }] : []
  return patterns.map((pattern) => ({ pattern, agents: matching(candidates, pattern, options) }))
}

/** As {@link select}, and something is meant. @throws VolttronError `usage` without a pattern, `not-found` */
export function selectSome(
  agents: readonly AgentRow[],
  patterns: readonly string[],
  options: SelectionOptions,
): Match[] {
  const matches = select(agents, patterns, options)
  if (matches.length === 0) {
    throw new VolttronError('usage', 'which agents? a pattern is missing', {
      hint: 'name an identity, a UUID or a name; --all-tagged means every agent with a tag',
    })
  }
  for (const { pattern, agents: meant } of matches) if (meant.length === 0) throw notFound(pattern)
  return matches
}

/** The one agent meant. @throws VolttronError `not-found`, `usage` when several are meant */
export function selectOne(agents: readonly AgentRow[], pattern: string, options: SelectionOptions): AgentRow {
  const meant = matching(agents, pattern, options)
  const [only] = meant
  if (!only) throw notFound(pattern)
  if (meant.length > 1) throw ambiguous(pattern, meant, 'name one of them')
  return only
}

/** @param what to do about it */
export const ambiguous = (pattern: string, meant: readonly AgentRow[], what: string): VolttronError =>
  new VolttronError('usage', `'${pattern}' means ${meant.length} agents: ${listed(meant)}`, { hint: what })

/** Agents of all matches, each once. */
export const agentsOf = (matches: readonly Match[]): AgentRow[] => [...new Set(matches.flatMap(({ agents }) => agents))]

function matching(agents: readonly AgentRow[], pattern: string, options: SelectionOptions): readonly AgentRow[] {
  const whole = expression(pattern, '$')
  const by = (of: (agent: AgentRow) => string | null) => agents.filter((agent) => whole.test(of(agent) ?? ''))
  if (options.uuid) return by(({ uuid }) => uuid)
  if (options.name) return by(({ name }) => name)
  if (options.tag) return by(({ tag }) => tag)
  const named = by(({ identity }) => identity)
  if (named.length > 0) return named
  // As Python's vctl: the start of one UUID, else of any number of names.
  const start = expression(pattern, '')
  const byUuid = agents.filter(({ uuid }) => start.test(uuid))
  return byUuid.length === 1 ? byUuid : agents.filter(({ name }) => start.test(name))
}

function expression(pattern: string, end: '' | '$'): RegExp {
  const text = pattern.replace(/[.*+?^${}()|[\]\\]/g, (mark) =>
    mark === '*' ? '.*' : mark === '?' ? '.' : `\\${mark}`,
  )
  return new RegExp(`^${text}${end}`)
}

const notFound = (pattern: string): VolttronError =>
  new VolttronError('not-found', `agent not found: ${pattern}`, { hint: 'vctl status lists the installed agents' })

const MAX_LISTED = 5
const listed = (agents: readonly AgentRow[]): string => {
  const names = agents.slice(0, MAX_LISTED).map(({ identity }) => identity)
  return [...names, ...(agents.length > MAX_LISTED ? ['...'] : [])].join(', ')
}
