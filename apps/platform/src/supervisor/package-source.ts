/** What somebody wants to have installed: a folder, a file, or the name of a Python package. */
import { existsSync, statSync } from 'node:fs'
import { cp, lstat, readlink, symlink } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { replaceFile } from '@volttron/config'
import { VolttronError } from '@volttron/vip'

export type PackageSource =
  /** A folder with `package.json`, or an npm tarball. */
  | { readonly kind: 'node'; readonly path: string; readonly isFolder: boolean }
  /** A folder, wheel or source archive, or a requirement such as `volttron-listener>=2`. */
  | { readonly kind: 'python'; readonly requirement: string; readonly isFolder: boolean }

const REQUIREMENT = /^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._,-]*\])?\s*([<>=!~@][^\s;|&]*)?(,[<>=!~][^\s;|&]*)*$/
const NODE_ARCHIVE = /\.tgz$/
const PYTHON_ARCHIVE = /\.(whl|tar\.gz)$/

/**
 * @param source an absolute path on the platform's machine, or the name of a Python package; the name of a file when `data` is given
 * @param data the file itself, in base64
 * @param staging where the file is put
 * @throws VolttronError `usage`, `not-found`, `bad-data`
 */
export async function findPackage(source: string, data: string | undefined, staging: string): Promise<PackageSource> {
  if (data !== undefined) {
    const found = sourceOfFile(join(staging, basename(source)))
    await writeData(join(staging, basename(source)), data)
    return found
  }
  if (!isAbsolute(source)) return sourceOfName(source)
  if (!existsSync(source)) throw new VolttronError('not-found', `there is no ${source} on the machine of the platform`)
  return statSync(source).isDirectory() ? sourceOfFolder(source) : sourceOfFile(source)
}

function sourceOfFolder(path: string): PackageSource {
  if (existsSync(join(path, 'package.json'))) return { kind: 'node', path, isFolder: true }
  if (existsSync(join(path, 'pyproject.toml')) || existsSync(join(path, 'setup.py'))) {
    return { kind: 'python', requirement: path, isFolder: true }
  }
  throw new VolttronError('bad-data', `${path} is no agent: there is neither package.json nor pyproject.toml in it`)
}

function sourceOfFile(path: string): PackageSource {
  if (NODE_ARCHIVE.test(path)) return { kind: 'node', path, isFolder: false }
  if (PYTHON_ARCHIVE.test(path)) return { kind: 'python', requirement: path, isFolder: false }
  throw new VolttronError('usage', `${path} is no package of an agent`, {
    hint: 'install a folder, an npm tarball (.tgz), a wheel (.whl) or a source archive (.tar.gz)',
  })
}

function sourceOfName(source: string): PackageSource {
  if (REQUIREMENT.test(source)) {
    // As poetry writes it; pip knows no @latest.
    const requirement = source.replace(/@latest$/, '').replace(/@(?=[\d<>=!~])/, '==')
    return { kind: 'python', requirement, isFolder: false }
  }
  throw new VolttronError('usage', `'${source.slice(0, 200)}' is neither an absolute path nor the name of a package`)
}

async function writeData(path: string, data: string): Promise<void> {
  const bytes = Buffer.from(data, 'base64')
  if (bytes.length === 0) throw new VolttronError('bad-data', `the data of ${basename(path)} are no base64`)
  await replaceFile(path, bytes, { mode: 0o600 })
}

/**
 * Links within the folder stay within the copy; those that lead out of it lead to the same place. What is neither a file, a
 * folder nor a link, such as a socket, is left out.
 *
 * @throws VolttronError `usage` when the copy would lie in the folder; errors of the file system
 */
export async function copyFolder(
  from: string,
  to: string,
  { except }: { readonly except?: string } = {},
): Promise<void> {
  if (to.startsWith(from + sep)) {
    throw new VolttronError('usage', `${from} is no folder of an agent: the home of the platform is in it`)
  }
  const filter = async (source: string, target: string): Promise<boolean> => {
    if (basename(source) === except) return false
    const found = await lstat(source)
    if (!found.isSymbolicLink()) return found.isFile() || found.isDirectory()
    const link = await readlink(source)
    const meant = resolve(dirname(source), link)
    if (isAbsolute(link) || meant === from || meant.startsWith(from + sep)) return true
    await symlink(meant, target)
    return false
  }
  await cp(from, to, { recursive: true, verbatimSymlinks: true, filter })
}
