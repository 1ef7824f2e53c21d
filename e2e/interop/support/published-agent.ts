/** An agent from PyPI as it is, started as a platform starts it: by its program, with the environment of vip.md 1.6. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { eventually } from '@volttron/testkit'
import { PATIENCE_MS, type Stage } from '../../test/support/stage.ts'
import { pythonEnvironment, pythonProgram } from './python-program.ts'

export interface PublishedAgentPlan {
  /** Has its key in the home already. */
  readonly identity: string
  /** Of the package, as in `volttron-listener-agent`. */
  readonly program: string
  readonly config: object
}

export interface PublishedAgent {
  /** All that it has written. */
  log(): string
  /** Waits until it has written this. */
  wrote(text: string): Promise<boolean>
  readonly end: string | undefined
  /** Ends it as a platform does. */
  stop(): Promise<string>
}

export function startPublishedAgent(stage: Stage, home: string, plan: PublishedAgentPlan): PublishedAgent {
  const { identity, program, config } = plan
  const folder = stage.programs.makeFolder(`agent-${identity}`)
  const configPath = join(folder, 'config.json')
  writeFileSync(configPath, JSON.stringify(config))
  const logPath = join(folder, 'agent.log')
  const log = openSync(logPath, 'a')
  const child = spawn(join(dirname(pythonProgram()), program), {
    cwd: folder,
    stdio: ['ignore', log, log],
    env: {
      ...pythonEnvironment(home),
      AGENT_VIP_IDENTITY: identity,
      AGENT_CREDENTIALS: join(home, 'credentials_store', `${identity}.json`),
      AGENT_CONFIG: configPath,
    },
  })
  closeSync(log)
  let end: string | undefined
  const ended = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => {
      end = signal ?? `exit code ${code}`
      resolve(end)
    })
  })
  stage.defer(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const read = () => readFileSync(logPath, 'utf8')
  return {
    log: read,
    wrote: (text) =>
      eventually(
        () => {
          if (end !== undefined) throw new Error(`${identity} ended with ${end}: ${read()}`)
          return read().includes(text)
        },
        { timeoutMs: PATIENCE_MS, what: `"${text}" in the log of ${identity}` },
      ),
    get end() {
      return end
    },
    stop() {
      child.kill('SIGINT')
      return ended
    },
  }
}
