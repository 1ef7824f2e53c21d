/**
 * What the platform's own services answer to `vctl`: shapes of RPC results. Fields are those of `--json`, so a name here is a
 * promise to scripts.
 */

/** A row of `platform.control.connections`. */
export interface ConnectionRow {
  readonly identity: string
  readonly kind: string
  /** `host:port` as the network sees it, or the path of the local socket. */
  readonly remote: string
  readonly protocol: 'vip1' | 'volttron-ts'
  readonly messages_in: number
  readonly messages_out: number
  readonly bytes_in: number
  readonly bytes_out: number
  /** Bytes that wait for the peer. */
  readonly queued_bytes: number
  /** Messages and records refused because the queue of this peer was full. */
  readonly dropped: number
  readonly connected_s: number
}

/** A row of `platform.control.agents`: an installed agent and its process. */
export interface AgentRow {
  readonly identity: string
  readonly uuid: string
  /** Name and version of its package. */
  readonly name: string
  readonly version: string
  /** `null` when another platform has installed it. */
  readonly kind: 'node' | 'python' | null
  readonly tag: string | null
  /** `00` to `99`: started with the platform, low numbers first. */
  readonly priority: string | null
  readonly status: 'running' | 'starting' | 'stopping' | 'stopped' | 'restarting' | 'crashed'
  readonly pid: number | null
  /** How its last process ended; a signal is its number, negative. */
  readonly exit_code: number | null
  /** Times it was started again after a failure, since it was installed or the platform runs. */
  readonly restarts: number
  readonly uptime_s: number | null
  readonly restart_in_s: number | null
  /** Of one processor, since the last look. */
  readonly cpu_percent: number | null
  readonly memory_mb: number | null
  /** Name of its log, for `read_log`. */
  readonly log: string
}

/** Answer of `platform.control.platform_info`. */
export interface PlatformInfo {
  readonly instance_name: string
  readonly version: string
  readonly pid: number
  readonly uptime_s: number
  readonly addresses: readonly string[]
  readonly public_key: string
  readonly memory_mb: number
  /** By part of the platform. */
  readonly counters: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Answer of `platform.control.rotate_platform_key`. */
export interface RotatedPlatformKey {
  readonly old: string
  readonly new: string
  /** What the registry said; `none` without one. */
  readonly registry: string
}

/** Answer of `platform.federation.status`. */
export interface FederationReport {
  /** `null` when the platform uses none. */
  readonly registry: RegistryReport | null
  readonly platforms: readonly FederationRow[]
}

export interface RegistryReport {
  readonly url: string
  readonly status: string
  /** One line for people; null when all is well. */
  readonly reason: string | null
  /** Unix seconds; null before the first good answer. */
  readonly last_contact: number | null
}

/** One known platform, connected or not. */
export interface FederationRow {
  readonly platform: string
  readonly address: string
  readonly group: string
  readonly connected: boolean
  readonly status: string
  /** One line for people; null when there is nothing to say. */
  readonly reason: string | null
  readonly next_retry_in_s: number | null
  /** Unix seconds; null before the first. */
  readonly last_heartbeat: number | null
  /** Spoken now, or last: `volttron-ts`, or `vip1` with a Python platform; null before the first connection. */
  readonly protocol: string | null
  /** Prefixes the platform wants from us. */
  readonly interest_in: number
  /** Prefixes we want from the platform. */
  readonly interest_out: number
}
