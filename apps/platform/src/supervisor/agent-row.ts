/** How an agent is, as everybody is told. */
import type { InstalledAgent } from './agent-folder.ts'
import type { AgentState, Ending } from './agent-machine.ts'

export type AgentStatus = 'running' | 'starting' | 'stopping' | 'stopped' | 'restarting' | 'crashed'

export interface AgentRow {
  readonly agent: InstalledAgent
  readonly status: AgentStatus
  readonly pid: number | undefined
  /** Of its last process; a signal is its number, negative. */
  readonly exitCode: number | undefined
  /** Times it was started again after a failure, since it was installed or the platform runs. */
  readonly restarts: number
  readonly uptimeMs: number | undefined
  readonly restartInMs: number | undefined
  readonly cpuPercent: number | undefined
  readonly memoryBytes: number | undefined
}

export interface AgentRowPorts {
  /** What a process uses that runs since then. */
  use(pid: number, sinceMs: number): { readonly cpuPercent: number; readonly memoryBytes: number } | undefined
  /** Monotonic. */
  readonly nowMs: number
}

const NOTHING_KNOWN = {
  pid: undefined,
  exitCode: undefined,
  uptimeMs: undefined,
  restartInMs: undefined,
  cpuPercent: undefined,
  memoryBytes: undefined,
} as const

export function agentRow(
  agent: InstalledAgent,
  state: AgentState,
  restarts: number,
  { use, nowMs }: AgentRowPorts,
): AgentRow {
  const base = { agent, restarts, ...NOTHING_KNOWN }
  switch (state.at) {
    case 'running':
      return {
        ...base,
        status: 'running',
        pid: state.pid,
        uptimeMs: nowMs - state.sinceMs,
        ...use(state.pid, state.sinceMs),
      }
    case 'starting':
      return { ...base, status: 'starting' }
    case 'stopping':
      return { ...base, status: 'stopping', pid: state.pid }
    case 'waiting':
      return { ...base, status: 'restarting', ...ended(state.last), restartInMs: Math.max(0, state.dueMs - nowMs) }
    case 'given-up':
      return { ...base, status: 'crashed', ...ended(state.last) }
    case 'idle':
      return { ...base, status: 'stopped', ...(state.last ? ended(state.last) : {}) }
  }
}

const ended = ({ pid, code }: Ending) => ({ pid, exitCode: code })
