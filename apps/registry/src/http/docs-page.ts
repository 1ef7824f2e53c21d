/** `/openapi.json` and its page at `/docs`, all from installed files: sites may have no internet. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { registryOpenApi } from '@volttron/contracts/openapi'
import { Router } from 'express'
import { API_VERSION } from '../version.ts'
import { onlyMethods } from './problems.ts'

const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']

// Addresses are relative, so that the page also works behind a proxy that serves it under a prefix.
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Platform Management API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/page.js"></script>
</body>
</html>
`
const SCRIPT = "SwaggerUIBundle({ url: 'openapi.json', dom_id: '#page', validatorUrl: null })\n"

export function docsRoutes(): Router {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const document = registryOpenApi(API_VERSION)
  // Strict, because the page's relative addresses would miss under `/docs/`.
  const router = Router({ strict: true })
  router
    .route('/openapi.json')
    .get((_request, response) => void response.json(document))
    .all(onlyMethods('GET'))
  router.get('/docs', (_request, response) => void response.type('html').send(PAGE))
  router.get('/docs/', (_request, response) => response.redirect('../docs'))
  router.get('/docs/page.js', (_request, response) => void response.type('js').send(SCRIPT))
  for (const asset of ASSETS) {
    router.get(`/docs/${asset}`, (_request, response) => response.sendFile(join(folder, asset), { maxAge: '1d' }))
  }
  return router
}
