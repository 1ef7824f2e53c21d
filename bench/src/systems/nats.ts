/**
 * NATS: two servers, B a leaf node of A; core NATS, which delivers at most once. `nats` is plain text without login,
 * `nats-tls` the same with TLS on clients and link, the nearest to a system that always encrypts.
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { program } from '../../../scripts/peers/nats.mjs'
import { programPath } from '../../../scripts/peers/run.mjs'
import { connect } from '../clients/nats-connection.ts'
import { BrokerPair, startInTurn } from './broker-pair.ts'
import { type BrokerProcess, LOOPBACK, startBroker, withFreePorts } from './broker-process.ts'
import { oneAlone } from './one-alone.ts'
import type { Pair, System } from './system.ts'

const READY_MS = 10_000
/**
 * Tuned away from its default of 64 MB, as mosquitto's queue is: a publisher only waits for its own server, and when the
 * subscriber is the slowest of all, the default has it thrown out in the middle of a measurement.
 */
const MAX_PENDING = '1GB'
const CERTIFICATE_DAYS = '30'
const execute = promisify(execFile)

interface Certificate {
  /** Signs itself, so it is its own authority. */
  readonly certFile: string
  readonly keyFile: string
}

export const nats: System = {
  name: 'nats',
  workloads: [
    'federated',
    'federated-json',
    'latency-1k',
    'latency-5k',
    'fanout-50',
    'local',
    'rpc-local',
    'rpc-link',
    'start',
    'idle',
  ],
  version,
  start: (folder) => startPair(folder),
  alone: () => {
    const start = (folder: string) => withFreePorts(1, ([port = 0]) => startOne(folder, 'A', port, ''))
    return oneAlone({ start, connect })
  },
}

export const natsTls: System = {
  name: 'nats-tls',
  workloads: ['federated', 'federated-json', 'latency-1k', 'latency-5k', 'fanout-50', 'local', 'rpc-link'],
  version: async () => (programPath('openssl') === undefined ? undefined : version()),
  start: async (folder) => startPair(folder, await makeCertificate(folder)),
}

async function version(): Promise<string | undefined> {
  const server = program()
  if (server === undefined) return undefined
  const { stdout } = await execute(server, ['--version'])
  return /v?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1] ?? stdout.trim()
}

function startPair(folder: string, certificate?: Certificate): Promise<Pair> {
  return withFreePorts(3, async ([portA = 0, portB = 0, leafPort = 0]) => {
    const tls = certificate ? serverTls(certificate) : ''
    const leaf = [`"${LOOPBACK}:${leafPort}"`, tls].join('\n')
    const remote = certificate
      ? `url: "tls://${LOOPBACK}:${leafPort}", tls { ca_file: "${certificate.certFile}" }`
      : `url: "nats-leaf://${LOOPBACK}:${leafPort}"`
    const { a, b } = await startInTurn(
      () => startOne(folder, 'A', portA, `leafnodes { listen: ${leaf} }\n${tls}`),
      () => startOne(folder, 'B', portB, `leafnodes { reconnect: 1, remotes: [ { ${remote} } ] }\n${tls}`),
    )
    if (!certificate) return new BrokerPair({ system: 'nats', a, b })
    return new BrokerPair({ system: 'nats-tls', a, b, settings: { caFile: certificate.certFile } })
  })
}

function startOne(folder: string, name: string, port: number, more: string): Promise<BrokerProcess> {
  const path = join(folder, `${name}.conf`)
  writeFileSync(path, `server_name: ${name}\nlisten: ${LOOPBACK}:${port}\nmax_pending: ${MAX_PENDING}\n${more}\n`)
  return startBroker({ name, program: program()!, args: ['-c', path], folder, port, readyMs: READY_MS })
}

const serverTls = ({ certFile, keyFile }: Certificate): string =>
  `tls { cert_file: "${certFile}", key_file: "${keyFile}" }`

/** RSA 2048, made by openssl: for the address that B dials, and the name that clients check when they dial an address. */
async function makeCertificate(folder: string): Promise<Certificate> {
  const certFile = join(folder, 'certificate.pem')
  const keyFile = join(folder, 'key.pem')
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-out', certFile, '-keyout', keyFile]
  const meant = [
    '-days',
    CERTIFICATE_DAYS,
    '-subj',
    '/CN=bench',
    '-addext',
    `subjectAltName=IP:${LOOPBACK},DNS:localhost`,
  ]
  await execute('openssl', [...made, ...meant])
  return { certFile, keyFile }
}
