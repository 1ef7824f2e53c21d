import { ReservedIdentity, VipErrno } from '@volttron/vip'
import { bounce } from '../bounce.ts'
import type { Handler } from '../bus.ts'
import { noteMisdeed } from '../misdeed.ts'

/** Stops the platform. Only `platform.control` may ask; to all others the subsystem does not exist. */
export const quit: Handler = (bus, from, request) => {
  if (from.principal === ReservedIdentity.control) bus.onQuit()
  else {
    noteMisdeed(bus, from.identity, 'unknownSubsystem', request.subsystem)
    bounce(from, VipErrno.protocolNotSupported, { ...request, recipient: '' })
  }
}
