/** Installs a Python agent into a virtual environment of its own. */
import { copyFile, mkdir, realpath, writeFile } from 'node:fs/promises'
import { basename, isAbsolute, join } from 'node:path'
import { fileError } from '@volttron/auth'
import { parseJson, VolttronError } from '@volttron/vip'
import * as z from 'zod'
import { AgentFile } from './agent-folder.ts'
import { lent } from './folder-ownership.ts'
import type { UnpackedPackage } from './node-package.ts'
import { copyFolder, type PackageSource } from './package-source.ts'
import { runTool, ToolFailed, toolError, type Workplace } from './run-tool.ts'

export interface PythonPackagePorts {
  /** The interpreter that makes the environments: `python3`. */
  readonly python: string
}

export interface PythonPackageOptions {
  readonly editable: boolean
  readonly allowPrereleases: boolean
}

/** The oldest Python that VOLTTRON's packages run on. */
const OLDEST_MINOR = 10

/** Releases of VOLTTRON's own packages that work together and with this platform. They only bind who depends on them. */
const CONSTRAINTS = `volttron-core==2.0.0rc38
volttron-lib-zmq==2.0.0rc11
volttron-lib-auth==2.0.0rc13
`
/** Every agent needs it to talk to a platform; none names it, because it comes with a Python platform. */
const CONNECTION_PACKAGE = 'volttron-lib-zmq'
const PIP_COMPLAINT = /^(ERROR: |error: )/

/** Run by the interpreter of the new environment: what was asked for, and how it is started. */
const DESCRIBE = `
import importlib.metadata as metadata, json, pathlib, re
asked = []
installed = {}
for found in metadata.distributions():
    name = found.metadata["Name"]
    installed[re.sub(r"[-_.]+", "-", name).lower()] = found.version
    if found.read_text("REQUESTED") is not None and name.lower() not in ("pip", "setuptools", "wheel"):
        asked.append(found)
result = {"asked": [], "has_core": "volttron-core" in installed, "has_connection": "${CONNECTION_PACKAGE}" in installed}
for found in asked:
    name = found.metadata["Name"]
    identity = pathlib.Path(str(found.locate_file(""))) / (name + "-default-vip-id")
    result["asked"].append({
        "name": name,
        "version": found.version,
        "entry_points": [[point.name, point.group, point.value] for point in found.entry_points],
        "default_identity": identity.read_text().strip() if identity.is_file() else None,
    })
print(json.dumps(result))
`

const describedShape = z.object({
  asked: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      entry_points: z.array(z.tuple([z.string(), z.string(), z.string()])),
      default_identity: z.string().nullable(),
    }),
  ),
  has_core: z.boolean(),
  has_connection: z.boolean(),
})
type Described = z.infer<typeof describedShape>

/**
 * All of it is done as the user of the tools: whoever runs the new interpreter runs what the package has put beside it.
 *
 * @param staging ours; it gets the environment
 * @throws VolttronError `system` without a usable Python, `bad-data` when pip fails or the package is no agent
 */
export async function unpackPythonPackage(
  source: PackageSource & { kind: 'python' },
  staging: string,
  options: PythonPackageOptions,
  place: Workplace & PythonPackagePorts,
): Promise<UnpackedPackage> {
  const isEditable = options.editable && source.isFolder
  const requirement = isEditable ? source.requirement : await bringWithinReach(source, place)
  const constraints = join(place.scratch, 'constraints.txt')
  await writeFile(constraints, CONSTRAINTS)
  const environment = join(staging, AgentFile.environment)
  await mkdir(environment)
  return await lent(environment, place, async () => {
    await requirePython(place)
    await makeEnvironment(environment, place)
    const python = join(environment, 'bin', 'python')
    const pip = async (what: string, ...args: string[]) => {
      const command = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '-c', constraints, ...args]
      await runTool({ command: python, args: command }, place).catch((error) => {
        throw toolError(`pip cannot install ${what}`, error, place.logs, PIP_COMPLAINT)
      })
    }
    // Without it an old pip would install a package that has only setup.py in a way that does not say it was asked for.
    const flags = [
      '--use-pep517',
      ...(options.allowPrereleases ? ['--pre'] : []),
      ...(isEditable ? ['--editable'] : []),
    ]
    await pip(source.requirement, ...flags, requirement)
    const described = await describe(python, source.requirement, place)
    if (described.has_core && !described.has_connection) await pip(CONNECTION_PACKAGE, CONNECTION_PACKAGE)
    return agentIn(described, source.requirement)
  })
}

/** Another user may neither read what is ours, nor write in it, as builds do: it gets a copy. */
async function bringWithinReach({ requirement, isFolder }: PackageSource & { kind: 'python' }, place: Workplace) {
  if (!place.user || !isAbsolute(requirement)) return requirement
  const folder = join(place.scratch, 'source')
  const copy = join(folder, basename(requirement))
  try {
    await mkdir(folder)
    if (isFolder) await copyFolder(await realpath(requirement), copy)
    else await copyFile(requirement, copy)
  } catch (error) {
    throw fileError(`cannot copy ${requirement}`, error)
  }
  return copy
}

async function requirePython(place: Workplace & PythonPackagePorts): Promise<void> {
  const { python } = place
  const check = `import sys; sys.exit(sys.version_info < (3, ${OLDEST_MINOR}))`
  try {
    await runTool({ command: python, args: ['-c', check] }, place)
  } catch (error) {
    if (!(error instanceof ToolFailed)) throw error
    const what = error.isMissing ? error.message : `${python} is older than Python 3.${OLDEST_MINOR}`
    throw new VolttronError('system', `a Python agent cannot be installed: ${what}`, {
      hint: 'install Python with its venv module on the machine of the platform, or name another one with --agent-python',
    })
  }
}

async function makeEnvironment(environment: string, place: Workplace & PythonPackagePorts): Promise<void> {
  try {
    await runTool({ command: place.python, args: ['-m', 'venv', environment] }, place)
  } catch (error) {
    if (!(error instanceof ToolFailed)) throw error
    throw new VolttronError('system', `${place.python} cannot make a virtual environment`, {
      hint: `on Debian and Ubuntu: apt install python3-venv; what it printed stands in ${place.logs.ofInstallations}`,
      cause: error,
    })
  }
}

async function describe(python: string, requirement: string, place: Workplace): Promise<Described> {
  const text = await runTool({ command: python, args: ['-c', DESCRIBE] }, place).catch((error) => {
    throw toolError(`${requirement} is installed, but its environment cannot be used`, error, place.logs, /^\w*Error: /)
  })
  // What a package has its environment do at each start may print something before.
  const described = describedShape.safeParse(parseJson(text.trimEnd().split('\n').at(-1) ?? ''))
  if (described.success) return described.data
  throw new VolttronError('bad-data', `${requirement} is installed, but its environment does not say what is in it`, {
    hint: `what it printed stands in ${place.logs.ofInstallations}`,
  })
}

/** The entry point named as the package, as the Python platform takes it; else its only command. */
function agentIn({ asked }: Described, requirement: string): UnpackedPackage {
  const [found] = asked
  if (!found) throw new VolttronError('bad-data', `pip has installed nothing for ${requirement}`)
  const { name, version, default_identity: identity } = found
  const commands = found.entry_points.filter(([, group]) => group === 'console_scripts')
  const entry =
    found.entry_points.find(([point]) => point === name) ??
    found.entry_points.find(([point]) => plain(point) === plain(name)) ??
    (commands.length === 1 ? commands[0] : undefined)
  const [, module, run] = /^([A-Za-z_][\w.]*)\s*:\s*([A-Za-z_][\w]*)/.exec(entry?.[2] ?? '') ?? []
  if (module === undefined || run === undefined) {
    throw new VolttronError('bad-data', `the package ${name} ${version} has no entry point named ${name}`, {
      hint: `an agent names its program in pyproject.toml: [project.scripts] ${name} = "module:main"`,
    })
  }
  return { name, version, launch: { kind: 'python', module, function: run }, defaultIdentity: identity || undefined }
}

const plain = (name: string): string => name.replace(/[-_.]+/g, '-').toLowerCase()
