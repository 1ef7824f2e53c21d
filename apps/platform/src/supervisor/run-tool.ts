/** Runs a program of the system, such as pip or npm, to its end. What it prints goes into the log of installations. */
import { spawn } from 'node:child_process'
import { errorCode } from '@volttron/auth'
import { VolttronError } from '@volttron/vip'
import { signalGroup } from './agent-process.ts'
import type { LogFiles } from './log-files.ts'

export interface Tool {
  readonly command: string
  readonly args: readonly string[]
  readonly workingFolder?: string
  /** Instead of that of the platform. */
  readonly environment?: Readonly<NodeJS.ProcessEnv>
}

export interface ToolPorts {
  readonly logs: LogFiles
  /** Environment of the platform. */
  readonly environment: Readonly<NodeJS.ProcessEnv>
  /** Aborts when the platform stops: whatever runs is killed. */
  readonly signal: AbortSignal
}

/** Large wheels may come over a slow line. */
const TIMEOUT_MS = 15 * 60_000
/** Of a program that never stops printing, only the end is kept. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024

export class ToolFailed extends Error {
  /** What it printed. */
  readonly output: string
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
export async function runTool({ command, args, workingFolder, environment }: Tool, ports: ToolPorts): Promise<string> {
  const { logs, signal } = ports
  requireRunning(signal)
  const out: Buffer[] = []
  const all: Buffer[] = []
  const how = await new Promise<{ code: number | null; error?: unknown }>((done) => {
    const child = spawn(command, args, {
      ...(workingFolder === undefined ? {} : { cwd: workingFolder }),
      env: environment ?? ports.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: what it has started ends with it.
      detached: true,
    })
    const kill = () => child.pid !== undefined && signalGroup(child.pid, 'SIGKILL')
    const timer = setTimeout(kill, TIMEOUT_MS)
    signal.addEventListener('abort', kill)
    const resolve = (result: { code: number | null; error?: unknown }) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', kill)
      done(result)
    }
    child.stdout.on('data', (chunk: Buffer) => {
      keep(out, chunk)
      keep(all, chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => keep(all, chunk))
    child.once('error', (error) => resolve({ code: null, error }))
    child.once('close', (code) => resolve({ code }))
  })
  const output = Buffer.concat(all).toString()
  await logs.writeInstallation(`$ ${command} ${args.join(' ')}\n${output}${output.endsWith('\n') ? '' : '\n'}`)
  requireRunning(signal)
  if (errorCode(how.error) === 'ENOENT') throw new ToolFailed(`${command} is not there`, output, true)
  if (how.error !== undefined) throw new ToolFailed(`${command} cannot be run: ${errorCode(how.error)}`, output)
  if (how.code === null) throw new ToolFailed(`${command} was ended, it took too long`, output)
  if (how.code !== 0) throw new ToolFailed(`${command} ended with exit code ${how.code}`, output)
  return Buffer.concat(out).toString()
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
