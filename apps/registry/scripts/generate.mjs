/**
 * Makes src/generated from the top-level prisma/ folder: one Prisma client for SQLite, one for PostgreSQL, and the
 * migrations as a TypeScript module, so that the built service needs no file outside its dist folder.
 *
 * Works without a network: Prisma looks for an engine it then does not use (the clients run on driver adapters), so it
 * is shown a program that surely exists.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('..', import.meta.url))
const source = fileURLToPath(new URL('../../../prisma/', import.meta.url))
const target = join(here, 'src', 'generated')
const providers = ['sqlite', 'postgresql']

function generateClient(schema, provider) {
  const folder = join(target, provider)
  mkdirSync(folder, { recursive: true })
  const file = join(target, `${provider}.prisma`)
  const text = schema
    .replace(/(datasource db \{\s*provider\s*=\s*)"[a-z]+"/, `$1"${provider}"`)
    .replace(/(\boutput\s*=\s*)"[^"]*"/, `$1"./${provider}"`)
  writeFileSync(file, text)
  const prisma = createRequire(import.meta.url).resolve('prisma/build/index.js')
  execFileSync(process.execPath, [prisma, 'generate', '--schema', file, '--no-hints'], {
    cwd: here,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1', ...process.env },
  })
}

/** One entry a folder, in the order of their names; a statement ends with `;` at the end of a line. */
function readMigrations(provider) {
  const folder = join(source, 'migrations', provider)
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8').replaceAll('\r\n', '\n')
      const statements = sql
        .replace(/^--.*\n/gm, '')
        .split(/;[ \t]*(?:\n|$)/)
        .map((statement) => statement.trim())
        .filter((statement) => statement !== '')
      return { name, sha256: createHash('sha256').update(sql).digest('hex'), statements }
    })
}

rmSync(target, { recursive: true, force: true })
const schema = readFileSync(join(source, 'schema.prisma'), 'utf8')
for (const provider of providers) generateClient(schema, provider)
const migrations = Object.fromEntries(providers.map((provider) => [provider, readMigrations(provider)]))
writeFileSync(
  join(target, 'migrations.ts'),
  `// Made by scripts/generate.mjs from prisma/migrations. Do not edit.\nexport const migrations = ${JSON.stringify(migrations, null, 2)} as const\n`,
)
