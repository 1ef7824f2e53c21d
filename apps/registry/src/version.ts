import { createRequire } from 'node:module'

/** Version of the HTTP interface, as the reference service names it. */
export const API_VERSION = '1.0.0'

/** Version of this package: what `--version` says. */
export const PACKAGE_VERSION: string = (createRequire(import.meta.url)('../package.json') as { version: string })
  .version
