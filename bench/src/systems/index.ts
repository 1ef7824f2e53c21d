/** The systems that can take part: ours first, then the peers in the order of the tables. */
import { mosquitto } from './mosquitto.ts'
import { nats, natsTls } from './nats.ts'
import { rabbitmq } from './rabbitmq.ts'
import type { System } from './system.ts'
import { volttronPython } from './volttron-python.ts'
import { volttronTs } from './volttron-ts.ts'

export const systems: readonly System[] = [volttronTs, nats, natsTls, mosquitto, rabbitmq, volttronPython]
