/** What `/metrics` shows, in a registry of its own. Labels are bounded: routes by their pattern, never by id. */
import type { Request, RequestHandler } from 'express'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface MetricSources {
  /** Number of registered platforms. */
  readonly platforms: () => Promise<number>
  /** Number of requests that wait for a change. */
  readonly waiting: () => number
}

const routeOf = (request: Request): string =>
  typeof request.route?.path === 'string' ? `${request.baseUrl}${request.route.path}` : 'other'

export class Metrics {
  readonly #registry = new Registry()
  readonly #duration: Histogram<'method' | 'route' | 'status'>

  constructor(sources: MetricSources) {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    this.#duration = new Histogram({
      name: 'volttron_registry_request_seconds',
      help: 'Time from a request to the end of its answer; a long poll counts its waiting',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
      registers,
    })
    new Gauge({
      name: 'volttron_registry_platforms',
      help: 'Registered platforms',
      registers,
      async collect() {
        this.set(await sources.platforms())
      },
    })
    new Gauge({
      name: 'volttron_registry_waiting_requests',
      help: 'Requests that wait for a change of the list',
      registers,
      collect() {
        this.set(sources.waiting())
      },
    })
  }

  /** Times every request. */
  readonly observe: RequestHandler = (request, response, next) => {
    const stop = this.#duration.startTimer()
    response.once('close', () => {
      stop({ method: request.method, route: routeOf(request), status: String(response.statusCode) })
    })
    next()
  }

  readonly page: RequestHandler = async (_request, response) => {
    const text = await this.#registry.metrics()
    response.type(this.#registry.contentType).send(text)
  }
}
