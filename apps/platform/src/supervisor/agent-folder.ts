/**
 * `VOLTTRON_HOME/agents/<identity>`: one installed agent. The names are those of the Python platform (VIP specification,
 * section 7.6); `agent.json`, `package` and `venv` beside them are ours.
 */
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, fileError } from '@volttron/auth'
import { replaceFile } from '@volttron/config'
import { identityProblem, parseJson, VolttronError } from '@volttron/vip'
import * as z from 'zod'

/** What runs: a file of Node.js, or a function in the agent's own Python environment. */
export type Launch =
  | {
      readonly kind: 'node'
      /** Folder of the code: relative to the folder of the agent, or absolute when it stays where it is. */
      readonly code: string
      /** Relative to {@link code}. */
      readonly main: string
    }
  | { readonly kind: 'python'; readonly module: string; readonly function: string }

export interface InstalledAgent {
  readonly identity: string
  readonly uuid: string
  /** Name and version of the package: `volttron-listener-2.0.0`. */
  readonly name: string
  readonly version: string
  /** Absolute; also the working folder of the process. */
  readonly folder: string
  /** `undefined` when another platform has installed it. */
  readonly launch: Launch | undefined
  readonly tag: string | undefined
  /** `00` to `99`: it is started with the platform, low numbers first. */
  readonly priority: string | undefined
}

/** Names in the folder of an agent. */
export const AgentFile = {
  uuid: 'UUID',
  name: 'NAME',
  config: 'config',
  tag: 'TAG',
  priority: 'AUTOSTART',
  data: 'data',
  description: 'agent.json',
  /** Which process runs it, for a platform that was killed. */
  process: 'PROCESS',
  /** Code of a Node.js agent. */
  package: 'package',
  /** Environment of a Python agent. */
  environment: 'venv',
  /** VOLTTRON_HOME as an agent of another user sees it. */
  home: 'home',
} as const

const FORMAT_VERSION = 1
const MAX_TAG_CHARACTERS = 64
const FILE_MODE = 0o600

const descriptionShape = z.object({
  format: z.number(),
  version: z.string(),
  launch: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('node'), code: z.string(), main: z.string() }),
    z.object({ kind: z.literal('python'), module: z.string(), function: z.string() }),
  ]),
})

/** What is written at the installation and never changes. */
export interface AgentDescription {
  readonly uuid: string
  readonly name: string
  readonly version: string
  readonly launch: Launch
}

/** @throws VolttronError `system` */
export async function writeDescription(folder: string, agent: AgentDescription): Promise<void> {
  const { uuid, name, version, launch } = agent
  await write(join(folder, AgentFile.uuid), uuid)
  await write(join(folder, AgentFile.name), name)
  const description = { format: FORMAT_VERSION, version, launch }
  await write(join(folder, AgentFile.description), `${JSON.stringify(description, null, 2)}\n`)
}

/** @param tag at most 64 characters are kept; none removes it */
export async function writeTag(folder: string, tag: string | undefined): Promise<void> {
  await writeOrRemove(join(folder, AgentFile.tag), tag?.slice(0, MAX_TAG_CHARACTERS))
}

/** @throws VolttronError `usage` unless it is a number from 0 to 99 */
export async function writePriority(folder: string, priority: string | undefined): Promise<void> {
  await writeOrRemove(join(folder, AgentFile.priority), priority === undefined ? undefined : twoDigits(priority))
}

/** `5` becomes `05`. @throws VolttronError `usage` unless it is a number from 0 to 99 */
export function twoDigits(priority: string): string {
  const text = priority.trim()
  if (/^\d{1,2}$/.test(text)) return text.padStart(2, '0')
  throw new VolttronError('usage', `'${text.slice(0, 20)}' is no priority: expected a number from 0 to 99`)
}

/** Text of the configuration an agent was installed with, as Python agents read it: YAML, of which JSON is a part. */
export async function writeConfig(folder: string, config: string): Promise<void> {
  await write(join(folder, AgentFile.config), config.endsWith('\n') ? config : `${config}\n`)
}

/** Every installed agent, by identity. A folder that is none is named in `problems`. @throws VolttronError `system` */
export async function readAgents(agentsFolder: string): Promise<{ agents: InstalledAgent[]; problems: string[] }> {
  const agents: InstalledAgent[] = []
  const problems: string[] = []
  for (const identity of (await namesIn(agentsFolder)).sort()) {
    const agent = await readAgent(agentsFolder, identity)
    if (typeof agent === 'string') problems.push(`${join(agentsFolder, identity)} is no agent: ${agent}`)
    else agents.push(agent)
  }
  return { agents, problems }
}

/** @returns a line saying why when it is no agent */
export async function readAgent(agentsFolder: string, identity: string): Promise<InstalledAgent | string> {
  const problem = identityProblem(identity)
  if (problem !== undefined || identity.startsWith('.')) return problem ?? 'its name is no identity'
  const folder = join(agentsFolder, identity)
  const uuid = await firstLine(join(folder, AgentFile.uuid))
  if (!uuid) return `there is no ${AgentFile.uuid} in it`
  const name = (await firstLine(join(folder, AgentFile.name))) || identity
  const description = await readDescription(join(folder, AgentFile.description))
  if (typeof description === 'string') return description
  const priority = await firstLine(join(folder, AgentFile.priority))
  return {
    identity,
    uuid,
    name,
    version: description?.version ?? name.slice(name.lastIndexOf('-') + 1),
    folder,
    launch: description?.launch,
    tag: (await firstLine(join(folder, AgentFile.tag))) || undefined,
    priority: priority && /^\d{1,2}$/.test(priority) ? priority.padStart(2, '0') : undefined,
  }
}

async function readDescription(path: string): Promise<{ version: string; launch: Launch } | string | undefined> {
  const text = await readText(path)
  if (text === undefined) return undefined
  const parsed = descriptionShape.safeParse(parseJson(text))
  if (!parsed.success) return `${AgentFile.description} is damaged`
  if (parsed.data.format > FORMAT_VERSION) return `a newer platform has installed it`
  return parsed.data
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch (error) {
    throw fileError(`cannot read ${folder}`, error)
  }
}

const firstLine = async (path: string): Promise<string | undefined> => (await readText(path))?.split('\n', 1)[0]?.trim()

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw fileError(`cannot read ${path}`, error)
  }
}

async function writeOrRemove(path: string, text: string | undefined): Promise<void> {
  if (text) await write(path, text)
  else await rm(path, { force: true })
}

async function write(path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, text, { mode: FILE_MODE })
  } catch (error) {
    throw fileError(`cannot write ${path}`, error)
  }
}
