/** Reads and replaces `VOLTTRON_HOME/authz.json`. Replacing is atomic; a corrupt file is refused and left as it is. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DEFAULT_AUTHZ, errorCode, fileError } from '@volttron/auth'
import { makeFolder } from '@volttron/config'
import writeFileAtomic from 'write-file-atomic'
import { type AuthzDocument, parseAuthz } from './authz-document.ts'
import { withLock } from './file-lock.ts'

/** Rights are nobody else's business. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

/** @returns the rules of a new platform while there is no file. @throws VolttronError `bad-data` or `system` */
export async function readAuthz(home: string): Promise<AuthzDocument> {
  const path = pathIn(home)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return DEFAULT_AUTHZ
    throw fileError(`cannot read ${path}`, error)
  }
  return parseAuthz(text, path)
}

/** @throws VolttronError `bad-data` or `system`; the file is unchanged then */
export async function editAuthz(home: string, edit: (document: AuthzDocument) => AuthzDocument): Promise<void> {
  const path = pathIn(home)
  try {
    makeFolder(home, FOLDER_MODE)
    await withLock(path, async () => {
      const document = edit(await readAuthz(home))
      await writeFileAtomic(path, `${JSON.stringify(document, null, 2)}\n`, { mode: FILE_MODE })
    })
  } catch (error) {
    throw fileError(`cannot write ${path}`, error)
  }
}

const pathIn = (home: string): string => join(home, 'authz.json')
