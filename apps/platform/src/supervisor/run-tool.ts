/** Runs a program of the system, such as pip or npm, to its end. What it prints goes into the log of installations. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { errorCode } from '@volttron/auth'
import { VolttronError } from '@volttron/vip'
import { withoutOwn } from './agent-environment.ts'
import { signalGroup } from './agent-process.ts'
import type { AgentUser } from './folder-ownership.ts'
import type { LogFiles } from './log-files.ts'
import { forgetProcess, recordProcess } from './orphans.ts'

export interface Tool {
  readonly command: string
  readonly args: readonly string[]
  /** Default: the folder of the installation. */
  readonly workingFolder?: string
  /** Beside the variables every tool gets. */
  readonly environment?: Readonly<Record<string, string>>
}

export interface ToolPorts {
  readonly logs: LogFiles
  /** Environment of the platform. */
  readonly environment: Readonly<NodeJS.ProcessEnv>
  /** Aborts when the platform stops: whatever runs is killed. */
  readonly signal: AbortSignal
  /** Another user the tools work as, because they run what packages bring along; `undefined`: that of the platform. */
  readonly user: AgentUser | undefined
}

/** Where the tools of one installation work. */
export interface Workplace extends ToolPorts {
  /** What is being installed. It stands in the log. */
  readonly subject: string
  /** Ours alone. What runs is noted down in it, for a platform that is killed meanwhile. */
  readonly folder: string
  /** Belongs to the user of the tools, and is gone afterwards: their home, and for what they store on the way. */
  readonly scratch: string
}

/** Large wheels may come over a slow line. */
const TIMEOUT_MS = 15 * 60_000
/** Of a program that never stops printing, only the end is kept. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024
/** How long the output of a program that has ended is waited for. */
const LAST_WORDS_MS = 1_000

export class ToolFailed extends Error {
  /** What it printed. */
  readonly output: string
  /** It could not be run at all; the message says why. */
  readonly isMissing: boolean

  constructor(message: string, output: string, isMissing = false) {
    super(message)
    this.output = output
    this.isMissing = isMissing
  }
}

/**
 * @returns what it printed on standard output
 * @throws ToolFailed; VolttronError `unavailable` when the platform stops, `system` when the log cannot be written
 */
export async function runTool(tool: Tool, place: Workplace): Promise<string> {
  const { command, args } = tool
  const { logs, signal, subject, user } = place
  requireRunning(signal)
  const { code, error, out, all } = await run(tool, place).catch(notRun)
  const output = all.toString()
  const head = `\n${new Date().toISOString()} ${subject}\n$ ${command} ${args.map(shown).join(' ')}\n`
  await logs.writeInstallation(`${head}${output}${output.endsWith('\n') ? '' : '\n'}`)
  requireRunning(signal)
  if (error !== undefined) {
    const [why, isMissing] = unusable(error, user)
    throw new ToolFailed(`${command} ${why}`, output, isMissing)
  }
  if (code === null) throw new ToolFailed(`${command} was ended from outside, or took too long`, output)
  if (code !== 0) throw new ToolFailed(`${command} ended with exit code ${code}`, output)
  return out.toString()
}

/** A program that is given as a whole is left out. */
const shown = (arg: string): string => (arg.includes('\n') ? '...' : arg)

interface Run {
  /** `null`: it was killed. */
  readonly code: number | null
  /** Why it could not be run at all. */
  readonly error?: unknown
  /** What it printed on standard output. */
  readonly out: Buffer
  /** What it printed. */
  readonly all: Buffer
}

/** Some reasons are told at once. */
const notRun = (error: unknown): Run => ({ code: null, error, out: Buffer.alloc(0), all: Buffer.alloc(0) })

/** Resolves when it has ended, with all it has started. */
function run({ command, args, workingFolder, environment }: Tool, place: Workplace): Promise<Run> {
  const { signal, folder, user } = place
  const out: Buffer[] = []
  const all: Buffer[] = []
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: workingFolder ?? place.scratch,
      env: { ...toolEnvironment(place), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: what it has started ends with it.
      detached: true,
      ...user,
    })
    let error: unknown
    const kill = () => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
    }
    const timer = setTimeout(kill, TIMEOUT_MS)
    let lastWords: NodeJS.Timeout | undefined
    signal.addEventListener('abort', kill)
    const resolve = (code: number | null) => {
      clearTimeout(timer)
      clearTimeout(lastWords)
      signal.removeEventListener('abort', kill)
      forgetProcess(folder)
      done({ code, error, out: Buffer.concat(out), all: Buffer.concat(all) })
    }
    child.stdout.on('data', (chunk: Buffer) => {
      keep(out, chunk)
      keep(all, chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => keep(all, chunk))
    child.once('error', (reason) => {
      error ??= reason
      if (child.pid === undefined) resolve(null)
    })
    child.once('exit', () => {
      kill()
      // What has left the group may keep the output open for ever.
      lastWords = setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }, LAST_WORDS_MS)
    })
    child.once('close', resolve)
    if (child.pid === undefined) return
    try {
      recordProcess(folder, child.pid)
    } catch (reason) {
      error = reason
      kill()
    }
  })
}

/** Settings of the npm project in which `npm run` or `npx` started the platform: they are none of the agent's. */
const OF_STARTING_PROJECT =
  /^npm_(config_(ignore_scripts|local_prefix|workspaces?|include_workspace_root|omit\w*|include|call)|lifecycle_\w+|package_\w+|command)$/

/**
 * Nothing that is meant for the platform alone. What is stored on the way goes where it is removed afterwards; another user,
 * who cannot use our home, has its own there.
 */
function toolEnvironment({ environment, user, scratch }: Workplace): Record<string, string> {
  const inherited = withoutOwn(environment)
  if (inherited.npm_lifecycle_event !== undefined)
    for (const name of Object.keys(inherited)) if (OF_STARTING_PROJECT.test(name)) delete inherited[name]
  const ours = { ...inherited, TMPDIR: scratch }
  if (!user) return ours
  return {
    ...ours,
    HOME: scratch,
    XDG_CACHE_HOME: join(scratch, '.cache'),
    PIP_CACHE_DIR: join(scratch, '.cache', 'pip'),
    npm_config_cache: join(scratch, '.npm'),
  }
}

function unusable(error: unknown, user: AgentUser | undefined): [why: string, isMissing: boolean] {
  if (error instanceof VolttronError) throw error
  const code = errorCode(error)
  if (code === 'ENOENT') return ['is missing', true]
  if (code === 'EACCES') return [user ? 'may not be executed by the user of the agents' : 'may not be executed', true]
  return [`cannot be run: ${code}`, true]
}

function requireRunning({ aborted }: AbortSignal): void {
  if (aborted) throw new VolttronError('unavailable', 'the platform is stopping')
}

/**
 * One line about a tool that failed: its last complaint, and where the rest is.
 *
 * @param what what could not be done: `pip cannot install listener`
 * @param isComplaint recognises lines in which the tool says what is wrong
 */
export function toolError(what: string, error: unknown, logs: LogFiles, isComplaint: RegExp): unknown {
  if (!(error instanceof ToolFailed)) return error
  const lines = error.output.split('\n').map((line) => line.trim())
  const complaint = lines.findLast((line) => isComplaint.test(line))?.replace(isComplaint, '') || error.message
  return new VolttronError('bad-data', `${what}: ${complaint.slice(0, 300)}`, {
    hint: `what it printed stands in ${logs.ofInstallations}`,
    cause: error,
  })
}

function keep(chunks: Buffer[], chunk: Buffer): void {
  chunks.push(chunk)
  let bytes = chunks.reduce((sum, { length }) => sum + length, 0)
  while (bytes > MAX_OUTPUT_BYTES && chunks.length > 1) bytes -= chunks.shift()!.length
}
