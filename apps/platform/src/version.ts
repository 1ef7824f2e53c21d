import { createRequire } from 'node:module'

/** Version of this package: what `--version` and `query platform-version` say. */
export const version: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version
