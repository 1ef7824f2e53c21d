/** What `install_agent` is asked (VIP specification, section 7.2): the options object of the Python platform, checked. */
import { VolttronError } from '@volttron/vip'
import * as z from 'zod'

const requestShape = z.object({
  /** Absolute path on the machine of the platform, name of a Python package, or name of the file in `data`. */
  source: z.string().min(1).max(4096),
  /** Start it when it is installed. */
  start: z.boolean().default(false),
  /** The file itself, in base64. */
  data: z.string().nullish(),
  identity: z.string().nullish(),
  tag: z.string().nullish(),
  /** Run the code where it is; folders only. */
  editable: z.boolean().default(false),
  /** Replace an agent of the same identity; its data, tag and priority stay. */
  force: z.boolean().default(false),
  allow_prerelease: z.boolean().default(false),
  /** An object, or the text of a YAML or JSON file. */
  agent_config: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  /** Credentials made elsewhere. */
  credentials: z.unknown().optional(),
  /** Start it with the platform. */
  enabled: z.boolean().default(false),
  priority: z.union([z.number().int(), z.string()]).nullish(),
})

export interface InstallRequest {
  readonly source: string
  readonly start: boolean
  readonly data: string | undefined
  readonly identity: string | undefined
  readonly tag: string | undefined
  readonly editable: boolean
  readonly force: boolean
  readonly allowPrereleases: boolean
  /** Text of the file `config`; `undefined` when none was given. */
  readonly config: string | undefined
  readonly priority: string | undefined
}

const DEFAULT_PRIORITY = '50'

/** @throws VolttronError `usage` naming the option that is wrong */
export function readInstallRequest(options: unknown): InstallRequest {
  const parsed = requestShape.safeParse(options)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const where = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''
    throw new VolttronError('usage', `install_agent: ${where}${issue?.message}`)
  }
  const { data, identity, tag, allow_prerelease, agent_config, credentials, enabled, priority, ...rest } = parsed.data
  if (credentials !== undefined && credentials !== null) {
    throw new VolttronError('usage', 'install_agent: the platform makes the credentials of an agent itself')
  }
  return {
    ...rest,
    data: data ?? undefined,
    identity: identity ?? undefined,
    tag: tag ?? undefined,
    allowPrereleases: allow_prerelease,
    config: configText(agent_config ?? undefined),
    priority: priority === undefined || priority === null ? (enabled ? DEFAULT_PRIORITY : undefined) : String(priority),
  }
}

/** An empty object is what the Python `vctl` sends when no configuration was given. */
function configText(config: string | Record<string, unknown> | undefined): string | undefined {
  if (typeof config === 'string') return config
  if (config === undefined || Object.keys(config).length === 0) return undefined
  return JSON.stringify(config, null, 2)
}
