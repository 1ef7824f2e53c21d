/**
 * Methods of the platform's own services. They administer the platform, so the rules decide for each call: the platform's own
 * identities may, everybody else needs a rule in authz.json that names caller and method. What any agent may call is declared
 * where it is exported, so that a method added tomorrow is closed until somebody opens it.
 */
import { type MethodOptions, MethodRegistry, RpcErrorCode, RpcFault, type RpcMethod } from '@volttron/rpc'
import { parseRemotePeer } from '@volttron/vip'
import type { Authority } from '../router/authority.ts'
import { principalOf } from '../router/principal.ts'

export class ServiceMethods extends MethodRegistry {
  readonly #open: Set<string>
  readonly #service: string
  readonly #authority: Authority

  /**
   * @param service identity of the service, as rules name it: `<service>.<method>`
   * @param maxRunning calls that may run at a time
   */
  constructor(service: string, authority: Authority, maxRunning = 1_000) {
    const open = new Set<string>()
    super({
      maxRunning,
      authorize: ({ peer, method, arguments: named }) => {
        // What is open here is open to this platform only: another one needs its rule for everything.
        if (open.has(method) && parseRemotePeer(peer) === undefined) return
        if (authority.mayCallRpc(principalOf(peer), service, method, named)) return
        throw new RpcFault(RpcErrorCode.unauthorized, `${peer} may not call ${service}.${method}`)
      },
    })
    this.#open = open
    this.#service = service
    this.#authority = authority
  }

  override export(name: string, method: RpcMethod, options: MethodOptions = {}): void {
    super.export(name, method, options)
    const names = options.params?.map((param) => (typeof param === 'string' ? param : param.name))
    if (names) this.#authority.nameParameters(this.#service, name, names)
  }

  /**
   * As `export`, and every agent of this platform may call it. A method that is not for all to see or change looks at
   * `this.peer`, the caller.
   */
  exportOpen(name: string, method: RpcMethod, options: MethodOptions = {}): void {
    this.export(name, method, options)
    this.#open.add(name)
  }
}
