// RabbitMQ, as Debian packages it, with the Erlang that it needs.
import { existsSync } from 'node:fs'
import { installPackage } from './debian.mjs'

/** The scripts of the server itself: those in /usr/sbin insist on a user of their own and know one node only. */
const PROGRAMS = '/usr/lib/rabbitmq/bin'

/** The folder of RabbitMQ's programs; undefined when it is not on this machine. */
export const programs = () => (existsSync(`${PROGRAMS}/rabbitmq-server`) ? PROGRAMS : undefined)

export const isInstalled = () => programs() !== undefined

export const install = () => installPackage('rabbitmq-server', { service: 'rabbitmq-server' })
