// RabbitMQ, as Debian packages it, with the Erlang that it needs.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { installPackage } from './debian.mjs'

const INSTALLATIONS = '/usr/lib/rabbitmq/lib'

/**
 * The folder of RabbitMQ, `rabbitmq_server-<version>`; undefined when it is not on this machine. Its own scripts are in
 * `sbin`: those in /usr/sbin insist on a user of their own and know one node only.
 */
export function installation() {
  const names = existsSync(INSTALLATIONS) ? readdirSync(INSTALLATIONS) : []
  const name = names.find((one) => one.startsWith('rabbitmq_server-'))
  return name === undefined ? undefined : join(INSTALLATIONS, name)
}

export const isInstalled = () => installation() !== undefined

export const install = () => installPackage('rabbitmq-server', { service: 'rabbitmq-server' })
