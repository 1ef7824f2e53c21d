/**
 * The configurations of one agent. Immutable: a change makes a new one, so that it counts only once it is on the disk.
 *
 * One that cannot be read any more (it was changed by hand) stays, so that nobody loses it: its text can be had, the agent
 * does not get it.
 */
import { WrittenJson } from '@volttron/vip'
import { type ConfigContents, type ConfigType, configContents } from './config-contents.ts'
import { configError } from './config-error.ts'
import { leadsTo } from './config-links.ts'
import { configName, nameKey } from './config-name.ts'

/** As `get_metadata` tells it and as it stands in the file. */
export interface ConfigRecord {
  readonly type: ConfigType
  /** ISO 8601; `null` when the file does not say. */
  readonly modified: string | null
  /** The text as it was stored. */
  readonly data: string
}

interface Config extends ConfigRecord {
  readonly name: string
  /** `undefined` when the text cannot be read; then there is a problem. */
  readonly contents: ConfigContents | undefined
  readonly problem?: string
}

export interface NewConfig {
  readonly name: unknown
  readonly type: unknown
  readonly text: unknown
  readonly modified: string
}

/** `{name: record}`, the form of a store's file. */
export type StoreDocument = Readonly<Record<string, ConfigRecord>>

export class AgentConfigs {
  readonly #configs: ReadonlyMap<string, Config>

  private constructor(configs: ReadonlyMap<string, Config>) {
    this.#configs = configs
  }

  static readonly none: AgentConfigs = new AgentConfigs(new Map())

  /**
   * Reads the form of the file.
   *
   * @returns `undefined` when it is not of that form; `problems` tells in one line each which configurations are no good,
   *   and nothing of what they hold
   */
  static read(json: unknown): { readonly configs: AgentConfigs; readonly problems: readonly string[] } | undefined {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
    const configs = new Map<string, Config>()
    const problems: string[] = []
    for (const [name, record] of Object.entries(json)) {
      if (!isRecord(record)) return undefined
      const config = readConfig(name, record)
      if (configs.has(nameKey(name))) problems.push(`'${name}' is there twice, in different cases; one is dropped`)
      else configs.set(nameKey(name), config)
      if (config.problem !== undefined) problems.push(`'${name}' cannot be used: its text is no ${config.type}`)
    }
    for (const [key, config] of configs) {
      if (!leadsTo(key, config.contents?.value, (other) => configs.get(other)?.contents?.value)) continue
      configs.set(key, { ...config, contents: undefined, problem: LOOP })
      problems.push(`'${config.name}' cannot be used: ${LOOP}`)
    }
    return { configs: new AgentConfigs(configs), problems }
  }

  get isEmpty(): boolean {
    return this.#configs.size === 0
  }

  /** Names in order. */
  get names(): readonly string[] {
    return [...this.#configs.values()].map(({ name }) => name).sort()
  }

  /** `undefined` when there is none of that name. */
  get(name: unknown): Config | undefined {
    return this.#configs.get(nameKey(configName(name)))
  }

  /** What the agent gets: one object, by name. @throws VolttronError `bad-data` when it is beyond what a text can be */
  contents(): WrittenJson {
    const configs = [...this.#configs.values()]
    return WrittenJson.object(configs.flatMap(({ name, contents }) => (contents ? [[name, contents.written()]] : [])))
  }

  document(): StoreDocument {
    const records = [...this.#configs.values()]
    return Object.fromEntries(records.map(({ name, type, modified, data }) => [name, { type, modified, data }]))
  }

  /** With one more, or one replaced. @throws VolttronError `bad-data` */
  with({ name: text, type, text: data, modified }: NewConfig): AgentConfigs {
    const name = configName(text)
    const contents = configContents(type, data)
    if (leadsTo(nameKey(name), contents.value, (key) => this.#configs.get(key)?.contents?.value)) {
      throw configError('bad-data', LOOP)
    }
    const config = { name, type: type as ConfigType, modified, data: data as string, contents }
    return new AgentConfigs(new Map(this.#configs).set(nameKey(name), config))
  }

  /** Without one; the same when there is none of that name. */
  without(name: string): AgentConfigs {
    const configs = new Map(this.#configs)
    return configs.delete(nameKey(configName(name))) ? new AgentConfigs(configs) : this
  }
}

const LOOP = 'Recursive configuration references detected.'

const TYPES: ReadonlySet<unknown> = new Set<ConfigType>(['raw', 'json', 'csv'])

function isRecord(value: unknown): value is ConfigRecord {
  if (typeof value !== 'object' || value === null) return false
  const { type, data } = value as Partial<ConfigRecord>
  return TYPES.has(type) && typeof data === 'string'
}

function readConfig(name: string, { type, modified, data }: ConfigRecord): Config {
  const record = { name, type, modified: typeof modified === 'string' ? modified : null, data }
  try {
    return { ...record, contents: configContents(type, data) }
  } catch (error) {
    return { ...record, contents: undefined, problem: (error as Error).message }
  }
}
