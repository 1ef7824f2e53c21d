/**
 * `vctl authz`: what agents may do: call methods, publish and subscribe. Kept in `authz.json`, in VOLTTRON's format; a
 * running platform changes it for us, and has the new rules in force when the command returns.
 */
import { VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { confirm } from '../confirmation.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import { type Leftover, leftoversOfRules, withLeftovers } from '../rules/leftovers.ts'
import {
  addAgent,
  addGroup,
  addRole,
  addTopics,
  applyChange,
  dropAgent,
  dropGroup,
  dropMembers,
  dropRole,
  dropTopics,
  type RuleChange,
} from '../rules/rule-change.ts'
import { capabilitiesOf, checkAgentIdentity, parseTopics, type RightsOptions, rightsOf } from '../rules/words.ts'
import { addAuthzListCommand } from './authz-list.ts'

interface AgentOptions extends RightsOptions {
  readonly protectedRpcs?: readonly string[]
  readonly comments?: string
}

const FORMS = `
Rights:
  CALLEE.METHOD                             an RPC capability; /…/ is a pattern of that
  {"CALLEE.METHOD": {"PARAMETER": "VALUE"}} the same with a restricted parameter; the value may be a /…/ too
  TOPIC:publish|subscribe|pubsub            a pubsub capability; the topic may be a /…/`

export function addAuthzCommands(program: Command, shell: Shell): void {
  const authz = program.command('authz').description('what agents may do, also those of other platforms')
  addAdditions(authz.command('add').description('add rights'), shell)
  addRemovals(authz.command('remove').description('remove rights'), shell)
  addAuthzListCommand(authz, shell)
}

function addAdditions(add: Command, shell: Shell): void {
  withCapabilities(add.command('role <name>'))
    .description('make a role, or give it more rights')
    .addHelpText('after', `${FORMS}\n\nExample:\n  vctl authz add role reader --rpc-capabilities thermostat.read`)
    .action(async (name: string, options: RightsOptions, command: Command) => {
      const done = { role: name, added: given(options) }
      await change(
        new Invocation(shell, command),
        addRole(name, capabilitiesOf(options)),
        done,
        `role ${name} is changed`,
      )
    })

  withRoles(withCapabilities(add.command('group <name> <identities...>')))
    .description('make a group of agents, or give it more members and rights')
    .addHelpText('after', `${FORMS}\n\nExample:\n  vctl authz add group operators alice bob --role-names reader`)
    .action(async (name: string, identities: string[], options: RightsOptions, command: Command) => {
      const done = { group: name, identities, added: given(options) }
      const asked = addGroup(name, identities, rightsOf(options))
      await change(new Invocation(shell, command), asked, done, `group ${name} is changed`)
    })

  add
    .command('topics <topics...>')
    .description('protect topics: only agents with a pubsub capability may use them; /…/ is a pattern')
    .addHelpText('after', '\nExample:\n  vctl authz add topics devices/secret "/commands/.*/"')
    .action(async (topics: string[], _options: unknown, command: Command) => {
      const asked = addTopics(parseTopics(topics))
      await change(new Invocation(shell, command), asked, { topics, protected: true }, `protected: ${topics.join(' ')}`)
    })

  withRoles(withCapabilities(add.command('agent <identity>')))
    .description('give rights to an agent; IDENTITY, PLATFORM/IDENTITY or PLATFORM/*')
    .option(
      '--protected-rpcs <methods...>',
      'methods of this agent that only callers with the capability may call (-pts)',
    )
    .option('-c, --comments <text>', 'a note')
    .addHelpText(
      'after',
      `${FORMS}

Examples:
  vctl authz add agent operator --rpc-capabilities thermostat.read,thermostat.set_point
  vctl authz add agent driver --pubsub-capabilities devices/:publish --role-names reader
  vctl authz add agent site-b/operator --rpc-capabilities thermostat.read`,
    )
    .action(async (identity: string, options: AgentOptions, command: Command) => {
      checkAgentIdentity(identity)
      const { protectedRpcs, comments } = options
      const added = given(options)
      if (Object.keys(added).length === 0 && !protectedRpcs && !comments)
        throw new VolttronError('usage', 'no right is given', { hint: 'add --help shows the options' })
      const asked = addAgent(identity, { ...rightsOf(options), protectedRpcs, comments })
      await change(new Invocation(shell, command), asked, { identity, added }, `the rights of ${identity} are changed`)
    })
}

function addRemovals(remove: Command, shell: Shell): void {
  remove
    .command('role <name>')
    .description('remove a role')
    .addHelpText('after', '\nExample:\n  vctl authz remove role reader')
    .action(async (name: string, _options: unknown, command: Command) => {
      await take(new Invocation(shell, command), dropRole(name), { role: name }, `the role '${name}'`)
    })

  remove
    .command('group <name> [identities...]')
    .description('remove a group, or only some of its members')
    .addHelpText('after', '\nExamples:\n  vctl authz remove group operators\n  vctl authz remove group operators bob')
    .action(async (name: string, identities: string[], _options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      if (identities.length === 0) await take(invocation, dropGroup(name), { group: name }, `the group '${name}'`)
      else await take(invocation, dropMembers(name, identities), { group: name, identities }, `members of '${name}'`)
    })

  remove
    .command('topics <topics...>')
    .description('protect topics no longer')
    .addHelpText('after', '\nExample:\n  vctl authz remove topics devices/secret')
    .action(async (topics: string[], _options: unknown, command: Command) => {
      await take(
        new Invocation(shell, command),
        dropTopics(topics),
        { topics },
        `the protection of ${topics.join(' ')}`,
      )
    })

  remove
    .command('agent <identity>')
    .description('remove all rights written for an agent; its key stays')
    .addHelpText('after', '\nExample:\n  vctl authz remove agent site-b/operator')
    .action(async (identity: string, _options: unknown, command: Command) => {
      checkAgentIdentity(identity)
      const invocation = new Invocation(shell, command)
      await take(invocation, dropAgent(identity), { identity }, `the rights of '${identity}'`, () =>
        leftoversOfRules(invocation, identity),
      )
    })
}

const withCapabilities = (command: Command): Command =>
  command
    .option('--rpc-capabilities <rights...>', 'methods that may be called (-rpc)')
    .option('--pubsub-capabilities <rights...>', 'protected topics that may be used (-ps)')

const withRoles = (command: Command): Command =>
  command.option('--role-names <roles...>', 'roles whose rights it has too (-rns)')

/** The options that were given, in the words of authz.json. */
const given = (options: RightsOptions): Record<string, readonly string[]> => ({
  ...(options.rpcCapabilities && { rpc_capabilities: options.rpcCapabilities }),
  ...(options.pubsubCapabilities && { pubsub_capabilities: options.pubsubCapabilities }),
  ...(options.roleNames && { agent_roles: options.roleNames }),
})

async function change(invocation: Invocation, asked: RuleChange, done: object, sentence: string): Promise<void> {
  await applyChange(invocation, asked)
  invocation.show(done, () => printable(sentence))
}

/** @param leftovers looks for what there still is, once it is done */
async function take(
  invocation: Invocation,
  asked: RuleChange,
  what: object,
  name: string,
  leftovers?: () => Promise<Leftover[]>,
): Promise<void> {
  await confirm(invocation, `Remove ${printable(name)}?`)
  if (!(await applyChange(invocation, asked)))
    throw new VolttronError('not-found', `there is nothing to remove: ${printable(name)}`, {
      hint: 'vctl authz list shows all rules',
    })
  const kept = await leftovers?.()
  const done = { ...what, removed: true, ...(kept && { kept }) }
  invocation.show(done, () => withLeftovers(`removed: ${printable(name)}`, kept ?? []))
}
