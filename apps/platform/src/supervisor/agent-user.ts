/** Agents under another user than the platform: what they may then reach, and what not. */
import { execFileSync } from 'node:child_process'
import { constants } from 'node:fs'
import { chmod, lchown, lstat, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileError } from '@volttron/auth'
import { replaceFile } from '@volttron/config'
import { VolttronError } from '@volttron/vip'
import type { HomePaths } from '../home/home-paths.ts'
import { AgentFile } from './agent-folder.ts'
import { type AgentUser, lend } from './folder-ownership.ts'

export interface HomeView {
  readonly instanceName: string
  readonly address: string
  readonly serverKey: string
}

/** @throws VolttronError `config` when the platform does not run as root, or there is no such user */
export function findUser(name: string): AgentUser {
  if (process.getuid?.() !== 0) {
    throw new VolttronError(
      'config',
      `agents cannot run as the user '${name}': only root may start processes as another user`,
      {
        hint: 'start the platform as root, or without --agent-user',
      },
    )
  }
  const id = (option: string) => {
    try {
      return Number(execFileSync('id', [option, name], { stdio: ['ignore', 'pipe', 'ignore'] }).toString())
    } catch (error) {
      throw new VolttronError('config', `there is no user '${name}' for the agents`, { cause: error })
    }
  }
  return { uid: id('-u'), gid: id('-g') }
}

/** Lets another user through to the folders of agents and to the local socket; keys and everything else are closed. */
export async function openWay({ home, run, agents }: HomePaths, socket: string): Promise<void> {
  try {
    // Until now the folder kept everybody out, whatever the modes of the files in it.
    for (const name of await readdir(home)) {
      const path = join(home, name)
      const { mode } = await lstat(path)
      if (path !== run && path !== agents && (mode & constants.S_IFMT) !== constants.S_IFLNK) {
        await chmod(path, mode & 0o700)
      }
    }
    for (const folder of [home, run, agents]) await chmod(folder, 0o711)
    // Whoever connects there has to prove a key all the same.
    await chmod(socket, 0o666)
  } catch (error) {
    throw fileError(`cannot open ${home} to agents of another user`, error)
  }
}

/**
 * Lets the user read the folder of an agent and write its data. Everything else in it stays the platform's: what an agent can
 * change must not decide what root reads, writes or ends.
 *
 * The folder gets a home of its own for the agent: it holds what an agent needs to connect, but not the platform's secret key,
 * of which Python agents only want that it is there.
 *
 * @returns the path of that home
 */
export async function handOver(folder: string, user: AgentUser, view: HomeView): Promise<string> {
  const home = join(folder, AgentFile.home)
  const data = join(folder, AgentFile.data)
  const credentials = join(home, 'credentials_store')
  try {
    await mkdir(credentials, { recursive: true })
    const { instanceName, address, serverKey } = view
    const config = `[volttron]\ninstance-name = ${instanceName}\naddress = ${address}\nmessagebus = zmq\n`
    await replaceFile(join(home, 'config'), config)
    const platform = { identity: 'platform', publickey: serverKey, secretkey: serverKey, domain: '', address: '' }
    await replaceFile(join(credentials, 'platform.json'), JSON.stringify(platform))
    await letRead(folder, user.gid, data)
    // Once: as soon as it is the user's, its processes may move things about in it.
    if ((await lstat(data)).uid !== user.uid) await lend(data, user)
  } catch (error) {
    throw fileError(`cannot hand ${folder} over to its user`, error)
  }
  return home
}

/** Gives a group the right to read, and to enter folders. @param but left out, with all that is in it */
async function letRead(path: string, gid: number, but: string): Promise<void> {
  const { uid, gid: group, mode } = await lstat(path)
  const isFolder = (mode & constants.S_IFMT) === constants.S_IFDIR
  if (group !== gid) await lchown(path, uid, gid)
  if ((mode & constants.S_IFMT) === constants.S_IFLNK) return
  const wanted = (mode & 0o777) | 0o040 | (isFolder || (mode & 0o100) !== 0 ? 0o010 : 0)
  // Nothing in it runs as its owner: that is us.
  if (wanted !== (mode & 0o7777)) await chmod(path, wanted)
  if (!isFolder) return
  for (const name of await readdir(path)) {
    if (join(path, name) !== but) await letRead(join(path, name), gid, but)
  }
}
