/**
 * What a platform tells the process of an installed agent (VIP specification, section 1.6). Identity, keys and address are
 * taken from there by the options of an agent; the rest is here for its author.
 */
import { readFileSync } from 'node:fs'
import { withoutComments } from '@volttron/config'
import { parseJson, VolttronError } from '@volttron/vip'
import { parse as parseYaml } from 'yaml'

type Environment = Readonly<Record<string, string | undefined>>

export interface AgentEnvironment {
  /** `AGENT_VIP_IDENTITY`. */
  readonly identity: string | undefined
  /** `AGENT_UUID`: of this installation. */
  readonly uuid: string | undefined
  /** `AGENT_TAG`: the operator's short name for it. */
  readonly tag: string | undefined
  /** `AGENT_CONFIG`: path of the file given with the installation. See {@link readAgentConfig}. */
  readonly configPath: string | undefined
  /** `VOLTTRON_HOME` */
  readonly volttronHome: string | undefined
  /** A platform has started this process, and ends it. */
  readonly isLaunchedByPlatform: boolean
}

export function agentEnvironment(env: Environment = process.env): AgentEnvironment {
  return {
    identity: env.AGENT_VIP_IDENTITY || undefined,
    uuid: env.AGENT_UUID || undefined,
    tag: env.AGENT_TAG || undefined,
    configPath: env.AGENT_CONFIG || undefined,
    volttronHome: env.VOLTTRON_HOME || undefined,
    isLaunchedByPlatform: Boolean(env._LAUNCHED_BY_PLATFORM),
  }
}

/**
 * The configuration file of an agent: JSON, in which `//`, `#` and blocks may be comments, or YAML.
 *
 * @param path default: `AGENT_CONFIG`
 * @returns `{}` when there is no such variable, or the file is empty
 * @throws VolttronError `config` when the file cannot be read or holds neither
 * @example
 * agent.vip.config.setDefault('config', readAgentConfig())
 */
export function readAgentConfig<Config extends object = Record<string, unknown>>(
  path: string | undefined = agentEnvironment().configPath,
): Config {
  if (path === undefined) return {} as Config
  const contents = parse(readText(path), path)
  if (contents === null) return {} as Config
  if (typeof contents === 'object') return contents as Config
  throw new VolttronError('config', `${path} holds ${typeof contents}, not an object or a list`)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new VolttronError('config', `the configuration file ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function parse(text: string, path: string): unknown {
  // Before YAML, which would take `// text` before a name for a part of the name.
  const json = parseJson(withoutComments(text))
  if (json !== undefined) return json
  try {
    return parseYaml(text) ?? null
  } catch (error) {
    const [firstLine] = (error as Error).message.split('\n')
    throw new VolttronError('config', `${path} holds neither JSON nor YAML: ${firstLine}`, { cause: error })
  }
}
