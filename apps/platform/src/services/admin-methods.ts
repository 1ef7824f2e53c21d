/**
 * Methods that administer the platform need an explicit grant: the operator's command line and the platform's own services
 * have it, everybody else needs a rule in authz.json that names caller and method. A stranger must never reach them.
 */
import { MethodRegistry, RpcErrorCode, RpcFault } from '@volttron/rpc'
import { ReservedIdentity } from '@volttron/vip'
import type { Authority } from '../router/authority.ts'

const { controlConnection, platform, control } = ReservedIdentity

const isOperator = (peer: string): boolean =>
  peer === controlConnection || peer.startsWith(`${controlConnection}.`) || peer === platform || peer === control

/** @param service identity of the service, as rules name it: `<service>.<method>` */
export const adminMethods = (service: string, authority: Authority): MethodRegistry =>
  new MethodRegistry({
    authorize: ({ peer, method, arguments: named }) => {
      if (isOperator(peer) || authority.mayCallRpc(peer, service, method, named)) return
      throw new RpcFault(RpcErrorCode.unauthorized, `${peer} may not call ${service}.${method}`)
    },
  })
