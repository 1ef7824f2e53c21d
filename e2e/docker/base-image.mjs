// The base image of the Dockerfile. Where no registry of images can be reached, an image of the same name is made from
// Debian's packages and this machine's Node and npm: the test needs an engine, not a network.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { aptInstall } from './engine.mjs'
import { must, run } from './shell.mjs'

const image = 'node:20-bookworm-slim'
const certificates = '/etc/ssl/certs/ca-certificates.crt'

export async function provideBaseImage(env, say) {
  if ((await run('docker', ['image', 'inspect', image], { env })).code === 0) return say(`${image} is here`)
  if ((await run('docker', ['pull', '-q', image], { env })).code === 0) return say(`pulled ${image}`)
  say(`${image} cannot be pulled: making one from Debian's packages and Node ${process.versions.node}`)
  if ((await run('which', ['debootstrap'])).code !== 0) await aptInstall(['debootstrap'], say)
  const root = mkdtempSync(join(tmpdir(), 'volttron-base-image-'))
  // Ctrl+C ends the process in the middle of this.
  const remove = () => rmSync(root, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    await must('debootstrap', ['--variant=minbase', '--include=ca-certificates', 'bookworm', root])
    await copyNode(root)
    await importImage(root, env)
  } finally {
    remove()
    process.off('exit', remove)
  }
}

async function copyNode(root) {
  cpSync(realpathSync(process.execPath), join(root, 'usr/local/bin/node'))
  const npmCli = realpathSync(await must('which', ['npm']))
  const npm = dirname(dirname(npmCli))
  cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true, verbatimSymlinks: true })
  for (const name of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(root, 'usr/local/bin', name))
  // A proxy on the way to the package registry may have a certificate that only this machine knows.
  cpSync(certificates, join(root, certificates), { dereference: true })
  for (const folder of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man', 'usr/share/locale'])
    rmSync(join(root, folder), { recursive: true, force: true })
  await must('chroot', [root, 'groupadd', '--gid', '1000', 'node'])
  await must('chroot', [root, 'useradd', '--uid', '1000', '--gid', 'node', '--create-home', 'node'])
}

async function importImage(root, env) {
  const tar = spawn('tar', ['-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const changes = [`ENV NODE_EXTRA_CA_CERTS=${certificates}`, 'CMD ["node"]'].flatMap((line) => ['--change', line])
  await must('docker', ['import', ...changes, '-', image], { env, input: tar.stdout })
}
