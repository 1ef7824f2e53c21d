/** A web server that is no registry, or a hostile one. */
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Stage } from './stage.ts'

export interface WebServer {
  readonly url: string
  /** Requests so far, as `GET /platforms`. */
  readonly requests: readonly string[]
}

/** @param tls certificate and key: serves https */
export async function webServer(
  stage: Stage,
  answer: RequestListener,
  tls?: { readonly cert: string; readonly key: string },
): Promise<WebServer> {
  const requests: string[] = []
  const listener: RequestListener = (request, response) => {
    requests.push(`${request.method} ${request.url}`)
    request.resume()
    request.on('end', () => answer(request, response))
  }
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stage.defer(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

/** Answers registrations as a registry does, and the list with `list`. */
export const registryWith =
  (list: () => string): RequestListener =>
  (request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.method === 'GET') return void response.end(list())
    response.statusCode = 201
    response.end('{}')
  }
