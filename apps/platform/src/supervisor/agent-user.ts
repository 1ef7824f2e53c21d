/** Agents under another user than the platform: what they may then reach, and what not. */
import { execFileSync } from 'node:child_process'
import { chmod, lchown, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileError } from '@volttron/auth'
import { VolttronError } from '@volttron/vip'
import writeFileAtomic from 'write-file-atomic'
import type { HomePaths } from '../home/home-paths.ts'

export interface AgentUser {
  readonly uid: number
  readonly gid: number
}

export interface HomeView {
  readonly instanceName: string
  readonly address: string
  readonly serverKey: string
}

/** In the folder of an agent: VOLTTRON_HOME as it sees it. */
const VIEW = 'home'

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

/** Lets another user through to the folders of agents and to the local socket; keys and everything else stay closed. */
export async function openWay({ home, run, agents }: HomePaths, socket: string): Promise<void> {
  try {
    for (const folder of [home, run, agents]) await chmod(folder, 0o711)
    // Whoever connects there has to prove a key all the same.
    await chmod(socket, 0o666)
  } catch (error) {
    throw fileError(`cannot open ${home} to agents of another user`, error)
  }
}

/**
 * Gives an agent its folder, and in it a home of its own: it holds what an agent needs to connect, but not the platform's
 * secret key, of which Python agents only want that it is there.
 *
 * @returns the path of that home
 */
export async function handOver(folder: string, { uid, gid }: AgentUser, view: HomeView): Promise<string> {
  const home = join(folder, VIEW)
  const credentials = join(home, 'credentials_store')
  try {
    await mkdir(credentials, { recursive: true, mode: 0o700 })
    const { instanceName, address, serverKey } = view
    const config = `[volttron]\ninstance-name = ${instanceName}\naddress = ${address}\nmessagebus = zmq\n`
    await writeFileAtomic(join(home, 'config'), config)
    const platform = { identity: 'platform', publickey: serverKey, secretkey: serverKey, domain: '', address: '' }
    await writeFileAtomic(join(credentials, 'platform.json'), JSON.stringify(platform))
    await giveAway(folder, uid, gid)
  } catch (error) {
    throw fileError(`cannot hand ${folder} over to its user`, error)
  }
  return home
}

async function giveAway(path: string, uid: number, gid: number): Promise<void> {
  await lchown(path, uid, gid)
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const inner = join(path, entry.name)
    if (entry.isDirectory()) await giveAway(inner, uid, gid)
    else if ((await stat(inner).catch(() => undefined))?.uid !== uid) await lchown(inner, uid, gid)
  }
}
