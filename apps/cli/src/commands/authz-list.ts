/** `vctl authz list`: the rules as they stand in `authz.json`. */
import type { AuthzJson } from '@volttron/auth'
import { Argument, type Command } from 'commander'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import { type Column, renderTable } from '../output/table.ts'
import { readRules } from '../rules/rules-file.ts'

const SECTIONS = { role: 'roles', group: 'agent_groups', topics: 'protected_topics', agent: 'agents' } as const
type SectionWord = keyof typeof SECTIONS

export function addAuthzListCommand(authz: Command, shell: Shell): void {
  authz
    .command('list')
    .description('the rules, or one kind of them; under --json as in authz.json')
    .addArgument(new Argument('[kind]', 'one kind only').choices(Object.keys(SECTIONS)))
    .addHelpText('after', '\nExamples:\n  vctl authz list\n  vctl authz list agent --json')
    .action(async (word: SectionWord | undefined, _options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const rules = await readRules(invocation.home)
      if (word !== undefined)
        return invocation.show(sectionOf(rules, word), () => describeSection(rules, word, invocation))
      const words = Object.keys(SECTIONS) as SectionWord[]
      invocation.show(rules, () =>
        words.map((it) => `${SECTIONS[it]}\n${describeSection(rules, it, invocation)}`).join('\n\n'),
      )
    })
}

type Entry = Readonly<Record<string, unknown>>
type Row = readonly [name: string, entry: Entry]

const sectionOf = (rules: AuthzJson, word: SectionWord): unknown =>
  rules[SECTIONS[word]] ?? (word === 'topics' ? [] : {})

function describeSection(rules: AuthzJson, word: SectionWord, { terminal }: Invocation): string {
  const section = sectionOf(rules, word)
  if (Array.isArray(section)) return section.length === 0 ? 'no topic is protected' : section.map(printable).join('\n')
  const rows = Object.entries(section as Readonly<Record<string, Entry | null>>).map(
    ([name, entry]): Row => [name, entry ?? {}],
  )
  return renderTable(rows, COLUMNS[word as Exclude<SectionWord, 'topics'>], {
    terminal,
    empty: 'none',
  })
}

const list = (value: unknown): string => (Array.isArray(value) ? value.map(printable).join(' ') : '') || '-'
const topics = (value: unknown): string => list(Object.entries((value ?? {}) as Entry).map((pair) => pair.join(':')))

const RIGHTS: Column<Row>[] = [
  { heading: 'RPC CAPABILITIES', cell: ([, entry]) => list(entry.rpc_capabilities) },
  { heading: 'PUBSUB CAPABILITIES', cell: ([, entry]) => topics(entry.pubsub_capabilities) },
]
const ROLES: Column<Row> = { heading: 'ROLES', cell: ([, entry]) => list(entry.agent_roles ?? entry.roles) }

const COLUMNS: Readonly<Record<Exclude<SectionWord, 'topics'>, Column<Row>[]>> = {
  role: [{ heading: 'ROLE', cell: ([name]) => name }, ...RIGHTS],
  group: [
    { heading: 'GROUP', cell: ([name]) => name },
    { heading: 'IDENTITIES', cell: ([, entry]) => list(entry.identities) },
    ROLES,
    ...RIGHTS,
  ],
  agent: [
    { heading: 'IDENTITY', cell: ([name]) => name },
    ROLES,
    ...RIGHTS,
    { heading: 'PROTECTED RPCS', cell: ([, entry]) => list(entry.protected_rpcs) },
  ],
}
