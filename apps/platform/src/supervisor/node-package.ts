/** Installs the code of a Node.js agent: copied or unpacked, with the packages it depends on. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { fileError } from '@volttron/auth'
import { parseJson, VolttronError } from '@volttron/vip'
import { extract } from 'tar'
import * as z from 'zod'
import { AgentFile, type Launch } from './agent-folder.ts'
import { lent } from './folder-ownership.ts'
import { copyFolder, type PackageSource } from './package-source.ts'
import { runTool, ToolFailed, toolError, type Workplace } from './run-tool.ts'

/** What a package turned out to be, once it is in the staging folder. */
export interface UnpackedPackage {
  /** Name without version. */
  readonly name: string
  readonly version: string
  readonly launch: Launch
  /** The identity its author wants for it. */
  readonly defaultIdentity: string | undefined
}

export interface NodePackagePorts {
  /** Folder of the SDK, or of a package it is made of; `undefined` for any other. Agents that bring none get these. */
  readonly ownPackage: (name: string) => string | undefined
}

const manifestShape = z.object({
  name: z.string().min(1),
  version: z.string().default('0.0.0'),
  main: z.string().optional(),
  bin: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  dependencies: z.record(z.string(), z.string()).default({}),
  peerDependencies: z.record(z.string(), z.string()).default({}),
  volttron: z.object({ identity: z.string().optional() }).optional(),
})
type Manifest = z.infer<typeof manifestShape>

/** What every agent may import, whether its author has thought of naming it or not. */
const SDK = '@volttron/agent'

/**
 * @param editable run the code where it is instead of copying it; folders only
 * @throws VolttronError `bad-data` for a package that is no agent, or whose dependencies cannot be had; `system`
 */
export async function unpackNodePackage(
  source: PackageSource & { kind: 'node' },
  staging: string,
  editable: boolean,
  place: Workplace & NodePackagePorts,
): Promise<UnpackedPackage> {
  const isInPlace = editable && source.isFolder
  const folder = isInPlace ? source.path : join(staging, AgentFile.package)
  if (!isInPlace) await bringIn(source, folder)
  const manifest = await readManifest(folder, source.path)
  const main = mainOf(manifest, folder, source.path)
  await addDependencies(manifest, folder, isInPlace, place)
  return {
    name: manifest.name.replace(/^@[^/]*\//, ''),
    version: manifest.version,
    launch: { kind: 'node', code: isInPlace ? resolve(source.path) : AgentFile.package, main },
    defaultIdentity: manifest.volttron?.identity,
  }
}

async function bringIn({ path, isFolder }: PackageSource & { kind: 'node' }, folder: string): Promise<void> {
  if (isFolder) {
    try {
      await copyFolder(await realpath(path), folder, { except: '.git' })
    } catch (error) {
      throw fileError(`cannot copy ${path}`, error)
    }
    return
  }
  await mkdir(folder)
  try {
    // `npm pack` puts everything into one folder, usually `package`.
    await extract({ file: path, cwd: folder, strip: 1, strict: true, preserveOwner: false })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new VolttronError('bad-data', `${path} is no npm tarball: ${why}`, { cause: error })
  }
}

async function readManifest(folder: string, source: string): Promise<Manifest> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
  if (text === undefined) throw new VolttronError('bad-data', `there is no package.json in ${source}`)
  const manifest = parseJson(text)
  if (manifest === undefined) throw new VolttronError('bad-data', `package.json of ${source} is no JSON`)
  const parsed = manifestShape.safeParse(manifest)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''
  throw new VolttronError('bad-data', `package.json of ${source} is not as it should be: ${where}${issue?.message}`)
}

/** `main`, else the command of `bin`: what a person would run. */
function mainOf({ main, bin }: Manifest, folder: string, source: string): string {
  const named = main ?? (typeof bin === 'object' ? Object.values(bin)[0] : bin)
  if (named === undefined) {
    throw new VolttronError('bad-data', `package.json of ${source} names no program`, {
      hint: 'set "main" to the file that runs the agent',
    })
  }
  const path = resolve(folder, named)
  if (!path.startsWith(join(folder, '/'))) {
    throw new VolttronError('bad-data', `package.json of ${source} names a program outside of it: ${named}`)
  }
  if (existsSync(path)) return named
  throw new VolttronError('bad-data', `the program ${named} that package.json names is not in ${source}`, {
    hint: 'build the agent before it is installed',
  })
}

/** Asks the registry only for what neither the package nor the platform has; in a folder that belongs to somebody, for nothing. */
async function addDependencies(
  manifest: Manifest,
  folder: string,
  isInPlace: boolean,
  place: Workplace & NodePackagePorts,
): Promise<void> {
  const modules = join(folder, 'node_modules')
  const isMissing = (name: string) => !existsSync(join(modules, name, 'package.json'))
  const isOurs = (name: string) => place.ownPackage(name) !== undefined
  const dependencies = Object.keys(manifest.dependencies)
  const others = dependencies.filter((name) => !isOurs(name) && isMissing(name))
  if (others.length > 0 && isInPlace) {
    throw new VolttronError('bad-data', `${folder} lacks packages it depends on: ${others.join(', ')}`, {
      hint: 'run npm install in it, or install the agent without --editable',
    })
  }
  if (others.length > 0) await npmInstall(manifest, folder, place)
  const wanted = new Set([...dependencies, ...Object.keys(manifest.peerDependencies)])
  if (!isFoundAbove(folder, SDK)) wanted.add(SDK)
  for (const name of wanted) {
    const own = place.ownPackage(name)
    const link = join(modules, name)
    if (own === undefined || !(isMissing(name) || (!isInPlace && (await leadsOut(link))))) continue
    for (const parent of [modules, dirname(link)]) {
      await mkdir(parent, { recursive: true })
      if (others.length > 0 && !(await isWithin(parent, folder))) {
        throw new VolttronError('bad-data', `the packages of ${manifest.name} lead out of its folder`)
      }
    }
    await rm(link, { recursive: !isInPlace, force: true })
    await symlink(own, link, 'dir')
  }
}

/** True when Node.js finds the package in a folder around this one: that of a workspace, for example. */
function isFoundAbove(folder: string, name: string): boolean {
  const above = dirname(folder)
  return (
    above !== folder && (existsSync(join(above, 'node_modules', name, 'package.json')) || isFoundAbove(above, name))
  )
}

/** A link into the folder its author works in, which may be gone tomorrow: {@link copyFolder} has made it absolute. */
const leadsOut = async (path: string): Promise<boolean> => isAbsolute(await readlink(path).catch(() => ''))

/** Programs that npm has run may have put links where folders are expected. */
const isWithin = async (path: string, folder: string): Promise<boolean> =>
  (await realpath(path)).startsWith(join(await realpath(folder), sep))

async function npmInstall(manifest: Manifest, folder: string, place: Workplace & NodePackagePorts): Promise<void> {
  const path = join(folder, 'package.json')
  const original = await readFile(path, 'utf8')
  // What comes from the platform npm must neither look for nor mind.
  const others = (packages: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(packages).filter(([name]) => place.ownPackage(name) === undefined))
  const dependencies = others(manifest.dependencies)
  const peerDependencies = others(manifest.peerDependencies)
  const reduced = { ...(parseJson(original) as object), dependencies, peerDependencies }
  await putFile(path, JSON.stringify(reduced))
  await lent(folder, place, () => runNpm(manifest.name, folder, place))
  await putFile(path, original)
}

/** Whatever is there by now: nothing is written through a link. */
async function putFile(path: string, text: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
  await writeFile(path, text, { flag: 'wx' })
}

async function runNpm(name: string, folder: string, place: Workplace): Promise<void> {
  try {
    await runTool(
      {
        command: 'npm',
        args: ['install', '--omit=dev', '--no-audit', '--no-fund', '--no-package-lock', '--no-progress'],
        workingFolder: folder,
        // The npm of the Node.js that runs us.
        environment: { PATH: [dirname(process.execPath), place.environment.PATH ?? ''].join(delimiter) },
      },
      place,
    )
  } catch (error) {
    if (error instanceof ToolFailed && error.isMissing) {
      throw new VolttronError('system', `${error.message}, and ${name} depends on other packages`, {
        hint: 'install npm on the machine of the platform, or bundle node_modules with the agent',
      })
    }
    throw toolError(
      `npm cannot install the packages ${name} depends on`,
      error,
      place.logs,
      /^npm error\s+(?!A complete log)(code \S+$)?/,
    )
  }
}
