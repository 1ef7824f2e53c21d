/**
 * What the federation remembers between two runs: `federation_config.json`, in the form that the Python platform shares with
 * us, and beside it `federation_state.json`, which is ours. A file that cannot be used is set aside; the platform starts.
 */
import type { FederationStore } from '@volttron/federation'
import type { HomePaths } from '../home/home-paths.ts'
import { JsonFile, readJsonFile, setAsideFile, UnusableFile } from '../home/json-file.ts'

const STATE_VERSION = 1

export function federationStore(
  paths: HomePaths,
  unixMs: () => number,
  warn: (message: string) => void,
): FederationStore {
  const config = new JsonFile(paths.federationConfig)
  const state = new JsonFile(paths.federationState)
  const read = async (path: string): Promise<unknown> => {
    const { value, message } = await readJsonFile(path, refuseNewer, unixMs())
    if (message !== undefined) warn(message)
    return value
  }
  return {
    load: async () => ({ config: await read(paths.federationConfig), memory: await read(paths.federationState) }),
    async save(saved) {
      await config.save(saved.config)
      await state.save({ version: STATE_VERSION, ...saved.memory })
    },
    async setAside(reason) {
      warn(await setAsideFile(paths.federationConfig, reason, unixMs()))
    },
  }
}

/** The file that the Python platform shares has no version. */
function refuseNewer(json: unknown): unknown {
  const version: unknown = Object(json).version
  if (typeof version !== 'number' || version <= STATE_VERSION) return json
  throw new UnusableFile(`it was written by a newer version (format ${version})`, 'newer')
}
