/** The Express application: what every request passes, in order, and the routes. */
import { RegistryLimit } from '@volttron/contracts'
import type { Logger } from '@volttron/observe'
import express, { type Express } from 'express'
import { rateLimit } from 'express-rate-limit'
import helmet from 'helmet'
import { pinoHttp } from 'pino-http'
import { API_VERSION } from '../version.ts'
import { docsRoutes } from './docs-page.ts'
import { Metrics } from './metrics.ts'
import { type PlatformServices, platformRoutes } from './platform-routes.ts'
import { errorHandler, notFound, onlyMethods, problem } from './problems.ts'

export interface AppOptions extends PlatformServices {
  readonly logger: Logger
  readonly isTls: boolean
  readonly trustProxy: boolean
  /** Requests a minute and client address; 0 = no limit. */
  readonly rateLimitPerMinute: number
}

export function createApp(options: AppOptions): Express {
  const { logger, store, watch } = options
  const metrics = new Metrics({
    platforms: async () => (await store.list()).platforms.length,
    waiting: () => watch.waiting,
  })
  const app = express()
  app.disable('x-powered-by')
  // The list has a revision; a tag over its text would only cost time.
  app.disable('etag')
  app.set('query parser', 'simple')
  // One proxy: its last X-Forwarded-For entry counts, what a client wrote before it does not.
  app.set('trust proxy', options.trustProxy ? 1 : false)
  app.use(metrics.observe)
  app.use(requestLog(logger))
  app.use(securityHeaders(options.isTls))
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }))
  app.get('/readyz', async (_request, response) => {
    await store.revision()
    response.json({ status: 'ok', database: 'ok' })
  })
  if (options.rateLimitPerMinute > 0) app.use(limiter(options.rateLimitPerMinute))
  app.route('/metrics').get(metrics.page).all(onlyMethods('GET'))
  app
    .route('/')
    .get((_request, response) => void response.json({ message: 'Platform Management API', version: API_VERSION }))
    .all(onlyMethods('GET'))
  app.use(docsRoutes())
  // Any content type: the reference service's clients do not all send one.
  app.use(express.json({ limit: RegistryLimit.maxBodyBytes, strict: false, inflate: false, type: () => true }))
  app.use(platformRoutes(options))
  app.use(notFound)
  app.use(errorHandler(logger))
  return app
}

/** One line a request, without headers: they may carry the password or a proof. */
const requestLog = (logger: Logger) =>
  pinoHttp({
    logger,
    quietReqLogger: true,
    customLogLevel: (request, response, error) => {
      if (error || response.statusCode >= 500) return 'error'
      return request.url === '/healthz' || request.url === '/readyz' ? 'trace' : 'debug'
    },
    serializers: {
      req: ({ method, url, remoteAddress }) => ({ method, url: String(url).slice(0, 200), remoteAddress }),
      res: ({ statusCode }) => ({ statusCode }),
    },
  })

const securityHeaders = (isTls: boolean) =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        // Swagger UI sets styles from its script.
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'connect-src': ["'self'"],
        'base-uri': ["'none'"],
        'form-action': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    strictTransportSecurity: isTls,
  })

const limiter = (limit: number) =>
  rateLimit({
    windowMs: 60_000,
    limit,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    validate: false,
    handler: (_request, response) => problem(response, 429, 'Too many requests; try again in a minute'),
  })
