/** `vctl run`: runs agents from their folders for as long as the command does. */
import { resolve } from 'node:path'
import { ReservedIdentity } from '@volttron/vip'
import type { Command } from 'commander'
import { Invocation, type Shell } from '../../invocation.ts'
import type { PlatformConnection } from '../../platform-connection.ts'
import { followAll } from './logs.ts'
import { readAgents } from './selection.ts'

/** Default of `--timeout`: the packages it depends on may come over a slow line. */
const INSTALL_TIMEOUT_MS = 1_200_000

export function addRunCommand(program: Command, shell: Shell): void {
  program
    .command('run <folder...>')
    .description('run agents from their folders, show what they print, and remove them at the end')
    .addHelpText('after', '\nExample:\n  vctl run ./my-agent')
    .action(async (folders: string[], _options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const platform = await invocation.connect(invocation.givenTimeoutMs ?? INSTALL_TIMEOUT_MS)
      const uuids: string[] = []
      try {
        // From now on an interrupt leaves nothing behind: it is looked at when the agents run.
        invocation.shell.interruption()
        for (const folder of folders) {
          const uuid = await install(platform, resolve(folder))
          uuids.push(uuid)
          await platform.call(ReservedIdentity.control, 'start_agent', [uuid])
        }
        const agents = (await readAgents(platform)).filter(({ uuid }) => uuids.includes(uuid))
        for (const { identity, pid } of agents)
          invocation.terminal.note(`${identity} runs, process ${pid}; Ctrl-C ends it`)
        await followAll(invocation, platform, agents)
      } finally {
        await removeAll(platform, uuids).finally(() => platform.close())
      }
    })
}

const install = async (platform: PlatformConnection, source: string): Promise<string> =>
  (await platform.call(ReservedIdentity.control, 'install_agent', [{ source, editable: true }])) as string

/** Whatever becomes of one of them. @throws what kept the first one that is still there */
async function removeAll(platform: PlatformConnection, uuids: readonly string[]): Promise<void> {
  const removals = uuids.map((uuid) => platform.call(ReservedIdentity.control, 'remove_agent', [uuid]))
  const failed = (await Promise.allSettled(removals)).find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}
