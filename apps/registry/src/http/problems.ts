/** Answers that are no success, in the reference service's form `{"detail": …}`. */
import { noBodyError, notJsonError } from '@volttron/contracts'
import type { Logger } from '@volttron/observe'
import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import { isDatabaseError } from '../database/database.ts'

export function problem(response: Response, status: number, detail: string): void {
  response.status(status).json({ detail })
}

/** Answers every method that the routes before it did not take. */
export const onlyMethods =
  (...methods: string[]): RequestHandler =>
  (_request, response) => {
    response.set('Allow', methods.join(', '))
    problem(response, 405, 'Method Not Allowed')
  }

export const notFound: RequestHandler = (_request, response) => problem(response, 404, 'Not Found')

/** A body is required. Which one, the route checks. */
export const requireBody: RequestHandler = (request, response, next) => {
  if (request.body === undefined) response.status(422).json(noBodyError)
  else next()
}

/** The last handler: what was thrown becomes an answer, and what is not the client's fault a log line. */
export const errorHandler =
  (logger: Logger): ErrorRequestHandler =>
  (error, request, response, next) => {
    if (response.headersSent) return next(error)
    const { status, type } = Object(error) as { status?: unknown; type?: unknown }
    if (type === 'entity.parse.failed') {
      response.status(422).json(notJsonError('the body is no JSON'))
    } else if (type === 'entity.too.large') {
      problem(response, 413, 'Request body too large')
    } else if (typeof status === 'number' && status >= 400 && status < 500) {
      problem(response, status, 'Bad Request')
    } else if (isDatabaseError(error)) {
      logger.error({ event: 'database-failed', method: request.method, path: request.path, err: error })
      response.set('Retry-After', '5')
      problem(response, 503, 'The database does not answer; try again')
    } else {
      logger.error({ event: 'request-failed', method: request.method, path: request.path, err: error })
      problem(response, 500, 'Internal Server Error')
    }
  }
