/**
 * The methods an agent exports, and how a request becomes a call of one. Answers `inspect` and `<method>.inspect` as
 * Python agents do, so that `vctl rpc list` works. Serving never throws: whatever a method does becomes a reply.
 */
import { VolttronError } from '@volttron/vip'
import { errorObjectOf, RpcErrorCode, RpcFault } from './rpc-error.ts'
import { encodeError, encodeResult, type RpcParams, type RpcRequest } from './rpc-message.ts'

/** What a method sees as `this`. */
export interface RpcContext {
  /** Authenticated identity of the caller; `<platform>/<identity>` when it is on another platform. */
  readonly peer: string
  readonly method: string
}

/**
 * A function may be async. Without declared `params`, keyword arguments arrive as one object behind the positional
 * ones.
 */
export type RpcMethod = (this: RpcContext, ...args: never[]) => unknown

export interface RpcParameter {
  readonly name: string
  /** Makes the parameter optional: the value it has when absent. */
  readonly default?: unknown
  /** Type, for people. */
  readonly annotation?: string
}

export interface MethodOptions {
  /** Names in order, for callers who use keywords; a bare name is a required parameter. */
  readonly params?: readonly (string | RpcParameter)[]
  readonly doc?: string
  /** Type of the result, for people. */
  readonly returns?: string
}

/** A call that is about to be made. `arguments` has the named ones. */
export interface RpcCall extends RpcContext {
  readonly arguments: Readonly<Record<string, unknown>>
}

export interface MethodRegistryOptions {
  /** Asked before each call of an exported method; what it throws is the answer. RpcFault `unauthorized` refuses. */
  readonly authorize?: (call: RpcCall) => void | Promise<void>
  /** Most calls that may run at a time; one more is refused. Default 1,000. */
  readonly maxRunning?: number
}

interface Exported {
  readonly call: RpcMethod
  readonly params: readonly RpcParameter[] | undefined
  readonly options: MethodOptions
}

interface Bound {
  readonly args: readonly unknown[]
  readonly named: Readonly<Record<string, unknown>>
}

const INSPECT = 'inspect'

export class MethodRegistry {
  readonly #methods = new Map<string, Exported>()
  readonly #authorize: MethodRegistryOptions['authorize']
  readonly #maxRunning: number
  #running = 0

  constructor(options: MethodRegistryOptions = {}) {
    this.#authorize = options.authorize
    this.#maxRunning = options.maxRunning ?? 1000
  }

  /**
   * Makes a function callable by peers under `name`.
   *
   * @throws VolttronError `usage` when the name is taken, empty or `inspect`
   */
  export(name: string, method: RpcMethod, options: MethodOptions = {}): void {
    if (name === '' || name === INSPECT) throw new VolttronError('usage', `a method cannot be exported as '${name}'`)
    if (this.#methods.has(name)) throw new VolttronError('usage', `a method '${name}' is exported already`)
    const params = options.params?.map((param) => (typeof param === 'string' ? { name: param } : param))
    this.#methods.set(name, { call: method, params, options })
  }

  /** Returns whether the method was exported. */
  unexport(name: string): boolean {
    return this.#methods.delete(name)
  }

  /** Names in order of export. */
  get names(): string[] {
    return [...this.#methods.keys()]
  }

  /** Carries out a request; gives the text of the reply, or `undefined` for a notification. Never rejects. */
  async serve(request: RpcRequest, peer: string): Promise<string | undefined> {
    const { id } = request
    try {
      const result = await this.#run(request, peer)
      return id === undefined ? undefined : encodeResult(id, result)
    } catch (thrown) {
      return id === undefined ? undefined : encodeError(id, errorObjectOf(thrown))
    }
  }

  async #run({ method, params }: RpcRequest, peer: string): Promise<unknown> {
    const exported = this.#methods.get(method)
    if (exported === undefined) return this.#inspect(method)
    if (this.#running >= this.#maxRunning) {
      throw new Error(`${this.#running} calls are running already; try again later`)
    }
    this.#running++
    try {
      const bound = exported.params === undefined ? bindFreely(params) : bindByName(method, exported.params, params)
      await this.#authorize?.({ peer, method, arguments: bound.named })
      const call = exported.call as (this: RpcContext, ...args: unknown[]) => unknown
      return await call.apply({ peer, method }, [...bound.args])
    } finally {
      this.#running--
    }
  }

  #inspect(method: string): unknown {
    if (method === INSPECT) return { methods: this.names }
    const inspected = method.endsWith(`.${INSPECT}`)
      ? this.#methods.get(method.slice(0, -INSPECT.length - 1))
      : undefined
    if (inspected !== undefined) return describe(inspected)
    throw new RpcFault(RpcErrorCode.methodNotFound, `method '${method}' is not implemented`)
  }
}

function describe({ params, options }: Exported): unknown {
  const { doc, returns } = options
  const described: Record<string, unknown> = {}
  for (const { name, ...rest } of params ?? []) described[name] = { kind: 'POSITIONAL_OR_KEYWORD', ...rest }
  if (params === undefined) {
    described.args = { kind: 'VAR_POSITIONAL' }
    described.kwargs = { kind: 'VAR_KEYWORD' }
  }
  return { params: described, doc, return: returns }
}

const bindFreely = ({ args, kwargs }: RpcParams): Bound => ({
  args: Object.keys(kwargs).length === 0 ? args : [...args, kwargs],
  named: kwargs,
})

/** Puts keyword arguments into their places, with Python's rules of what is an error. */
function bindByName(method: string, declared: readonly RpcParameter[], { args, kwargs }: RpcParams): Bound {
  const bad = (detail: string) => new RpcFault(RpcErrorCode.invalidParams, `${method}: ${detail}`)
  if (args.length > declared.length) throw bad(`takes at most ${declared.length} arguments, ${args.length} were given`)
  const unknown = Object.keys(kwargs).find((key) => !declared.some(({ name }) => name === key))
  if (unknown !== undefined) throw bad(`has no argument named '${unknown}'`)
  const values = declared.map((parameter, position) => {
    const { name } = parameter
    const byName = Object.hasOwn(kwargs, name)
    if (position < args.length) {
      if (byName) throw bad(`argument '${name}' is given twice`)
      return args[position]
    }
    if (byName) return kwargs[name]
    if (Object.hasOwn(parameter, 'default')) return parameter.default
    throw bad(`argument '${name}' is missing`)
  })
  return { args: values, named: Object.fromEntries(declared.map(({ name }, position) => [name, values[position]])) }
}
