/** Installs a Python agent into a virtual environment of its own. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJson, VolttronError } from '@volttron/vip'
import * as z from 'zod'
import { AgentFile } from './agent-folder.ts'
import type { UnpackedPackage } from './node-package.ts'
import type { PackageSource } from './package-source.ts'
import { runTool, ToolFailed, type ToolPorts, toolError } from './run-tool.ts'

export interface PythonPackagePorts extends ToolPorts {
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

/** @throws VolttronError `system` without a usable Python, `bad-data` when pip fails or the package is no agent */
export async function unpackPythonPackage(
  source: PackageSource & { kind: 'python' },
  staging: string,
  options: PythonPackageOptions,
  ports: PythonPackagePorts,
): Promise<UnpackedPackage> {
  await requirePython(ports)
  const environment = join(staging, AgentFile.environment)
  await makeEnvironment(environment, ports)
  const python = join(environment, 'bin', 'python')
  const constraints = join(staging, 'constraints.txt')
  await writeFile(constraints, CONSTRAINTS)
  const pip = async (...args: string[]) => {
    const command = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '-c', constraints, ...args]
    const wanted = args.at(-1)
    await runTool({ command: python, args: command }, ports).catch((error) => {
      throw toolError(`pip cannot install ${wanted}`, error, ports.logs, PIP_COMPLAINT)
    })
  }
  const flags = [
    ...(options.allowPrereleases ? ['--pre'] : []),
    ...(options.editable && source.isFolder ? ['--editable'] : []),
  ]
  await pip(...flags, source.requirement)
  const described = await describe(python, ports)
  if (described.has_core && !described.has_connection) await pip(CONNECTION_PACKAGE)
  return agentIn(described, source.requirement)
}

async function requirePython(ports: PythonPackagePorts): Promise<void> {
  const { python } = ports
  const check = `import sys; sys.exit(sys.version_info < (3, ${OLDEST_MINOR}))`
  try {
    await runTool({ command: python, args: ['-c', check] }, ports)
  } catch (error) {
    if (!(error instanceof ToolFailed)) throw error
    const what = error.isMissing ? `${python} is missing` : `${python} is older than Python 3.${OLDEST_MINOR}`
    throw new VolttronError('system', `a Python agent cannot be installed: ${what}`, {
      hint: 'install Python with its venv module on the machine of the platform, or name another one with --agent-python',
    })
  }
}

async function makeEnvironment(environment: string, ports: PythonPackagePorts): Promise<void> {
  try {
    await runTool({ command: ports.python, args: ['-m', 'venv', environment] }, ports)
  } catch (error) {
    if (!(error instanceof ToolFailed)) throw error
    throw new VolttronError('system', `${ports.python} cannot make a virtual environment`, {
      hint: `on Debian and Ubuntu: apt install python3-venv; what it printed stands in ${ports.logs.ofInstallations}`,
      cause: error,
    })
  }
}

async function describe(python: string, ports: PythonPackagePorts): Promise<Described> {
  const text = await runTool({ command: python, args: ['-c', DESCRIBE] }, ports)
  return describedShape.parse(parseJson(text))
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
