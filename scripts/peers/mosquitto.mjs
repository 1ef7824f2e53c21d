// mosquitto, as Debian packages it.
import { installPackage } from './debian.mjs'
import { programPath } from './run.mjs'

/** The broker; undefined when it is not on this machine. */
export const program = () => programPath('mosquitto')

export const isInstalled = () => program() !== undefined

export const install = () => installPackage('mosquitto', { service: 'mosquitto' })
