/** The real world for {@link parsePlatformOptions}. */
import { readFileSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { errorCode, fileError } from '@volttron/auth'
import type { OptionPorts } from './platform-options.ts'

/** Configuration files are small; what is larger is something else. */
const MAX_FILE_BYTES = 1024 * 1024

/** @param version what `--version` prints */
export function systemPorts(version: string): OptionPorts {
  return {
    readFile(path) {
      try {
        return readFileSync(path).subarray(0, MAX_FILE_BYTES).toString('utf8')
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return undefined
        throw fileError(`cannot read ${path}`, error)
      }
    },
    hostName: hostname(),
    userHome: homedir(),
    workingFolder: process.cwd(),
    version,
  }
}
