import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { create, Header } from 'tar'
import { type InstalledAgent, readAgents } from './agent-folder.ts'
import { readInstallRequest } from './install-request.ts'
import { type BeforeMove, Installer } from './installer.ts'
import { signalGroup } from './agent-process.ts'
import { LogFiles } from './log-files.ts'
import { recordProcess } from './orphans.ts'
import { processMark } from './process-facts.ts'

const SDK = '@volttron/agent'
let root: string
let agentsFolder: string
let stagingFolder: string
let installed: Map<string, InstalledAgent>
let installer: Installer
const stopping = new AbortController()

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'volttron-installer-'))
  agentsFolder = join(root, 'agents')
  stagingFolder = join(root, 'staging')
  mkdirSync(agentsFolder)
  put('sdk/package.json', '{}')
  installed = new Map()
  installer = new Installer({
    agentsFolder,
    stagingFolder,
    logs: new LogFiles(join(root, 'logs')),
    environment: process.env,
    signal: stopping.signal,
    user: undefined,
    python: 'python3',
    ownPackage: (name) => (name === SDK ? join(root, 'sdk') : undefined),
    installed: (identity) => installed.get(identity),
  })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function put(name: string, text: string): string {
  const path = join(root, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return path
}
const text = (...names: string[]) => readFileSync(join(root, ...names), 'utf8')

/** A folder with an agent of Node.js. */
function agentFolder(name: string, manifest: object = {}): string {
  put(`${name}/main.js`, `// ${name}`)
  put(`${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'main.js', ...manifest }))
  return join(root, name)
}

/** An agent, and behind it one more entry. */
async function tarballWith(entry: { path: string; type?: 'SymbolicLink' | 'Link'; linkpath?: string }) {
  const file = join(root, 'good.tgz')
  await create({ file, cwd: root, portable: true }, [basename(agentFolder('good'))])
  const header = new Header({ type: 'File', mode: 0o644, size: 0, mtime: new Date(0), ...entry })
  header.encode()
  const end = Buffer.alloc(1024)
  writeFileSync(file, Buffer.concat([readFileSync(file).subarray(0, -end.length), header.block!, end]))
  return file
}

async function install(source: string, options: object = {}, beforeMove: BeforeMove = async () => {}): Promise<void> {
  await installer.prepare()
  const request = readInstallRequest({ source, identity: 'meter', ...options })
  const staged = await installer.stage(request)
  const identity = installer.identityFor(staged, request, () => false)
  installed.set('meter', await installer.settle(staged, identity, request, beforeMove))
}

function leavesNothing(): void {
  expect(readdirSync(agentsFolder)).toEqual([])
  expect(existsSync(stagingFolder) ? readdirSync(stagingFolder) : []).toEqual([])
}

describe('an installation', () => {
  it('that fails leaves nothing behind', async () => {
    await expect(install(agentFolder('lost', { main: 'nowhere.js' }))).rejects.toMatchObject({ code: 'bad-data' })
    await expect(install(agentFolder('out', { main: '../lost/main.js' }))).rejects.toThrow('outside of it')
    await expect(install(put('bad.tgz', 'no tarball'))).rejects.toThrow(/bad.tgz is no npm tarball/)
    await expect(install('meter.tgz', { data: '!!!' })).rejects.toThrow('are no base64')
    await expect(install(agentFolder('good'), { priority: '100' })).rejects.toThrow('no priority')
    const refuse = () => Promise.reject(new Error('no key'))
    await expect(install(agentFolder('good'), {}, refuse)).rejects.toThrow('no key')
    leavesNothing()
  })

  it.each(['../meter', '..', '.hidden', '/etc/meter', 'platform.control', 'a/b', ''])(
    'is refused for the identity %j',
    async (identity) => {
      await expect(install(agentFolder('good'), { identity })).rejects.toMatchObject({ code: 'usage' })
      leavesNothing()
    },
  )

  it('is refused for a folder in which the home of the platform is', async () => {
    put('package.json', JSON.stringify({ name: 'all', main: 'main.js' }))
    await expect(install(root)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('the home') })
    leavesNothing()
  })

  it('takes no identity from a package that is a path', async () => {
    const source = agentFolder('evil', { volttron: { identity: '../../evil' } })
    await expect(install(source, { identity: null })).rejects.toMatchObject({ code: 'usage' })
    await expect(install(agentFolder('named', { name: '../named' }), { identity: null })).rejects.toThrow('no identity')
    leavesNothing()
  })

  it.each([
    ['a path that leads out of it', { path: 'package/../../evil.js' }],
    ['a link that leads out of it', { path: 'package/etc', type: 'SymbolicLink', linkpath: '../../../../etc' }],
    ['a hard link that leads out of it', { path: 'package/hard', type: 'Link', linkpath: '../../outside' }],
  ] as const)('is refused for a tarball with %s', async (_what, entry) => {
    put('outside', 'secret')
    const tarball = await tarballWith(entry)
    await expect(install(tarball)).rejects.toMatchObject({ code: 'bad-data' })
    leavesNothing()
  })

  it('puts a file with an absolute path into the folder of the agent', async () => {
    await install(await tarballWith({ path: '/package/more.js' }))
    expect(readdirSync(join(agentsFolder, 'meter', 'package')).sort()).toEqual([
      'main.js',
      'node_modules',
      'package',
      'package.json',
    ])
  })

  it('copies links within the folder as such, and keeps those that lead out of it', async () => {
    const source = agentFolder('linked', { dependencies: { inner: '1', outer: '1' } })
    put('linked/node_modules/.store/inner/package.json', '{}')
    put('elsewhere/outer/package.json', '{}')
    symlinkSync('.store/inner', join(source, 'node_modules', 'inner'))
    symlinkSync('../../elsewhere/outer', join(source, 'node_modules', 'outer'))
    symlinkSync('linked', join(root, 'current'))
    await install(join(root, 'current'))
    const modules = join(agentsFolder, 'meter', 'package', 'node_modules')
    expect(readlinkSync(join(modules, 'inner'))).toBe('.store/inner')
    expect(readlinkSync(join(modules, 'outer'))).toBe(join(root, 'elsewhere', 'outer'))
    rmSync(source, { recursive: true })
    expect(existsSync(join(modules, 'inner', 'package.json'))).toBe(true)
  })

  it.each(['dependencies', 'peerDependencies'])('gives the SDK to a package that names it in %s', async (where) => {
    await install(agentFolder('modern', { [where]: { [SDK]: '^1.0.0' } }))
    expect(readlinkSync(join(agentsFolder, 'meter', 'package', 'node_modules', SDK))).toBe(join(root, 'sdk'))
  })

  it('gives the SDK to a package that names no dependency, unless a folder around it has one', async () => {
    await install(agentFolder('plain'))
    expect(readlinkSync(join(agentsFolder, 'meter', 'package', 'node_modules', SDK))).toBe(join(root, 'sdk'))
    put(`workspace/node_modules/${SDK}/package.json`, '{}')
    const source = agentFolder('workspace/inner')
    await install(source, { force: true, editable: true })
    expect(readdirSync(source).sort()).toEqual(['main.js', 'package.json'])
  })

  it('gives the SDK of the platform to a folder that has but a link to one', async () => {
    const source = agentFolder('linked', { dependencies: { [SDK]: 'file:../checkout' } })
    put('checkout/package.json', '{}')
    mkdirSync(join(source, 'node_modules', '@volttron'), { recursive: true })
    symlinkSync('../../../checkout', join(source, 'node_modules', SDK))
    await install(source)
    expect(readlinkSync(join(agentsFolder, 'meter', 'package', 'node_modules', SDK))).toBe(join(root, 'sdk'))
    await install(source, { force: true, editable: true })
    expect(readlinkSync(join(source, 'node_modules', SDK))).toBe('../../../checkout')
  })

  it('does not go on when the platform stops', async () => {
    const aborted = AbortSignal.abort()
    const other = new Installer({
      agentsFolder,
      stagingFolder,
      logs: new LogFiles(join(root, 'logs')),
      environment: process.env,
      signal: aborted,
      user: undefined,
      python: 'python3',
      ownPackage: () => undefined,
      installed: () => undefined,
    })
    await other.prepare()
    const source = agentFolder('needy', { dependencies: { absent: '1' } })
    const request = readInstallRequest({ source })
    await expect(other.stage(request)).rejects.toMatchObject({ code: 'unavailable' })
    leavesNothing()
  })
})

describe('a replacement', () => {
  beforeEach(async () => {
    await install(agentFolder('old'), { tag: 'first', priority: '7', agent_config: 'old: 1' })
    put('agents/meter/data/measured', '42')
    put('agents/meter/notes', 'mine')
  })

  it('keeps what the agent has stored, its configuration, tag and priority', async () => {
    await install(agentFolder('new'), { force: true })
    expect(text('agents/meter/data/measured')).toBe('42')
    expect(text('agents/meter/notes')).toBe('mine')
    expect(text('agents/meter/config')).toBe('old: 1\n')
    expect(text('agents/meter/package/main.js')).toBe('// new')
    expect(installed.get('meter')).toMatchObject({ tag: 'first', priority: '07', name: 'new-1.0.0' })
    expect(readdirSync(stagingFolder)).toEqual([])
  })

  it('is only made when it is asked for, even of what cannot be read', async () => {
    await expect(install(agentFolder('new'))).rejects.toMatchObject({ code: 'usage' })
    put('agents/meter/agent.json', 'damaged')
    expect((await readAgents(agentsFolder)).problems).toHaveLength(1)
    installed.clear()
    await expect(install(agentFolder('new'))).rejects.toThrow('is no agent that can be read')
    expect(text('agents/meter/data/measured')).toBe('42')
    await install(agentFolder('new'), { force: true })
    expect(text('agents/meter/data/measured')).toBe('42')
  })

  it('that fails leaves everything as it was', async () => {
    const before = readdirSync(join(agentsFolder, 'meter')).sort()
    const failing = () => Promise.reject(new Error('no key'))
    await expect(install(agentFolder('new'), { force: true }, failing)).rejects.toThrow('no key')
    // The folder that was prepared is gone when it is to be moved.
    const robbed = async () => {
      for (const name of readdirSync(stagingFolder)) rmSync(join(stagingFolder, name, 'agent'), { recursive: true })
    }
    await expect(install(agentFolder('new'), { force: true }, robbed)).rejects.toMatchObject({ code: 'system' })
    expect(readdirSync(join(agentsFolder, 'meter')).sort()).toEqual(before)
    expect(text('agents/meter/package/main.js')).toBe('// old')
    expect(readdirSync(stagingFolder)).toEqual([])
  })

  it('is undone or ended by the next start when the platform was killed in the middle of it', async () => {
    const aside = join(stagingFolder, 'some', 'replaced', 'meter')
    mkdirSync(dirname(aside), { recursive: true })
    renameSync(join(agentsFolder, 'meter'), aside)
    await installer.prepare()
    expect(text('agents/meter/data/measured')).toBe('42')

    mkdirSync(dirname(aside), { recursive: true })
    renameSync(join(agentsFolder, 'meter'), aside)
    put('agents/meter/package/main.js', '// new')
    await installer.prepare()
    expect(text('agents/meter/package/main.js')).toBe('// new')
    expect(text('agents/meter/data/measured')).toBe('42')
    expect(text('agents/meter/notes')).toBe('mine')
    await installer.clear()
    expect(readdirSync(stagingFolder)).toEqual([])
  })
})

describe('what a platform that was killed has left', () => {
  it('is an installation whose tool still runs: that is ended, and nothing remains', async () => {
    const staging = join(stagingFolder, 'some')
    mkdirSync(join(staging, 'agent'), { recursive: true })
    const tool = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' })
    const ended = once(tool, 'exit')
    recordProcess(staging, tool.pid!)
    expect((await installer.prepare()).unfinished).toEqual([])
    await ended
    await installer.clear()
    leavesNothing()
  })

  it('is an agent that cannot be put back: it is told, and stays where it is', async () => {
    await install(agentFolder('old'))
    const aside = join(stagingFolder, 'some', 'replaced', 'meter')
    put('staging/some/replaced/meter/data/measured', '42')
    rmSync(join(agentsFolder, 'meter'), { recursive: true })
    // A file where a folder is expected.
    put('agents/meter', '')
    const { problems } = await installer.prepare()
    expect(problems).toEqual([expect.stringContaining('cannot put back')])
    await installer.clear()
    expect(readdirSync(aside)).toEqual(['data'])
  })

  it('is what a tool has started that has ended itself', async () => {
    const staging = join(stagingFolder, 'some')
    mkdirSync(staging, { recursive: true })
    const inner = `process.send(process.pid); setInterval(() => {}, 1000)`
    const program = `const inner = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(inner)}],
      { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
      inner.once('message', (pid) => { console.log(pid); process.stdin.once('data', () => process.exit()) })`
    const tool = spawn(process.execPath, ['-e', program], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, TMPDIR: join(staging, 'scratch') },
    })
    const ended = once(tool, 'exit')
    const pid = Number(String((await once(tool.stdout, 'data'))[0]))
    recordProcess(staging, tool.pid!)
    tool.stdin.end('end')
    await ended
    await installer.prepare()
    // Only Linux tells who belongs to a group.
    if (process.platform !== 'linux') signalGroup(tool.pid!, 'SIGKILL')
    while (processMark(pid) !== undefined) await delay(5)
  })

  it('is rights of an agent that is not there: they are told, until somebody has taken them away', async () => {
    const request = readInstallRequest({ source: agentFolder('good'), identity: 'meter' })
    await installer.prepare()
    const killed = async (_identity: string, _former: unknown, note: () => Promise<void>) => {
      await note()
      // Nothing after this moment happens, nor is anything undone.
      renameSync(stagingFolder, `${stagingFolder}-as-it-was`)
      throw new Error('killed')
    }
    await expect(installer.settle(await installer.stage(request), 'meter', request, killed)).rejects.toThrow('killed')
    renameSync(`${stagingFolder}-as-it-was`, stagingFolder)
    expect((await installer.prepare()).unfinished).toEqual(['meter'])
    expect((await installer.prepare()).unfinished).toEqual(['meter'])
    await install(agentFolder('good'))
    expect((await installer.prepare()).unfinished).toEqual([])
  })

  it('is rights of an agent that was just being removed', async () => {
    await install(agentFolder('good'))
    const failing = () => Promise.reject(new Error('killed'))
    const finish = await installer.remove(installed.get('meter')!, failing)
    expect(readdirSync(agentsFolder)).toEqual([])
    await expect(finish()).rejects.toThrow('killed')
    expect((await installer.prepare()).unfinished).toEqual(['meter'])
    await installer.clear()
    expect((await installer.prepare()).unfinished).toEqual([])
  })

  it('is nothing when rights are to stay, or all went well', async () => {
    await install(agentFolder('good'))
    await (await installer.remove(installed.get('meter')!, undefined))()
    leavesNothing()
    installed.clear()
    await install(agentFolder('good'))
    const withdrawn: string[] = []
    const withdraw = async (identity: string) => void withdrawn.push(identity)
    await (await installer.remove(installed.get('meter')!, withdraw))()
    expect([withdrawn, (await installer.prepare()).unfinished]).toEqual([['meter'], []])
    leavesNothing()
  })
})
