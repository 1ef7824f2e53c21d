/** Error messages of the router: each belongs to a message of ours, by its id (VIP specification, section 2.3). */
import type { PendingCalls } from '@volttron/rpc'
import { frameText, Subsystem, VipErrno } from '@volttron/vip'
import type { AwaitedPublishes } from './awaited-publishes.ts'
import type { Bus } from './bus.ts'
import type { ErrorDigest } from './error-digest.ts'
import { vipError } from './vip-errors.ts'

export function handleErrors(bus: Bus, calls: PendingCalls, publishes: AwaitedPublishes, digest: ErrorDigest): void {
  bus.handle(Subsystem.error, (message) => {
    const id = frameText(message.id)
    const [errnoText = '', text = '', peer = '', subsystem = ''] = message.args.map(frameText)
    const errno = Number.parseInt(errnoText, 10) || 0
    const what = bus.requests.describe(id)
    if (what !== undefined) bus.requests.fail(id, vipError(errno, text, what))
    else if (calls.bounce(id, errno, text) || publishes.refuse(id, errno, text)) return
    // An answer of ours to a peer that has gone meanwhile: nobody is interested.
    else if (errno !== VipErrno.hostUnreachable.code)
      digest.add(vipError(errno, text, peer === '' ? `a ${subsystem} message` : `a ${subsystem} message to '${peer}'`))
  })
}
