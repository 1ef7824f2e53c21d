// The peers by the name that `scripts/install-peers` takes. Each can say whether it is there, and install itself.
import * as mosquitto from './mosquitto.mjs'
import * as nats from './nats.mjs'
import * as python from './python.mjs'
import * as rabbitmq from './rabbitmq.mjs'

export const peers = { nats, mosquitto, rabbitmq, python }

/** Whether the programs of this peer are on this machine. */
export const isInstalled = async (name) => peers[name].isInstalled()
