/** The commands about agents: what is installed, what runs, and everything an operator does with it. */
import type { Command } from 'commander'
import type { Shell } from '../../invocation.ts'
import { addInstallCommand } from './install.ts'
import { addLibraryCommands } from './libraries.ts'
import { addLifeCommands } from './life.ts'
import { addLogsCommand } from './logs.ts'
import { addRemoveCommand } from './remove.ts'
import { addRunCommand } from './run.ts'
import { addStatusCommand } from './status.ts'
import { addTagCommand } from './tag.ts'

export function addAgentCommands(program: Command, shell: Shell): void {
  addInstallCommand(program, shell)
  addLibraryCommands(program, shell)
  addRemoveCommand(program, shell)
  addLifeCommands(program, shell)
  addTagCommand(program, shell)
  addStatusCommand(program, shell)
  addLogsCommand(program, shell)
  addRunCommand(program, shell)
}
