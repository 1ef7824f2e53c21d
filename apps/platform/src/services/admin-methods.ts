/**
 * Methods of the platform's own services. They administer the platform, so the rules decide for each call: the platform's own
 * identities may, everybody else needs a rule in authz.json that names caller and method.
 */
import { MethodRegistry, RpcErrorCode, RpcFault } from '@volttron/rpc'
import type { Authority } from '../router/authority.ts'
import { principalOf } from '../router/principal.ts'

/** @param service identity of the service, as rules name it: `<service>.<method>` */
export const adminMethods = (service: string, authority: Authority): MethodRegistry =>
  new MethodRegistry({
    authorize: ({ peer, method, arguments: named }) => {
      if (authority.mayCallRpc(principalOf(peer), service, method, named)) return
      throw new RpcFault(RpcErrorCode.unauthorized, `${peer} may not call ${service}.${method}`)
    },
  })
