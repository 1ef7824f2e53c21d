/** `VOLTTRON_HOME/authz.json` as it stands (VIP specification, section 6.3). */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AuthzJson, DEFAULT_AUTHZ, errorCode, fileError, readAuthzDocument } from '@volttron/auth'
import { describeError, VolttronError } from '@volttron/vip'

export const rulesPath = (home: string): string => join(home, 'authz.json')

/** @returns the rules of a new platform while there is no file. @throws VolttronError `bad-data` or `system` */
export async function readRules(home: string): Promise<AuthzJson> {
  const path = rulesPath(home)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return DEFAULT_AUTHZ
    throw fileError(`cannot read ${path}`, error)
  }
  try {
    const document = JSON.parse(text) as AuthzJson
    readAuthzDocument(document)
    return document
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'it is not JSON' : describeError(cause)
    throw corrupt(path, why, cause)
  }
}

const corrupt = (path: string, why: string, cause: unknown): VolttronError =>
  new VolttronError('bad-data', `${path} is corrupt: ${why}`, {
    hint: 'nothing was changed; repair the file or restore it from a backup',
    cause,
  })
